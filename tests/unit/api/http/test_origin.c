#include "api/http/origin.h"

#include "test.h"

static void origin_knows_local_hosts(void **state)
{
    (void)state;
    const char *const local[] = {
        "localhost",  "localhost:8080", "LOCALHOST.:80", "a.localhost", "127.0.0.1", "127.1.2.3:9",
        "[::1]:8080", "[::1]",          "murr",          "murr:8080",   "x"};
    const char *const others[] = {"evil.example",
                                  "evil.example:8080",
                                  "localhost.evil.example",
                                  "127.0.0.1.nip.io:80",
                                  "evillocalhost.com",
                                  "128.0.0.1",
                                  "10.0.0.1:8080",
                                  "[::2]:80",
                                  "[fe80::1]",
                                  "0.0.0.0:8080",
                                  "127.1"};
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (!origin_is_local_host(local[i]))
            fail_msg("%s is local", local[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (origin_is_local_host(others[i]))
            fail_msg("%s is not local", others[i]);
}

static void origin_knows_addresses(void **state)
{
    (void)state;
    assert_true(origin_is_address("10.1.2.3:8080"));
    assert_true(origin_is_address("[fe80::1]:8080"));
    assert_false(origin_is_address("10.1.2.3.nip.io"));
    assert_false(origin_is_address("murr"));
    assert_false(origin_is_address("[fe80::1"));
    assert_false(origin_is_address(""));
}

static void origin_finds_names_in_lists(void **state)
{
    (void)state;
    assert_true(origin_lists_host("a.example,b.example", "B.example:443"));
    assert_true(origin_lists_host("*", "anything.example"));
    assert_false(origin_lists_host("", "a.example"));
    assert_false(origin_lists_host("a.example", "xa.example"));
    assert_false(origin_lists_host("a.example", "a.example.com"));
    assert_true(origin_is_listed("https://ui.example,null", "https://UI.example"));
    assert_false(origin_is_listed("https://ui.example", "http://ui.example"));
    assert_false(origin_is_listed("https://ui.example", "https://ui.example:8443"));
}

static void origin_knows_foreign_pages(void **state)
{
    (void)state;
    const struct {
        const char *origin, *site, *host;
        bool is_foreign;
    } cases[] = {
        {NULL, NULL, "x", false},
        {"http://localhost:8080", NULL, "localhost:8080", false},
        {"http://LOCALHOST:8080", "same-origin", "localhost:8080", false},
        {"https://ui.example", NULL, "ui.example", false},
        {"https://ui.example", NULL, "ui.example:443", false},
        {"http://ui.example:80", NULL, "ui.example", false},
        {NULL, "none", "x", false},
        {NULL, "same-origin", "x", false},
        {NULL, "same-site", "x", true},
        {NULL, "cross-site", "x", true},
        {NULL, "", "x", true},
        {"null", NULL, "x", true},
        {"", NULL, "x", true},
        {"http://localhost:3000", NULL, "localhost:8080", true},
        {"http://localhost", NULL, "localhost:8080", true},
        {"https://evil.example", NULL, "localhost:8080", true},
        {"https://evil.example", "same-origin", "localhost:8080", true},
        {"http://localhost:8080", "cross-site", "localhost:8080", true},
        {"http://x", NULL, NULL, true},
        {"https://ui.example:80", NULL, "ui.example", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (origin_is_foreign(cases[i].origin, cases[i].site, cases[i].host) != cases[i].is_foreign)
            fail_msg("case %zu", i);
}

static void origin_knows_types_that_pages_send_unasked(void **state)
{
    (void)state;
    assert_true(origin_needs_no_leave(NULL));
    assert_true(origin_needs_no_leave("text/plain;charset=UTF-8"));
    assert_true(origin_needs_no_leave("application/x-www-form-urlencoded"));
    assert_true(origin_needs_no_leave("Multipart/Form-Data; boundary=x"));
    assert_false(origin_needs_no_leave("application/json"));
    assert_false(origin_needs_no_leave("application/vnd.apache.arrow.stream"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origin_knows_local_hosts),
        cmocka_unit_test(origin_knows_addresses),
        cmocka_unit_test(origin_finds_names_in_lists),
        cmocka_unit_test(origin_knows_foreign_pages),
        cmocka_unit_test(origin_knows_types_that_pages_send_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
