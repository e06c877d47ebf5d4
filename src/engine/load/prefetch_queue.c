#include "engine/load/prefetch_queue.h"

#include "base/mem.h"

#include <pthread.h>

/*
 * One queue for each load, one take for each row group.
 *
 * (1) Tasks before `next` were started; those taken are no longer in `flights`. A take of task t
 *     starts everything up to t, whatever the memory, since the worker needs it now; tasks after t
 *     are started only within the limits.
 * (2) held_bytes counts every buffer: taken, in flight and idle. A row group that goes into a
 *     buffer is no larger than a worker's share of memory_bytes, so what the workers need at once
 *     always fits.
 * (3) Idle buffers are reused for row groups of a similar size: of at least half their capacity.
 *     malloc would return megabytes to the kernel and fault them in anew for each row group.
 * (4) Waiting for bytes happens outside the lock, and without a turn, so a slow source keeps no
 *     core from other loads.
 */

enum { AHEAD_MAX = 64, IDLE_MAX = 8 };

struct prefetch_queue {
    struct prefetch_queue_config config;
    struct remote_op op; /* ends when config.op does, or when `stop` is set */
    _Atomic bool stop;

    pthread_mutex_t lock;        /* guards the rest */
    struct prefetched **flights; /* by task: started and not yet taken, else NULL */
    size_t next;                 /* (1) the first task that was not started */
    size_t n_ahead;              /* number of flights */
    uint64_t held_bytes;         /* (2) */
    struct prefetched *idle[IDLE_MAX];
    size_t n_idle;
};

static bool is_large(const struct prefetch_queue *q, const struct prefetch_task *t)
{
    return t->n_bytes > q->config.memory_bytes / pool_size(q->config.pool);
}

/* -------------------------------------------------------------------------------------- memory */

static void drop(struct prefetch_queue *q, struct prefetched *f)
{
    q->held_bytes -= f->memory.cap;
    prefetched_done(f);
    free(f);
}

/* An idle buffer that fits (3), or an empty one. The lock is held. */
static struct prefetched *take_idle(struct prefetch_queue *q, uint64_t n_bytes)
{
    for (size_t i = 0; i < q->n_idle; i++) {
        struct prefetched *f = q->idle[i];
        if (f->memory.cap >= n_bytes && f->memory.cap / 2 <= n_bytes) {
            q->idle[i] = q->idle[--q->n_idle];
            return f;
        }
    }
    while (q->n_idle && q->held_bytes + n_bytes > q->config.memory_bytes)
        drop(q, q->idle[--q->n_idle]);
    return mem_zalloc(sizeof(struct prefetched));
}

static uint64_t idle_bytes(const struct prefetch_queue *q)
{
    uint64_t n = 0;
    for (size_t i = 0; i < q->n_idle; i++)
        n += q->idle[i]->memory.cap;
    return n;
}

void prefetch_queue_give_back(struct prefetch_queue *q, struct prefetched *f)
{
    prefetched_reset(f);
    pthread_mutex_lock(&q->lock);
    if (q->n_idle < IDLE_MAX && f->memory.cap && q->held_bytes <= q->config.memory_bytes)
        q->idle[q->n_idle++] = f;
    else
        drop(q, f);
    pthread_mutex_unlock(&q->lock);
}

/* --------------------------------------------------------------------------------------- ahead */

/* The lock is held. */
must_use static enum code start(struct prefetch_queue *q, size_t task, struct err *err)
{
    const struct prefetch_task *t = &q->config.tasks[task];
    if (t->n_rows == 0 || is_large(q, t))
        return OK;
    struct prefetched *f = take_idle(q, t->n_bytes);
    uint64_t had_bytes = f->memory.cap;
    enum code rc = prefetched_plan(f, &t->place, err);
    if (rc) {
        drop(q, f);
        return rc;
    }
    prefetched_begin(f, &t->place, &q->op);
    q->held_bytes += f->memory.cap - had_bytes;
    q->flights[task] = f;
    q->n_ahead++;
    return OK;
}

/* Start what `task` needs, and of those after it what the limits allow (1). The lock is held. */
must_use static enum code start_until(struct prefetch_queue *q, size_t task, struct err *err)
{
    for (; q->next < q->config.n_tasks; q->next++) {
        uint64_t used = q->held_bytes - idle_bytes(q) + q->config.tasks[q->next].n_bytes;
        bool may = q->config.is_far && q->n_ahead < AHEAD_MAX && used <= q->config.memory_bytes;
        if (q->next > task && !may)
            return OK;
        TRY(start(q, q->next, err));
    }
    return OK;
}

must_use static enum code read_large(struct prefetch_queue *q, const struct prefetch_task *t,
                                     struct prefetched *f, struct err *err)
{
    uint64_t share = q->config.memory_bytes / pool_size(q->config.pool);
    return prefetched_read(f, &t->place, share, q->config.temp_dir, &q->op, err);
}

enum code prefetch_queue_take(struct prefetch_queue *q, size_t task,
                              struct prefetched **out_prefetched, struct err *err)
{
    pthread_mutex_lock(&q->lock);
    enum code rc = start_until(q, task, err);
    struct prefetched *f = q->flights[task];
    q->flights[task] = NULL;
    q->n_ahead -= f != NULL;
    pthread_mutex_unlock(&q->lock);
    pool_wait_begin(q->config.pool); /* (4) */
    if (!rc && f) {
        rc = prefetched_finish(f, err);
    } else if (!rc) {
        f = mem_zalloc(sizeof(*f));
        rc = read_large(q, &q->config.tasks[task], f, err);
    }
    pool_wait_end(q->config.pool);
    if (!rc)
        *out_prefetched = f;
    else if (f)
        prefetch_queue_give_back(q, f);
    return rc;
}

struct prefetch_queue *prefetch_queue_new(const struct prefetch_queue_config *config)
{
    struct prefetch_queue *q = mem_zalloc(sizeof(*q));
    q->config = *config;
    q->op = *config->op;
    q->op.parent = config->op;
    q->op.cancelled = &q->stop;
    q->flights = mem_zalloc((config->n_tasks + 1) * sizeof(struct prefetched *));
    pthread_mutex_init(&q->lock, NULL);
    return q;
}

void prefetch_queue_free(struct prefetch_queue *q)
{
    if (!q)
        return;
    atomic_store(&q->stop, true);
    for (size_t i = 0; i < q->config.n_tasks; i++)
        if (q->flights[i])
            prefetch_queue_give_back(q, q->flights[i]);
    while (q->n_idle)
        drop(q, q->idle[--q->n_idle]);
    pthread_mutex_destroy(&q->lock);
    free(q->flights);
    free(q);
}
