/*
 * The prefetch queue: reads row groups before the workers need them. Workers take tasks (row
 * groups) in order, so the queue knows what comes next. From a far source it reads as many row
 * groups ahead as memory allows, which hides latency and keeps connections busy. From a near source
 * it reads nothing ahead: the page cache does that.
 *
 * All buffers together, taken, being filled or kept for reuse, have at most `memory_bytes`. A row
 * group larger than one worker's share of that is read when its turn comes, through a file
 * (engine/load/prefetched.h).
 */
#ifndef MURR_ENGINE_LOAD_PREFETCH_QUEUE_H
#define MURR_ENGINE_LOAD_PREFETCH_QUEUE_H

#include "base/pool.h"
#include "engine/load/prefetched.h"

/* A row group to read. */
struct prefetch_task {
    struct prefetch_place place;
    uint64_t n_rows;
    uint64_t n_bytes; /* what it takes in memory */
};

struct prefetch_queue_config {
    const struct prefetch_task *tasks;
    size_t n_tasks;
    struct pool *pool; /* its workers call prefetch_queue_take */
    uint64_t memory_bytes;
    bool is_far;
    const char *temp_dir;
    const struct remote_op *op;
};

struct prefetch_queue;

/* Borrows what config points to, until the free. Reads nothing yet. */
struct prefetch_queue *prefetch_queue_new(const struct prefetch_queue_config *config);
/* Cancels reads under way, and waits until they have ended. */
void prefetch_queue_free(struct prefetch_queue *q);

/*
 * Wait for the bytes of a task, and start reading those that follow.
 *
 * Threads   any; each task is taken once, roughly in order. Gives up the worker's turn while it
 *           waits.
 * Fails     as the reads do; E_IO, E_NOMEM for the temporary file.
 */
must_use enum code prefetch_queue_take(struct prefetch_queue *q, size_t task,
                                       struct prefetched **out_prefetched, struct err *err);
void prefetch_queue_give_back(struct prefetch_queue *q, struct prefetched *prefetched);

#endif
