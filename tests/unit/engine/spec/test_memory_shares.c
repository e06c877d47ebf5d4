/* What a job holds at one time stays within the memory that it was given. */
#include "engine/spec/memory_shares.h"

#include "test.h"

static const uint64_t sizes[] = {16 << 20, 100000001, (uint64_t)1 << 30, (uint64_t)3 << 40};
static const unsigned workers[] = {1, 2, 7, 64};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), WORKERS = sizeof(workers) / sizeof(workers[0]) };

static void shares_of_a_load_fit_while_it_reads_and_while_it_builds(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++)
        for (int k = 0; k < WORKERS; k++) {
            struct memory_shares s = memory_shares_of_load(sizes[i], workers[k]);
            assert_true(s.records + s.decoded + s.chunks + s.tails <= sizes[i]);
            assert_true(s.records + s.build * workers[k] <= sizes[i]);
            assert_true(s.held * workers[k] <= s.decoded && s.page <= s.decoded);
        }
}

static void shares_of_writes_fit_while_they_are_read_and_built(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++)
        for (int k = 0; k < WORKERS; k++) {
            struct memory_shares s = memory_shares_of_writes(sizes[i], workers[k]);
            assert_true(s.records + s.decoded + s.chunks <= sizes[i]);
            assert_true(s.records + s.build * workers[k] <= sizes[i]);
            assert_true(s.page <= s.decoded && s.held <= s.decoded);
        }
}

static void shares_of_a_merge_and_a_scan_fit(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        struct memory_shares scan = memory_shares_of_scan(sizes[i]);
        assert_true(scan.decoded + scan.chunks + scan.batch <= sizes[i]);
        assert_true(scan.batch <= 64 << 20);
        for (int k = 0; k < WORKERS; k++) {
            struct memory_shares merge = memory_shares_of_merge(sizes[i], workers[k]);
            assert_true(merge.build * workers[k] <= sizes[i]);
        }
    }
}

/* A block that is longer than what a worker can build would end every job of that size. */
static void a_block_fits_the_worker_that_builds_it(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++)
        for (int k = 0; k < WORKERS; k++) {
            struct memory_shares load = memory_shares_of_load(sizes[i], workers[k]);
            struct memory_shares writes = memory_shares_of_writes(sizes[i], workers[k]);
            struct memory_shares merge = memory_shares_of_merge(sizes[i], workers[k]);
            assert_true(load.block <= load.build && writes.block <= writes.build);
            assert_true(merge.block <= merge.build && load.block > 0);
            assert_true(writes.lone_block <= writes.build * workers[k]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_of_a_load_fit_while_it_reads_and_while_it_builds),
        cmocka_unit_test(shares_of_writes_fit_while_they_are_read_and_built),
        cmocka_unit_test(shares_of_a_merge_and_a_scan_fit),
        cmocka_unit_test(a_block_fits_the_worker_that_builds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
