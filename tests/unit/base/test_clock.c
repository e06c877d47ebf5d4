#include "base/clock.h"

#include "test.h"

static void clock_reads_what_it_writes(void **state)
{
    (void)state;
    const int64_t times[] = {0, 1, 951782399999, 1795305600000, 4102444800123};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[25];
        int64_t back = -1;
        assert_true(clock_parse(view_cstr(clock_format(times[i], text)), &back));
        assert_true(back == times[i]);
    }
}

static void clock_reads_dates_zones_and_fractions(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"2026-11-22", 1795305600000},
        {"2026-11-22T02:00:00+02:00", 1795305600000},
        {"2026-11-21t23:30:00-00:30", 1795305600000},
        {"2026-11-22 00:00:00.1239z", 1795305600123},
        {"2024-02-29", 1709164800000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t got = -1;
        if (!clock_parse(view_cstr(cases[i].text), &got) || got != cases[i].want)
            fail_msg("%s: %lld", cases[i].text, (long long)got);
    }
}

static void clock_refuses_everything_else(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "2026",
                         "2026-11",
                         "2026-13-01",
                         "2026-02-30",
                         "2026-1-1",
                         "2026-11-22T",
                         "2026-11-22T10:00",
                         "2026-11-22T10:00:00",
                         "2026-11-22T24:00:00Z",
                         "2026-11-22T10:60:00Z",
                         "2026-11-22T10:00:00.Z",
                         "2026-11-22T10:00:00+2:00",
                         "2026-11-22T10:00:00ZZ",
                         "1969-12-31",
                         "2026-11-22x",
                         "0000-00-00"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t out = -7;
        if (clock_parse(view_cstr(bad[i]), &out) || out != -7)
            fail_msg("accepted: %s", bad[i]);
    }
    int64_t out = 0;
    assert_false(clock_parse(view_of("2026-11-22\0x", 12), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_reads_what_it_writes),
        cmocka_unit_test(clock_reads_dates_zones_and_fractions),
        cmocka_unit_test(clock_refuses_everything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
