/*
 * The scrub: finds damage before a read does. At a bounded rate it reads every byte of a table's
 * files and compares it with its checksum, and so it does with a copy in memory.
 *
 *     mapped      first soon after the table is served, so that reads need no longer check pages;
 *                 then once every `scrub`
 *     in memory   once every `scrub`. If the file is damaged and the copy is whole, the file is
 *                 written again from the copy
 *
 * What it finds becomes the table's damage (engine/table/damage.h). The same thread notes damage
 * that reads have found, and tries again to open what could not be opened.
 *
 * Threads   one scrubbing thread at a time for a table. It holds the table by setting
 *           scrub.is_held.
 */
#ifndef MURR_ENGINE_TABLE_SCRUB_H
#define MURR_ENGINE_TABLE_SCRUB_H

#include "base/pool.h"
#include "engine/table/table.h"

/* Hold the table if a scrub is due. If not, lower *out_wake_ns to the time when one may be. */
bool table_hold_to_scrub(struct table *t, uint64_t *out_wake_ns);

/* Scrub everything once, and let the table go. */
void table_scrub(struct table *t);

/* Wait until a running scrub has ended, after table_cancel or table_end_merging has cancelled
 * it. */
void table_end_scrubbing(struct table *t);

#endif
