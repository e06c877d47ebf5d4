/*
 * A fixed set of worker threads for long work. Work is a batch of numbered tasks. Each worker takes
 * the next number, until there are no more or a task fails.
 */
#ifndef MURR_BASE_POOL_H
#define MURR_BASE_POOL_H

#include "base/err.h"

#include <stddef.h>

struct pool;

/*
 * Turns shared by several pools, so that together they keep no more cores busy than one pool would.
 * A worker holds a turn while it runs a task, and gives it back while it waits for something else,
 * such as the network.
 */
struct pool_turns;
struct pool_turns *pool_turns_new(unsigned n); /* 0: one a core */
void pool_turns_free(struct pool_turns *t);    /* no pool may use it any more; NULL is fine */

/* Run task `task` (0 .. n_tasks-1) on worker `worker` (0 .. pool_size-1). `job` is the batch's own
 * struct. A code other than OK stops the batch: no further task is started. */
typedef enum code (*pool_task_fn)(void *job, size_t task, unsigned worker, struct err *err);

/* `n_workers` 0 means one per core. Never NULL. */
struct pool *pool_new(unsigned n_workers);
/* A pool with as many workers as there are turns, which it shares with other pools. */
struct pool *pool_new_in_turns(struct pool_turns *turns);
void pool_free(struct pool *p);

/* Call these in a task before and after it waits, for example for bytes of a source. */
void pool_wait_begin(struct pool *p);
void pool_wait_end(struct pool *p);
unsigned pool_size(const struct pool *p);

/*
 * Run a batch and wait for its end. Returns the code and message of the failure with the lowest
 * task number, so that errors do not depend on timing.
 *
 * Threads   any, one batch at a time (a second caller waits). Not from inside a task.
 */
must_use enum code pool_run(struct pool *p, size_t n_tasks, pool_task_fn fn, void *job,
                            struct err *err);

#endif
