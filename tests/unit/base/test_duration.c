#include "base/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_ms(const char *text, int64_t want)
{
    struct err err;
    int64_t ms = -1;
    assert_int_equal(duration_parse(view_cstr(text), &ms, &err), OK);
    assert_int_equal(ms, want);
}

static void duration_reads_what_people_write(void **state)
{
    (void)state;
    assert_ms("90s", 90000);
    assert_ms("5m", 300000);
    assert_ms("1h 30m", 5400000);
    assert_ms("1h30m", 5400000);
    assert_ms("500ms", 500);
    assert_ms("2 d", 172800000);
    assert_ms("0", 0);
    assert_ms("0s", 0);
    assert_ms(" 1m ", 60000);
}

static void duration_refuses_what_is_not_one(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         " ",
                         "5",
                         "m",
                         "5 minutes",
                         "1.5h",
                         "-5s",
                         "5s 3",
                         "99999999999999999999s",
                         "9223372036854775807d",
                         "5M"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err;
        int64_t ms = 77;
        assert_int_equal(duration_parse(view_cstr(bad[i]), &ms, &err), E_INVALID);
        assert_int_equal(ms, 77);
    }
    struct err err;
    int64_t ms;
    assert_int_equal(duration_parse(view_cstr("5 minutes"), &ms, &err), E_INVALID);
    assert_string_equal(err.msg, "'5 minutes' is not a duration such as 90s, 5m, 1h 30m or 500ms");
}

static void duration_prints_what_it_reads(void **state)
{
    (void)state;
    const int64_t spans[] = {0, 1, 999, 1000, 90000, 5400000, 86400000, 90061001};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        char text[DURATION_CAP];
        assert_ms(duration_format(spans[i], text), spans[i]);
    }
    char text[DURATION_CAP];
    assert_string_equal(duration_format(90000, text), "1m 30s");
    assert_string_equal(duration_format(0, text), "0s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration_reads_what_people_write),
        cmocka_unit_test(duration_refuses_what_is_not_one),
        cmocka_unit_test(duration_prints_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
