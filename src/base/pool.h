/*
 * A fixed set of worker threads for long work. Work comes as a batch of numbered tasks; workers
 * take the next number until none is left or one fails.
 */
#ifndef MURR_BASE_POOL_H
#define MURR_BASE_POOL_H

#include "base/err.h"

#include <stddef.h>

struct pool;

/*
 * Turns for workers of several pools, so that together they keep no more cores busy than one would.
 * A worker has a turn while it runs a task, and gives it up while it waits for something that is
 * not a core.
 */
struct pool_turns;
struct pool_turns *pool_turns_new(unsigned n); /* 0: one a core */
void pool_turns_free(struct pool_turns *t);    /* no pool may use it any more; NULL is fine */

/* Run task `task` (0 .. n_tasks-1) on worker `worker` (0 .. pool_size-1). `job` is the batch's own
 * struct. A code other than OK stops the batch: no further task is started. */
typedef enum code (*pool_task_fn)(void *job, size_t task, unsigned worker, struct err *err);

/* `n_workers` 0 means one per core. Never NULL. */
struct pool *pool_new(unsigned n_workers);
/* With as many workers as there are turns, which it takes with others. */
struct pool *pool_new_in_turns(struct pool_turns *turns);
void pool_free(struct pool *p);

/* In a task, around a wait: for bytes of a source, say. */
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
