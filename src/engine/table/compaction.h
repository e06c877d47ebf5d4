/*
 * Compaction: merging a table's layers in the background, with each other or into the base. Merges go by size, so that each row is rewritten only a few times. When
 * the table was quiet for two seconds, or when a client asks, everything is merged.
 *
 * Threads   one merging thread at a time for a table. It holds the table by setting is_merging.
 */
#ifndef MURR_ENGINE_TABLE_COMPACTION_H
#define MURR_ENGINE_TABLE_COMPACTION_H

#include "base/pool.h"
#include "engine/table/table.h"

/* Hold the table if there is something to merge, or a base to copy to memory. If not, lower
 * *out_wake_ns to the time, by clock_mono_ns, when there may be. */
bool table_hold_to_merge(struct table *t, uint64_t *out_wake_ns);

/* Whether there are layers that may be merged. Threads: any. */
bool table_has_layers(struct table *t);

/* Do one merge, answer the compactions that waited for it, and let the table go. */
void table_merge_some(struct table *t, struct pool *pool, uint64_t memory_bytes);

/* Cancel a running merge and all later ones, and wait until it has ended. For dropping a table and
 * for shutting down. */
void table_end_merging(struct table *t);

#endif
