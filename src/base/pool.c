#include "base/pool.h"

#include "base/cpu.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/*
 * Two locks. `turn` is held by a caller of pool_run for the whole batch, which makes batches run
 * one after another. `lock` guards the batch itself and is never held while a task runs.
 *
 * Which failure is reported must not depend on timing. Tasks are handed out in ascending order, so
 * when task k fails, all tasks below k have been started. No new task starts after that, but those
 * that run are awaited, and of all failures the one with the lowest number wins. This is the
 * failure that a single worker would have met first.
 */
struct batch_run {
    pool_task_fn fn;
    void *job;
    size_t n_tasks;
    size_t next;        /* the next task to hand out */
    size_t running;     /* tasks handed out and not yet returned */
    size_t failed_task; /* SIZE_MAX: none failed */
    enum code failed_code;
    struct err failed_err;
};

struct pool_turns {
    unsigned n;
    pthread_mutex_t lock; /* guards n_free */
    pthread_cond_t freed;
    unsigned n_free;
};

struct pool {
    struct pool_turns *turns; /* NULL: none are taken */
    unsigned n_workers;
    struct worker *workers;
    pthread_mutex_t turn; /* held by the caller whose batch runs */
    pthread_mutex_t lock; /* guards the two fields below */
    pthread_cond_t work;  /* a batch came, or stopping */
    pthread_cond_t idle;  /* a batch may have ended */
    struct batch_run *run;
    bool stopping;
};

struct worker {
    pthread_t thread;
    struct pool *pool;
    unsigned idx;
};

static unsigned or_cores(unsigned n)
{
    return n ? n : cpu_count();
}

struct pool_turns *pool_turns_new(unsigned n)
{
    struct pool_turns *t = mem_zalloc(sizeof(*t));
    t->n = t->n_free = or_cores(n);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->freed, NULL);
    return t;
}

void pool_turns_free(struct pool_turns *t)
{
    if (!t)
        return;
    pthread_cond_destroy(&t->freed);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static void take_turn(struct pool_turns *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    while (t->n_free == 0)
        pthread_cond_wait(&t->freed, &t->lock);
    t->n_free--;
    pthread_mutex_unlock(&t->lock);
}

static void give_turn(struct pool_turns *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->n_free++;
    pthread_cond_signal(&t->freed);
    pthread_mutex_unlock(&t->lock);
}

void pool_wait_begin(struct pool *p)
{
    give_turn(p->turns);
}

void pool_wait_end(struct pool *p)
{
    take_turn(p->turns);
}

static bool has_task(const struct batch_run *run)
{
    return run && run->failed_task == SIZE_MAX && run->next < run->n_tasks;
}

static void note_failure(struct batch_run *run, size_t task, enum code rc, const struct err *err)
{
    if (task < run->failed_task) {
        run->failed_task = task;
        run->failed_code = rc;
        run->failed_err = *err;
    }
}

/* Called and returns with the lock held; gives it up while the task runs. */
static void run_one(struct pool *p, unsigned worker)
{
    struct batch_run *run = p->run;
    size_t task = run->next++;
    run->running++;
    pthread_mutex_unlock(&p->lock);

    struct err err = {{0}};
    take_turn(p->turns);
    enum code rc = run->fn(run->job, task, worker, &err);
    give_turn(p->turns);

    pthread_mutex_lock(&p->lock);
    run->running--;
    if (rc)
        note_failure(run, task, rc, &err);
    if (run->running == 0 && !has_task(run))
        pthread_cond_signal(&p->idle);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        if (has_task(p->run))
            run_one(p, w->idx);
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static struct pool *start(unsigned n_workers, struct pool_turns *turns)
{
    struct pool *p = mem_zalloc(sizeof(*p));
    p->turns = turns;
    p->workers = mem_zalloc(n_workers * sizeof(*p->workers));
    pthread_mutex_init(&p->turn, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->idle, NULL);
    for (unsigned i = 0; i < n_workers; i++) {
        struct worker *w = &p->workers[i];
        *w = (struct worker){.pool = p, .idx = i};
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
            break;
        p->n_workers++;
    }
    if (p->n_workers == 0)
        abort(); /* not a single thread could be started, so nothing would ever run */
    return p;
}

struct pool *pool_new(unsigned n_workers)
{
    return start(or_cores(n_workers), NULL);
}

struct pool *pool_new_in_turns(struct pool_turns *turns)
{
    return start(turns->n, turns);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->turn);
    free(p->workers);
    free(p);
}

unsigned pool_size(const struct pool *p)
{
    return p->n_workers;
}

enum code pool_run(struct pool *p, size_t n_tasks, pool_task_fn fn, void *job, struct err *err)
{
    struct batch_run run = {.fn = fn, .job = job, .n_tasks = n_tasks, .failed_task = SIZE_MAX};
    pthread_mutex_lock(&p->turn);
    pthread_mutex_lock(&p->lock);
    p->run = &run;
    pthread_cond_broadcast(&p->work);
    while (run.running > 0 || has_task(&run))
        pthread_cond_wait(&p->idle, &p->lock);
    p->run = NULL;
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_unlock(&p->turn);
    if (run.failed_task == SIZE_MAX)
        return OK;
    if (err)
        *err = run.failed_err;
    return run.failed_code;
}
