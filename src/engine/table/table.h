/*
 * A table as other rooms see it: what it serves, and its status. restore.h opens a table, create.h
 * makes one, poll.h loads it, write_queue.h writes to it; state.h is what these share.
 *
 * Threads   one at a time, except for functions that say "any".
 */
#ifndef MURR_ENGINE_TABLE_TABLE_H
#define MURR_ENGINE_TABLE_TABLE_H

#include "base/arena.h"
#include "engine/spec/counters.h"
#include "engine/spec/status.h"
#include "engine/store/snapshot.h"

struct table;

void table_close(struct table *t); /* NULL is fine */

const char *table_name(const struct table *t);
bool table_has_source(const struct table *t);
/* The setting `writes`; true for a created table. */
bool table_takes_writes(const struct table *t);
/* The caller unrefs. Threads: any. */
struct table_counters *table_counters_of(struct table *t);

/* From the next poll on, keep the base as `storage` says. Before this call everything is mapped. */
void table_start_serving(struct table *t);

/* Make running loads, writes and merges end soon with E_CANCELLED, and all later ones. Threads:
 * any. */
void table_cancel(struct table *t);

/*
 * What the table serves now. The caller unrefs.
 *
 * Threads   any; one lock for a few instructions.
 * Fails     E_NOTFOUND if nothing was loaded yet; E_CORRUPT if the table is refused for damage.
 */
must_use enum code table_snapshot(struct table *t, struct snapshot **out_snapshot, struct err *err);

/* Disk space taken by writes: the layers and, without a source, the base. Threads: any. */
uint64_t table_written_bytes(struct table *t);

/* Texts of the status live in the arena. Threads: any. */
void table_status(struct table *t, struct arena *arena, struct table_status *out);

#endif
