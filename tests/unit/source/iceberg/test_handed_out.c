#include "source/iceberg/handed_out.h"

#include "test.h"

static void urls_of_a_catalog_are_checked(void **state)
{
    (void)state;
    const struct {
        const char *url, *catalog, *says; /* NULL: fine */
    } cases[] = {
        {"http://other:9000", "http://h", NULL},
        {"https://other", "http://h", NULL},
        {"https://other", "https://h", NULL},
        {"http://127.0.0.1:9000", "http://127.0.0.1:8181", NULL},
        {"http://other", "https://h", "which is not encrypted, as the catalog is"},
        {"http://169.254.169.254", "http://h", "a link-local address"},
        {"https://[fe80::1]:8080/x", "https://h", "a link-local address"},
        {"http://0xa9fea9fe/", "http://h", "a link-local address"},
        {"file:///etc/passwd", "http://h", "must begin with http:// or https://"},
        {"gopher://h", "http://h", "must begin with http:// or https://"},
        {"http://user@169.254.1.1", "http://h", "a host with a blank or an '@'"},
        {"", "http://h", "must begin with http:// or https://"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err;
        enum code rc = handed_out_check("x", cases[i].url, cases[i].catalog, &err);
        assert_int_equal(rc, cases[i].says ? E_INVALID : OK);
        if (rc && !strstr(err.msg, cases[i].says))
            fail_msg("%s", err.msg);
    }
}

static void origins_are_scheme_host_and_port(void **state)
{
    (void)state;
    const char *same[][2] = {{"http://h/a", "http://H:80/b?c"}, {"https://h:443", "https://h/"}};
    const char *others[][2] = {{"http://h", "https://h"},   {"http://h", "http://h:81"},
                               {"http://h", "http://h.x"},  {"http://h", "http://g"},
                               {"http://h", "ftp://h"},     {"", ""},
                               {"http://h", "http://h@g/"}, {"http://h:80", "https://h:80"}};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        assert_true(url_same_origin(same[i][0], same[i][1]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (url_same_origin(others[i][0], others[i][1]))
            fail_msg("%s is %s", others[i][0], others[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_of_a_catalog_are_checked),
        cmocka_unit_test(origins_are_scheme_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
