#include "base/pool.h"

#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_that_share_turns_work_no_more_than_one),
        cmocka_unit_test(one_who_waits_has_no_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
