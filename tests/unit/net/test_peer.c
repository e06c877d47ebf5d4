#include "net/peer.h"

#include "test.h"

static void peer_with_most_loses_the_one_that_has_waited_longest(void **state)
{
    (void)state;
    int conns[6];
    struct peer_wait waits[] = {{{7}, 100, &conns[0]}, {{9}, 300, &conns[1]}, {{9}, 200, &conns[2]},
                                {{9}, 400, &conns[3]}, {{8}, 1, &conns[4]},   {{8}, 2, &conns[5]}};
    assert_ptr_equal(peer_choose(waits, 6), &conns[2]);
    assert_ptr_equal(peer_choose(waits, 0), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_with_most_loses_the_one_that_has_waited_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
