#include "test.h"

#include "base/mem.h"
#include "sample_rows.h"
#include "segment/index.h"

/* Whether the index of these hashes sends each to a slot of its own. */
static void check_perfect(struct index_builder *b, const uint64_t *hashes, size_t n)
{
    struct err err;
    struct index_params p;
    uint8_t *pilots = mem_alloc(index_n_buckets(n));
    assert_ok(index_build(b, hashes, n, &p, pilots, &err));
    assert_true(p.n_slots >= n && p.n_slots <= n + n / 32 + 1); /* at most 3 % empty */
    uint8_t *seen = mem_zalloc(p.n_slots);
    for (size_t i = 0; i < n; i++) {
        uint64_t mixed = index_mix(hashes[i], p.seed);
        uint32_t slot = index_slot(mixed, pilots[index_bucket(mixed, p.n_buckets)], p.n_slots);
        assert_true(slot < p.n_slots);
        assert_false(seen[slot]);
        seen[slot] = 1;
    }
    free(seen);
    free(pilots);
}

static void every_small_number_of_keys_is_perfect(void **state)
{
    (void)state;
    struct random random = random_init("index");
    struct index_builder b = {0};
    uint64_t hashes[700];
    for (size_t n = 1; n < 700; n++) {
        for (size_t i = 0; i < n; i++)
            hashes[i] = random_next(&random);
        check_perfect(&b, hashes, n);
    }
    index_builder_done(&b);
}

static void no_keys_need_no_slots(void **state)
{
    (void)state;
    struct err err;
    struct index_builder b = {0};
    struct index_params p = {1, 1, 1};
    assert_ok(index_build(&b, NULL, 0, &p, NULL, &err));
    assert_int_equal(p.n_slots, 0);
    assert_int_equal(p.n_buckets, 0);
}

static void hashes_equal_in_high_or_low_bits_are_no_worse(void **state)
{
    (void)state;
    enum { N = 50000 };
    struct index_builder b = {0};
    uint64_t *hashes = mem_alloc(N * sizeof(*hashes));
    for (unsigned shift = 0; shift <= 44; shift += 22) {
        for (uint64_t i = 0; i < N; i++)
            hashes[i] = 0x0123456789ABCDEFu * (shift == 22) ^ i << shift;
        check_perfect(&b, hashes, N);
    }
    free(hashes);
    index_builder_done(&b);
}

static void equal_hashes_are_refused(void **state)
{
    (void)state;
    struct err err;
    struct index_builder b = {0};
    struct index_params p;
    uint64_t hashes[100];
    uint8_t pilots[100];
    for (uint64_t i = 0; i < 100; i++)
        hashes[i] = i / 2;
    assert_fails(index_build(&b, hashes, 100, &p, pilots, &err), E_INVALID, "equal hashes");
    index_builder_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_number_of_keys_is_perfect),
        cmocka_unit_test(no_keys_need_no_slots),
        cmocka_unit_test(hashes_equal_in_high_or_low_bits_are_no_worse),
        cmocka_unit_test(equal_hashes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
