#include "test.h"

#include "format/parquet/budget.h"

static void memory_is_taken_and_given_back(void **state)
{
    (void)state;
    struct err err;
    struct pq_budget b;
    pq_budget_init(&b, 100, 0, 0);
    assert_ok(pq_budget_resize(&b, 0, 60, &err));
    assert_fails(pq_budget_resize(&b, 0, 41, &err), E_LIMIT, "101 bytes");
    assert_ok(pq_budget_resize(&b, 0, 40, &err)); /* what failed took nothing */
    assert_ok(pq_budget_resize(&b, 60, 10, &err));
    assert_ok(pq_budget_resize(&b, 0, 50, &err));
    pq_budget_give(&b, 100);
    assert_int_equal(atomic_load(&b.held), 0);
}

static void decoded_bytes_are_held_against_size_and_memory(void **state)
{
    (void)state;
    struct err err;
    struct pq_budget b;
    pq_budget_init(&b, 0, 1, 100);
    assert_ok(pq_budget_charge(&b, PQ_MAX_EXPANSION, &err));
    assert_fails(pq_budget_charge(&b, 1, &err), E_LIMIT, "10001 bytes decoded");
    pq_budget_init(&b, 0, 1, 1000000);
    assert_ok(pq_budget_announce(&b, 2000000, &err));
    assert_fails(pq_budget_announce(&b, 2000001, &err), E_LIMIT, "2000001");
    pq_budget_init(&b, 0, UINT64_MAX, UINT64_MAX);
    assert_ok(pq_budget_announce(&b, UINT64_MAX, &err));
}

static void no_budget_is_no_limit(void **state)
{
    (void)state;
    struct err err;
    assert_ok(pq_budget_resize(NULL, 0, SIZE_MAX, &err));
    assert_ok(pq_budget_charge(NULL, UINT64_MAX, &err));
    pq_budget_give(NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_taken_and_given_back),
        cmocka_unit_test(decoded_bytes_are_held_against_size_and_memory),
        cmocka_unit_test(no_budget_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
