/*
 * Background merging of a table's layers, and into its base where it has no source: by size, so that a row is
 * rewritten a few times only; all of them, when the table has been quiet or somebody asks.
 *
 * Threads   one merging thread at a time for a table, which it holds by is_merging.
 */
#ifndef MURR_ENGINE_TABLE_COMPACTION_H
#define MURR_ENGINE_TABLE_COMPACTION_H

#include "base/pool.h"
#include "engine/table/table.h"

/* Hold the table, if there is something to merge, or a base to keep otherwise. Else `out_wake_ns` is lowered to the
 * time when there may be, by clock_mono_ns. */
bool table_hold_to_merge(struct table *t, uint64_t *out_wake_ns);

/* Merge what there is, end those who waited for it, and let the table go. */
void table_merge_some(struct table *t, struct pool *pool, uint64_t memory_bytes);

/* Call off a merge that runs, and wait for its end; there must be no next one, as when the table is dropped. */
void table_end_merging(struct table *t);

#endif
