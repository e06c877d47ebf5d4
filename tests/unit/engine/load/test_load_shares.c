#include "engine/load/load_shares.h"

#include "test.h"

#include <pthread.h>
#include <time.h>

static const uint64_t mib = 1u << 20;
static _Atomic bool go_on; /* never set: nobody is called off */

static struct load_share take(struct load_shares *s, bool all)
{
    struct load_share share = {0};
    struct err err;
    assert_int_equal(load_shares_take(s, all, &go_on, &share, &err), OK);
    return share;
}

static void each_takes_half_of_what_is_left(void **state)
{
    (void)state;
    const struct load_config config = {.memory_bytes = 256 * mib, .threads = 1};
    struct load_shares *s = load_shares_new(&config, 5);
    static const uint64_t want[] = {128, 64, 32, 32};
    struct load_share shares[4];
    for (size_t i = 0; i < 4; i++) {
        shares[i] = take(s, false);
        assert_int_equal(shares[i].memory_bytes, want[i] * mib);
        assert_false(shares[i].is_all);
        assert_int_equal(pool_size(shares[i].pool), 1);
    }
    load_shares_give_back(s, &shares[0]);
    shares[0] = take(s, false);
    assert_int_equal(shares[0].memory_bytes, 64 * mib);
    for (size_t i = 0; i < 4; i++)
        load_shares_give_back(s, &shares[i]);
    shares[0] = take(s, true);
    assert_int_equal(shares[0].memory_bytes, 256 * mib);
    assert_true(shares[0].is_all);
    load_shares_give_back(s, &shares[0]);
    load_shares_free(s);
}

static void one_table_and_a_small_budget_get_all(void **state)
{
    (void)state;
    for (size_t n_tables = 1; n_tables < 3; n_tables++) {
        const struct load_config config = {.memory_bytes = 16 * mib, .threads = 1};
        struct load_shares *s = load_shares_new(&config, n_tables);
        struct load_share share = take(s, false);
        assert_true(share.is_all);
        load_shares_give_back(s, &share);
        load_shares_free(s);
    }
}

static void *call_off(void *flag)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    atomic_store((_Atomic bool *)flag, true);
    return NULL;
}

static void one_who_waits_can_be_called_off(void **state)
{
    (void)state;
    const struct load_config config = {.memory_bytes = 64 * mib, .threads = 1};
    struct load_shares *s = load_shares_new(&config, 2);
    struct load_share share = take(s, false), none;
    _Atomic bool cancelled = false;
    pthread_t thread;
    struct err err;
    assert_int_equal(pthread_create(&thread, NULL, call_off, &cancelled), 0);
    assert_int_equal(load_shares_take(s, true, &cancelled, &none, &err), E_CANCELLED);
    pthread_join(thread, NULL);
    load_shares_give_back(s, &share);
    load_shares_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_takes_half_of_what_is_left),
        cmocka_unit_test(one_table_and_a_small_budget_get_all),
        cmocka_unit_test(one_who_waits_can_be_called_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
