/*
 * Damage: what is wrong with the files of a table, and what is served in spite of it.
 *
 *     DAMAGE_NONE      no damage is known
 *     DAMAGE_OLDER     the live generation cannot be opened or read: an older one is served. Ready,
 *                      but degraded
 *     DAMAGE_ROWS      some rows or their index differ from their checksums: reads that touch them
 *                      fail. Not ready
 *     DAMAGE_REFUSED   acknowledged writes are missing, and it is unknown which keys they had:
 *                      nothing is served. Not ready
 *
 * (1) A wrong value is never served: a damaged row gives an error, not data.
 * (2) A table with a source is loaded again at once, unless that would hide that writes were lost.
 * (3) Damaged rows are never merged, since the merge would give them valid checksums.
 *
 * Threads   any; the state is guarded by the table's lock.
 */
#ifndef MURR_ENGINE_TABLE_DAMAGE_H
#define MURR_ENGINE_TABLE_DAMAGE_H

#include "engine/table/state.h"

/* Log the damage, and keep it for status, reads and merges. `newest` is the latest stamp of a write
 * that may be lost; INT64_MIN if no write is, INT64_MAX if that is unknown. */
void damage_note(struct table *t, enum damage_kind kind, int64_t newest, const char *why);

/* The served data is known to be whole. */
void damage_clear(struct table *t);

/* Note damage that reads, merges or the scrub have found in the served data and that was not noted
 * yet. */
void damage_look(struct table *t);

/* A scrub found everything whole: clear DAMAGE_ROWS, unless a read has found damaged pages. */
void damage_heal(struct table *t);

enum damage_kind damage_kind_of(struct table *t);

/* Whether to load the publication again though it is not new, because the base is an older one or
 * is damaged. */
bool damage_wants_load(struct table *t);

/* Whether the base has damaged rows, so that an older generation is better. */
bool damage_is_in_rows(struct table *t);

/* Fails E_CORRUPT if writes newer than a publication of that time were lost, and loading it would
 * hide that (2). */
must_use enum code damage_allows_load(struct table *t, int64_t published_at_ms, struct err *err);

/* Fails E_CORRUPT, with the damage, if nothing may be merged (3). */
must_use enum code damage_allows_merge(struct table *t, struct err *err);

#endif
