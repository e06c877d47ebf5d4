/*
 * Row groups on their way, ahead of the workers that decode them. Workers take tasks (row groups) in order, so
 * what is read ahead is what comes next. As many are on their way as memory allows; where the source is far,
 * that hides its latency and keeps its connections busy. Where it is near, nothing is read ahead.
 *
 * All memory, of what is taken, on its way or kept for the next, is at most `memory_bytes`. A row group of more
 * than a worker's share of that goes through a file (engine/load/prefetched.h) when its turn has come.
 */
#ifndef MURR_ENGINE_LOAD_PREFETCH_QUEUE_H
#define MURR_ENGINE_LOAD_PREFETCH_QUEUE_H

#include "base/pool.h"
#include "engine/load/prefetched.h"

/* A row group. */
struct prefetch_task {
    struct prefetch_place place;
    uint64_t n_rows;
    uint64_t n_bytes; /* that it takes in memory */
};

struct prefetch_queue_config {
    const struct prefetch_task *tasks;
    size_t n_tasks;
    struct pool *pool; /* whose workers take */
    uint64_t memory_bytes;
    bool is_far;
    const char *temp_dir;
    const struct remote_op *op;
};

struct prefetch_queue;

/* Borrows   what config points to. Reads nothing yet. */
struct prefetch_queue *prefetch_queue_new(const struct prefetch_queue_config *config);
/* Calls off what is on its way, and waits for that. */
void prefetch_queue_free(struct prefetch_queue *q);

/*
 * Wait for the bytes of a task, and start reading those that follow.
 *
 * Threads   any. Each task once; about in order.
 * Fails     what reading fails with; E_IO, E_NOMEM for the file.
 */
must_use enum code prefetch_queue_take(struct prefetch_queue *q, size_t task,
                                       struct prefetched **out_prefetched, struct err *err);
void prefetch_queue_give_back(struct prefetch_queue *q, struct prefetched *fetched);

#endif
