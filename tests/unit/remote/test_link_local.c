#include "remote/link_local.h"

#include "base/clock.h"
#include "remote/transfer.h"

#include "test.h"

static void link_local_hosts_are_known_in_all_spellings(void **state)
{
    (void)state;
    const char *bad[] = {"169.254.169.254",     "169.254.0.1",
                         "2852039166",          "0xa9fea9fe",
                         "0251.0376.1.1",       "169.254.43518",
                         "[fe80::1]",           "[febf::1]",
                         "[fd00:ec2::254]",     "[::ffff:169.254.169.254]",
                         "[::169.254.1.1]",     "[64:ff9b::a9fe:a9fe]",
                         "[2002:a9fe:a9fe::1]", "[fe80::1%25eth0]"};
    const char *good[] = {"127.0.0.1", "10.0.0.1", "169.253.1.1",      "example.com", "[::1]",
                          "[fec0::1]", "",         "[fd00:ec3::254]",  "[",           "169.254",
                          "[x]",       "[]",       "[::ffff:10.0.0.1]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (!host_is_link_local(view_cstr(bad[i])))
            fail_msg("not seen: %s", bad[i]);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (host_is_link_local(view_cstr(good[i])))
            fail_msg("refused: %s", good[i]);
}

/* Nobody answers there, so without the check the transfer would wait for its timeout. */
static void transfers_may_not_connect_to_link_local_addresses(void **state)
{
    (void)state;
    struct transfer_loop *loop;
    struct err err;
    struct remote_op op = {0};
    struct transfer_options options = {.ca_file = "",
                                       .proxy = "",
                                       .connect_timeout_ms = 60000,
                                       .stall_timeout_ms = 60000,
                                       .no_proxy = true,
                                       .no_link_local = true};
    assert_ok(transfer_loop_open(1, &loop, &err));
    struct transfer t = {.method = "GET", .options = &options, .op = &op};
    buf_puts(&t.url, "http://169.254.1.1/");
    transfer_call(loop, &t, 0);
    assert_int_equal(t.code, E_INVALID);
    assert_string_equal(t.err.msg, "it leads to a link-local address");
    transfer_done(&t);
    transfer_loop_close(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_local_hosts_are_known_in_all_spellings),
        cmocka_unit_test(transfers_may_not_connect_to_link_local_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
