/*
 * Going over everything a table has, at a bounded rate, before somebody needs it: every byte of its files is read and
 * compared with its checksum, and what serves from a copy in memory is compared, too.
 *
 *     mapped      the first time soon after it is served, so that reads need not check it; then once in `scrub`
 *     in memory   checked while it was copied; then once in `scrub`. A file that is damaged is written again from the
 *                 copy that is whole
 *
 * What it finds becomes the table's damage (engine/table/damage.h). The same thread looks what reads have found, and tries
 * again what could not be opened.
 *
 * Threads   one scrubbing thread at a time for a table, which it holds by scrub.is_held.
 */
#ifndef MURR_ENGINE_TABLE_SCRUB_H
#define MURR_ENGINE_TABLE_SCRUB_H

#include "base/pool.h"
#include "engine/table/table.h"

/* Hold the table, if there is something to look at. Else `out_wake_ns` is lowered to the time when there may be. */
bool table_hold_to_scrub(struct table *t, uint64_t *out_wake_ns);

/* Do it, and let the table go. */
void table_scrub(struct table *t);

/* Wait for the end of a scrub that runs, which table_cancel or table_end_merging has called off. */
void table_end_scrubbing(struct table *t);

#endif
