/* Delays double, are drawn at random below their bound, and end with the budget. */
#include "test.h"

#include "remote/retry.h"

static void retry_delays_are_spread_below_doubling_bounds(void **state)
{
    (void)state;
    struct retry_policy p;
    uint64_t delay, sum = 0;
    retry_policy_init(&p, 100, 100);
    for (unsigned n = 1; n <= 12; n++) {
        uint64_t bound = 100u << (n - 1) < 20000 ? 100u << (n - 1) : 20000;
        for (int i = 0; i < 10; i++) {
            assert_true(retry_policy_again(&p, n, 0, &delay));
            assert_in_range(delay, 0, bound);
            sum += n == 12 ? delay : 0;
        }
    }
    assert_in_range(sum / 10, 3000, 17000); /* about half of 20 s, and not always the same */
    retry_policy_done(&p);
}

static void retry_waits_as_long_as_the_server_asks(void **state)
{
    (void)state;
    struct retry_policy p;
    uint64_t delay;
    retry_policy_init(&p, 100, 1);
    assert_true(retry_policy_again(&p, 1, 7, &delay));
    assert_int_equal(delay, 7000);
    assert_true(retry_policy_again(&p, 1, 100000, &delay));
    assert_int_equal(delay, 20000);
    retry_policy_done(&p);
}

static void retry_ends_with_attempts_and_with_the_budget(void **state)
{
    (void)state;
    struct retry_policy p;
    uint64_t delay;
    unsigned n = 0;
    retry_policy_init(&p, 3, 1);
    assert_true(retry_policy_again(&p, 2, 0, &delay));
    assert_false(retry_policy_again(&p, 3, 0, &delay));
    while (retry_policy_again(&p, 1, 0, &delay))
        n++;
    assert_in_range(n, 100, 1000);
    retry_policy_succeeded(&p);
    retry_policy_succeeded(&p);
    assert_true(retry_policy_again(&p, 1, 0, &delay));
    assert_false(retry_policy_again(&p, 1, 0, &delay));
    retry_policy_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_delays_are_spread_below_doubling_bounds),
        cmocka_unit_test(retry_waits_as_long_as_the_server_asks),
        cmocka_unit_test(retry_ends_with_attempts_and_with_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
