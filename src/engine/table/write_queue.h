/*
 * Writes of a table: its queue, and what a writer thread does with it. Writes that wait are taken together as long
 * as they are small, and become one segment with one commit: so a hundred clients cost as many fsyncs as one.
 *
 * Threads   table_enqueue any; the rest one writer at a time for a table, which it holds by is_writing.
 */
#ifndef MURR_ENGINE_TABLE_WRITE_QUEUE_H
#define MURR_ENGINE_TABLE_WRITE_QUEUE_H

#include "base/pool.h"
#include "engine/table/table.h"
#include "engine/write/write_list.h"

/* What writes may take, in all or each. */
struct write_limits {
    uint64_t queue_bytes;  /* of bodies that wait for one table; one larger alone is taken, too */
    uint64_t memory_bytes; /* of one group of writes, while it is read and built */
};

/* Fails E_BUSY where the queue is full, E_NOTFOUND where the table was dropped. */
must_use enum code table_enqueue(struct table *t, const struct write_request *request,
                                 const struct write_limits *limits, struct err *err);

/* Hold the table, if there is something that a writer can do. */
bool table_hold_to_write(struct table *t);

/*
 * Do the first writes of the queue and let the table go. `quota_left` bytes may be added to the disk.
 *
 * Returns a request to drop the table, which is the caller's to carry out and to end; the table is still held then
 * and takes no more writes. NULL for all others.
 */
struct queued_write *table_write_some(struct table *t, struct pool *pool,
                                      const struct write_limits *limits, uint64_t quota_left);

/* Whatever waits fails with that. */
void table_fail_waiting(struct table *t, enum code rc, const char *why);

#endif
