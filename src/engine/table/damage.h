/*
 * What is wrong with the files of a table, and what is served in spite of it.
 *
 *     DAMAGE_NONE      nothing is known to be wrong
 *     DAMAGE_OLDER     the generation that should serve cannot; the one before it does. Ready, and degraded
 *     DAMAGE_ROWS      some rows or their index are not what was written: reads that touch them fail. Not ready
 *     DAMAGE_REFUSED   something that was acknowledged is missing, and nobody can tell which keys it had: nothing is
 *                      served. Not ready
 *
 * A table that has a source is loaded again at once, whatever the damage, as far as that loses no writes. What is
 * damaged is never merged: it would get checksums that say it is right.
 *
 * Threads   all any; the state is guarded by the table's lock.
 */
#ifndef MURR_ENGINE_TABLE_DAMAGE_H
#define MURR_ENGINE_TABLE_DAMAGE_H

#include "engine/table/state.h"

/* Log it, and keep it for status, reads and merges. `newest`: the latest stamp of a write that may be lost. */
void damage_note(struct table *t, enum damage_kind kind, int64_t newest, const char *why);

/* What serves is whole. */
void damage_clear(struct table *t);

/* Look whether reads, merges or the scrub have found damage in what serves, which nobody has noted yet. */
void damage_look(struct table *t);

/* All that serves was gone over, and is whole: where no read has found otherwise, the table is, too. */
void damage_heal(struct table *t);

enum damage_kind damage_kind_of(struct table *t);

/* Whether the base that serves is not what the source has, or its files are not: it is to be loaded though it is not
 * new. */
bool damage_wants_load(struct table *t);

/* Whether reads of the base fail, so that an older one is better. */
bool damage_is_in_rows(struct table *t);

/* Fails E_CORRUPT where a publication of that time would hide that writes newer than it were lost. */
must_use enum code damage_allows_load(struct table *t, int64_t published_at_ms, struct err *err);

/* Fails E_CORRUPT, saying why, where nothing may be merged. */
must_use enum code damage_allows_merge(struct table *t, struct err *err);

#endif
