#include "test.h"

#include "base/mem.h"
#include "format/json/put.h"
#include "format/json/text.h"

static const char *ended(uint8_t *text, uint8_t *end)
{
    *end = '\0';
    return (const char *)text;
}

static void dates_of_all_ages(void **state)
{
    (void)state;
    static const struct {
        int32_t days;
        const char *text;
    } dates[] = {{0, "\"1970-01-01\""},
                 {-1, "\"1969-12-31\""},
                 {11016, "\"2000-02-29\""},
                 {20779, "\"2026-11-22\""},
                 {-719162, "\"0001-01-01\""},
                 {-719528, "\"0000-01-01\""},
                 {-719529, "\"-0001-12-31\""},
                 {2932896, "\"9999-12-31\""},
                 {2932897, "\"+10000-01-01\""},
                 {INT32_MAX, "\"+5881580-07-11\""},
                 {INT32_MIN, "\"-5877641-06-23\""}};
    uint8_t out[JSON_NUMBER_CAP];
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        assert_string_equal(ended(out, json_write_date(out, dates[i].days)), dates[i].text);
}

static void times_have_the_digits_of_their_unit(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int64_t value;
        const char *text;
    } times[] = {
        {"timestamp[s]", 0, "\"1970-01-01T00:00:00\""},
        {"timestamp[s]", -1, "\"1969-12-31T23:59:59\""},
        {"timestamp[ms]", 1500, "\"1970-01-01T00:00:01.500\""},
        {"timestamp[us, tz=Europe/Berlin]", -1, "\"1969-12-31T23:59:59.999999Z\""},
        {"timestamp[ns]", INT64_MAX, "\"2262-04-11T23:47:16.854775807\""},
        {"timestamp[ns]", INT64_MIN, "\"1677-09-21T00:12:43.145224192\""},
        {"timestamp[s]", INT64_MIN, "\"-292277022657-01-27T08:29:52\""},
        {"timestamp[us]", INT64_MAX, "\"+294247-01-10T04:00:54.775807\""},
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct type t;
        struct err err;
        uint8_t out[JSON_NUMBER_CAP];
        assert_ok(type_parse(view_cstr(times[i].type), &t, &err));
        assert_string_equal(ended(out, json_write_timestamp(out, &t, times[i].value)),
                            times[i].text);
    }
    uint8_t out[JSON_NUMBER_CAP];
    assert_string_equal(ended(out, json_write_time(out, UNIT_MS, 86399999)), "\"23:59:59.999\"");
    assert_string_equal(ended(out, json_write_time(out, UNIT_S, 61)), "\"00:01:01\"");
    ended(out, json_write_time(out, UNIT_NS, INT64_MIN)); /* nonsense, but no overflow */
}

static void decimals_have_their_scale(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int8_t scale;
        const char *text;
    } decimals[] = {{0, 0, "\"0\""},        {0, 2, "\"0.00\""},
                    {5, 2, "\"0.05\""},     {-5, 2, "\"-0.05\""},
                    {1250, 2, "\"12.50\""}, {-1, 0, "\"-1\""},
                    {100, 0, "\"100\""},    {INT64_MIN, 3, "\"-9223372036854775.808\""}};
    for (size_t i = 0; i < sizeof(decimals) / sizeof(decimals[0]); i++) {
        struct type t = {.dtype = DT_DECIMAL128, .precision = 38, .scale = decimals[i].scale};
        __int128 value = decimals[i].value;
        uint8_t out[JSON_NUMBER_CAP];
        assert_string_equal(ended(out, json_write_decimal(out, &t, (const uint8_t *)&value)),
                            decimals[i].text);
    }
    uint8_t least[32] = {[31] = 0x80}, out[JSON_NUMBER_CAP]; /* -2^255, of 77 digits */
    struct type wide = {.dtype = DT_DECIMAL256, .precision = 76, .scale = 76};
    assert_int_equal(json_write_decimal(out, &wide, least) - out, 2 + 1 + 77 + 1);
}

static void bytes_are_base64(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", "\"\""},        {"f", "\"Zg==\""},          {"fo", "\"Zm8=\""},
        {"foo", "\"Zm9v\""}, {"foobar", "\"Zm9vYmFy\""}, {"\xFF\xFE", "\"//4=\""}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        AUTO(buf) struct buf out = {0};
        json_put_base64(&out, view_cstr(pairs[i][0]));
        assert_string_equal(buf_cstr(&out), pairs[i][1]);
    }
}

static void halves_have_few_digits(void **state)
{
    (void)state;
    static const struct {
        uint16_t bits;
        const char *text;
    } halves[] = {{0x2E66, "0.1"}, {0x3C00, "1.0"},  {0x8000, "-0.0"}, {0x7BFF, "65504.0"},
                  {1, "6e-8"},     {0x7C00, "null"}, {0x7E00, "null"}, {0x5640, "100.0"}};
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        uint8_t out[JSON_NUMBER_CAP];
        assert_string_equal(ended(out, json_write_float16(out, halves[i].bits)), halves[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_all_ages),
        cmocka_unit_test(times_have_the_digits_of_their_unit),
        cmocka_unit_test(decimals_have_their_scale),
        cmocka_unit_test(bytes_are_base64),
        cmocka_unit_test(halves_have_few_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
