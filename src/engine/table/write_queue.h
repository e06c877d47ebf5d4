/*
 * The write queue of a table, and what a writer thread does with it. Small writes at the front of
 * the queue are taken together and become one segment with one commit. So a hundred clients that
 * write at the same time cost as many fsyncs as one.
 *
 * Threads   table_enqueue any; the others one writer at a time for a table, which holds it by
 *           setting is_writing.
 */
#ifndef MURR_ENGINE_TABLE_WRITE_QUEUE_H
#define MURR_ENGINE_TABLE_WRITE_QUEUE_H

#include "base/pool.h"
#include "engine/table/table.h"
#include "engine/write/write_list.h"

struct write_limits {
    uint64_t queue_bytes; /* bodies that wait for one table; a larger one is taken if it is alone */
    uint64_t memory_bytes; /* for one group of writes, while it is read and built */
};

/*
 * Put a write into the queue; its `done` is then called once. If this fails, the body stays the
 * caller's.
 *
 * Fails     E_BUSY if the queue is full; E_NOTFOUND if the table was dropped or has nothing loaded;
 *           E_CORRUPT if it is refused for damage.
 */
must_use enum code table_enqueue(struct table *t, const struct write_request *request,
                                 const struct write_limits *limits, struct err *err);

/* Hold the table if a writer has something to do there. */
bool table_hold_to_write(struct table *t);

/*
 * Do the first writes of the queue, and let the table go. They may add `quota_left` bytes to the
 * disk.
 *
 * Returns NULL; or, if the first write asks to drop the table, that write. The caller then drops
 * the table and ends the write; the table stays held and takes no more writes.
 */
struct queued_write *table_write_some(struct table *t, struct pool *pool,
                                      const struct write_limits *limits, uint64_t quota_left);

/* End all waiting writes and compactions with this failure. */
void table_fail_waiting(struct table *t, enum code rc, const char *why);

#endif
