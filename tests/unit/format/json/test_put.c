#include "format/json/put.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static void assert_text(struct buf *b, const char *want)
{
    assert_string_equal(buf_cstr(b), want);
    buf_reset(b);
}

/* Append what json_write_... writes. */
#define PUT(what, b, value) \
    ((b)->len = (size_t)(json_write_##what(buf_reserve((b), JSON_NUMBER_CAP), (value)) - (b)->ptr))

static void json_put_writes_integers_in_full(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    const int64_t values[] = {0, 7, 10, 99, 100, -1, -128, 12345, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char want[32];
        snprintf(want, sizeof(want), "%lld", (long long)values[i]);
        PUT(int, &b, values[i]);
        assert_text(&b, want);
    }
    PUT(uint, &b, UINT64_MAX);
    assert_text(&b, "18446744073709551615");
}

static void json_put_writes_the_shortest_fraction(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    const struct {
        float value;
        const char *want;
    } singles[] = {{0.1f, "0.1"},
                   {1.5f, "1.5"},
                   {-0.0f, "-0.0"},
                   {1e20f, "1e+20"},
                   {16777216.0f, "16777216.0"},
                   {3.4028235e38f, "3.4028235e+38"},
                   {1e-45f, "1e-45"},
                   {0.3f, "0.3"},
                   {123456.7f, "123456.7"},
                   {1e-5f, "0.00001"},
                   {1e-6f, "1e-6"},
                   {100.0f, "100.0"},
                   {9.9999998e9f, "10000000000.0"},
                   {0.33333334f, "0.33333334"}};
    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
        PUT(float32, &b, singles[i].value);
        assert_text(&b, singles[i].want);
    }
    const struct {
        double value;
        const char *want;
    } doubles[] = {{0.1, "0.1"},
                   {0.30000000000000004, "0.30000000000000004"},
                   {5e-324, "5e-324"},
                   {1.7976931348623157e308, "1.7976931348623157e+308"},
                   {1e15, "1000000000000000.0"},
                   {123456789012345.6, "123456789012345.6"},
                   {1.0 / 3, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        PUT(float64, &b, doubles[i].value);
        assert_text(&b, doubles[i].want);
    }
}

static void json_put_has_no_words_for_nan_and_infinity(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    PUT(float32, &b, NAN);
    PUT(float32, &b, -INFINITY);
    PUT(float64, &b, NAN);
    PUT(float64, &b, INFINITY);
    assert_text(&b, "nullnullnullnull");
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The fewest digits with which printf comes back to the value. */
static int fewest_digits(double value, bool single)
{
    for (int n = 1; n < 17; n++) {
        char text[40];
        snprintf(text, sizeof(text), "%.*e", n - 1, value);
        if (single ? (double)strtof(text, NULL) == value : strtod(text, NULL) == value)
            return n;
    }
    return 17;
}

/* Significant digits: without sign, point, exponent, leading zeros and trailing zeros. */
static int digits_in(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && n == 0))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        n++;
    }
    return n - zeros;
}

static double random_double(uint64_t *seed)
{
    uint64_t bits = next_random(seed);
    double value;
    switch (next_random(seed) % 3) {
    case 0:
        memcpy(&value, &bits, sizeof(value));
        return value;
    case 1:
        return (double)(bits % 100000000) / 10000;
    default:
        return (double)(bits >> 11) * 0x1p-53;
    }
}

static void json_put_round_trips_with_the_fewest_digits(void **state)
{
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    seed = seed * 2654435761u | 1;
    AUTO(buf) struct buf b = {0};
    for (size_t i = 0; i < 100000; i++) {
        double value = random_double(&seed);
        float single = (float)value;
        if (isfinite(value) && value != 0) {
            PUT(float64, &b, value);
            assert_true(strtod(buf_cstr(&b), NULL) == value);
            if (digits_in(buf_cstr(&b)) > fewest_digits(value, false))
                fail_msg("%s is not the shortest for %.17g", buf_cstr(&b), value);
            buf_reset(&b);
        }
        if (isfinite(single) && single != 0) {
            PUT(float32, &b, single);
            assert_true(strtof(buf_cstr(&b), NULL) == single);
            if (digits_in(buf_cstr(&b)) > fewest_digits((double)single, true))
                fail_msg("%s is not the shortest for %.9g", buf_cstr(&b), (double)single);
            buf_reset(&b);
        }
    }
}

static void json_put_escapes_strings(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    json_put_string(&b, view_of("a\"\\\n\x01\0\xc3\xbc/", 9));
    assert_text(&b, "\"a\\\"\\\\\\n\\u0001\\u0000\xc3\xbc/\"");
    json_put_string(&b, (struct view){0});
    assert_text(&b, "\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_put_writes_integers_in_full),
        cmocka_unit_test(json_put_writes_the_shortest_fraction),
        cmocka_unit_test(json_put_has_no_words_for_nan_and_infinity),
        cmocka_unit_test(json_put_round_trips_with_the_fewest_digits),
        cmocka_unit_test(json_put_escapes_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
