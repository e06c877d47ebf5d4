#include "base/pool.h"

#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

static _Atomic int n_at_work, most_at_work;

static enum code work(void *job, size_t task, unsigned worker, struct err *err)
{
    (void)job, (void)task, (void)worker, (void)err;
    int n = atomic_fetch_add(&n_at_work, 1) + 1, most = atomic_load(&most_at_work);
    while (n > most && !atomic_compare_exchange_weak(&most_at_work, &most, n))
        ;
    for (volatile int i = 0; i < 20000; i++)
        ;
    atomic_fetch_sub(&n_at_work, 1);
    return OK;
}

static void *run_work(void *pool)
{
    struct err err;
    return pool_run(pool, 200, work, NULL, &err) ? pool : NULL;
}

static void pools_that_share_turns_work_no_more_than_one(void **state)
{
    (void)state;
    struct pool_turns *turns = pool_turns_new(2);
    struct pool *pools[3];
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        pools[i] = pool_new_in_turns(turns);
        assert_int_equal(pool_size(pools[i]), 2);
        assert_int_equal(pthread_create(&threads[i], NULL, run_work, pools[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
        pool_free(pools[i]);
    }
    pool_turns_free(turns);
    assert_true(most_at_work <= 2);
}

struct waiting {
    struct pool *pool;
    sem_t begun, go_on;
};

static enum code wait_for_source(void *job, size_t task, unsigned worker, struct err *err)
{
    struct waiting *w = job;
    (void)task, (void)worker, (void)err;
    pool_wait_begin(w->pool);
    sem_post(&w->begun);
    sem_wait(&w->go_on);
    pool_wait_end(w->pool);
    return OK;
}

static void *run_waiting(void *arg)
{
    struct waiting *w = arg;
    struct err err;
    return pool_run(w->pool, 1, wait_for_source, w, &err) ? w : NULL;
}

static void one_who_waits_has_no_turn(void **state)
{
    (void)state;
    struct pool_turns *turns = pool_turns_new(1);
    struct waiting w = {.pool = pool_new_in_turns(turns)};
    struct pool *other = pool_new_in_turns(turns);
    pthread_t thread;
    void *failed;
    sem_init(&w.begun, 0, 0);
    sem_init(&w.go_on, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, run_waiting, &w), 0);
    sem_wait(&w.begun);
    assert_null(run_work(other)); /* would hang if the only turn were taken */
    sem_post(&w.go_on);
    pthread_join(thread, &failed);
    assert_null(failed);
    pool_free(other);
    pool_free(w.pool);
    pool_turns_free(turns);
    sem_destroy(&w.begun);
    sem_destroy(&w.go_on);
}

/* Which tasks ran, how often, and on workers of which numbers. */
struct tasks {
    _Atomic int n_runs[1000];
    _Atomic bool bad_worker;
    unsigned n_workers;
    size_t fails_at; /* SIZE_MAX: none does */
};

static enum code note_run(void *job, size_t task, unsigned worker, struct err *err)
{
    struct tasks *t = job;
    atomic_fetch_add(&t->n_runs[task], 1);
    if (worker >= t->n_workers)
        atomic_store(&t->bad_worker, true);
    return task == t->fails_at ? err_set(err, E_CORRUPT, "task %zu is bad", task) : OK;
}

static void every_task_runs_once_on_a_worker_of_the_pool(void **state)
{
    (void)state;
    struct err err;
    struct pool *p = pool_new(3);
    assert_int_equal(pool_size(p), 3);
    for (size_t n = 0; n < 1000; n = n * 3 + 1) {
        struct tasks t = {.n_workers = 3, .fails_at = SIZE_MAX};
        assert_ok(pool_run(p, n, note_run, &t, &err));
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(t.n_runs[i], i < n);
        assert_false(t.bad_worker);
    }
    pool_free(p);
}

static void a_failure_stops_the_batch_and_not_the_next_one(void **state)
{
    (void)state;
    struct err err;
    struct pool *p = pool_new(1);
    struct tasks t = {.n_workers = 1, .fails_at = 3};
    assert_fails(pool_run(p, 1000, note_run, &t, &err), E_CORRUPT, "task 3 is bad");
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(t.n_runs[i], i < 4);
    t.fails_at = SIZE_MAX;
    assert_ok(pool_run(p, 2, note_run, &t, &err));
    t.fails_at = 1;
    assert_int_equal(pool_run(p, 4, note_run, &t, NULL), E_CORRUPT); /* nobody wants the text */
    pool_free(p);
}

/* Two tasks that both have begun before one ends: `first` before the other. */
struct two {
    size_t first;
    pthread_barrier_t begun;
    sem_t first_ends;
    _Atomic int n_ended;
};

static void two_init(struct two *t, size_t first)
{
    *t = (struct two){.first = first};
    pthread_barrier_init(&t->begun, NULL, 2);
    sem_init(&t->first_ends, 0, 0);
}

static void two_done(struct two *t)
{
    pthread_barrier_destroy(&t->begun);
    sem_destroy(&t->first_ends);
}

static enum code end_in_order(void *job, size_t task, unsigned worker, struct err *err)
{
    struct two *t = job;
    (void)worker, (void)err;
    pthread_barrier_wait(&t->begun);
    if (task == t->first) {
        sem_post(&t->first_ends);
    } else {
        sem_wait(&t->first_ends);
        usleep(100); /* the first one ends meanwhile, mostly */
    }
    atomic_fetch_add(&t->n_ended, 1);
    return OK;
}

static enum code fail_in_order(void *job, size_t task, unsigned worker, struct err *err)
{
    enum code rc = end_in_order(job, task, worker, err);
    return rc ? rc : err_set(err, task ? E_IO : E_INVALID, "task %zu is bad", task);
}

static void a_batch_ends_when_the_last_of_its_tasks_has(void **state)
{
    (void)state;
    struct err err;
    struct pool *p = pool_new(2);
    for (size_t i = 0; i < 50; i++) {
        struct two t;
        two_init(&t, i % 2);
        assert_ok(pool_run(p, 2, end_in_order, &t, &err));
        assert_int_equal(t.n_ended, 2);
        two_done(&t);
    }
    pool_free(p);
}

static void the_failure_told_is_that_of_the_lowest_task_whichever_came_first(void **state)
{
    (void)state;
    struct err err;
    struct pool *p = pool_new(2);
    for (size_t i = 0; i < 50; i++) {
        struct two t;
        two_init(&t, i % 2);
        assert_fails(pool_run(p, 2, fail_in_order, &t, &err), E_INVALID, "task 0 is bad");
        assert_int_equal(t.n_ended, 2);
        two_done(&t);
    }
    pool_free(p);
}

/* One of two callers of a pool. While a task of one runs, none of the other may. */
struct caller {
    struct pool *pool;
    _Atomic int n_inside;
    struct caller *other;
    _Atomic bool met_other;
};

static enum code meet(void *job, size_t task, unsigned worker, struct err *err)
{
    struct caller *c = job;
    (void)task, (void)worker, (void)err;
    atomic_fetch_add(&c->n_inside, 1);
    if (atomic_load(&c->other->n_inside))
        atomic_store(&c->met_other, true);
    atomic_fetch_sub(&c->n_inside, 1);
    return OK;
}

static void *run_batches(void *arg)
{
    struct caller *c = arg;
    struct err err;
    for (size_t i = 0; i < 200; i++)
        if (pool_run(c->pool, 20, meet, c, &err))
            return c;
    return NULL;
}

static void batches_of_two_callers_come_one_after_the_other(void **state)
{
    (void)state;
    struct pool *p = pool_new(2);
    struct caller a = {.pool = p}, b = {.pool = p, .other = &a};
    a.other = &b;
    pthread_t thread;
    void *failed;
    assert_int_equal(pthread_create(&thread, NULL, run_batches, &a), 0);
    assert_null(run_batches(&b));
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_false(a.met_other || b.met_other);
    pool_free(p);
}

static void nothing_to_free_is_fine(void **state)
{
    (void)state;
    pool_free(NULL);
    pool_turns_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once_on_a_worker_of_the_pool),
        cmocka_unit_test(a_failure_stops_the_batch_and_not_the_next_one),
        cmocka_unit_test(a_batch_ends_when_the_last_of_its_tasks_has),
        cmocka_unit_test(the_failure_told_is_that_of_the_lowest_task_whichever_came_first),
        cmocka_unit_test(batches_of_two_callers_come_one_after_the_other),
        cmocka_unit_test(nothing_to_free_is_fine),
        cmocka_unit_test(pools_that_share_turns_work_no_more_than_one),
        cmocka_unit_test(one_who_waits_has_no_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
