#include "test.h"

#include "format/parquet/convert.h"

static struct pq_leaf decimal_leaf(enum pq_physical physical, uint32_t width, enum dtype dtype)
{
    return (struct pq_leaf){physical, width, {.dtype = dtype, .precision = 38}};
}

static void decimals_are_extended_by_their_sign(void **state)
{
    (void)state;
    struct err err;
    __int128 out[2];
    const int32_t small[] = {-1, 7};
    struct pq_leaf leaf = decimal_leaf(PQ_INT32, 0, DT_DECIMAL128);
    assert_true(pq_must_convert(&leaf));
    assert_ok(pq_convert(&leaf, &leaf.type, small, 2, out, &err));
    assert_true(out[0] == -1 && out[1] == 7);
    const uint8_t three[] = {0xFF, 0xFE, 0x00, 0x01, 0x00, 0x02}; /* big endian */
    leaf = decimal_leaf(PQ_FIXED, 3, DT_DECIMAL128);
    assert_ok(pq_convert(&leaf, &leaf.type, three, 2, out, &err));
    assert_true(out[0] == -512 && out[1] == 0x010002);
}

static void decimals_in_bytes_may_be_empty_or_too_long(void **state)
{
    (void)state;
    struct err err;
    __int128 out[2];
    uint8_t padded[20] = {[19] = 5}, negative[20];
    memset(negative, 0xFF, sizeof(negative));
    struct pq_leaf leaf = decimal_leaf(PQ_BYTE_ARRAY, 0, DT_DECIMAL128);
    const struct view good[] = {view_of(padded, 20), view_of("", 0)};
    assert_ok(pq_convert(&leaf, &leaf.type, good, 2, out, &err));
    assert_true(out[0] == 5 && out[1] == 0);
    const struct view minus[] = {view_of(negative, 20)};
    assert_ok(pq_convert(&leaf, &leaf.type, minus, 1, out, &err));
    assert_true(out[0] == -1);
    padded[3] = 1; /* 2^128, beyond 16 bytes */
    assert_fails(pq_convert(&leaf, &leaf.type, good, 1, out, &err), E_CORRUPT, "20 bytes");
    padded[3] = 0;
    padded[4] = 0x80; /* 2^127 has the wrong sign in 16 */
    assert_fails(pq_convert(&leaf, &leaf.type, good, 1, out, &err), E_CORRUPT, "20 bytes");
}

static void put_int96(uint8_t out[12], int64_t ns, int32_t day)
{
    memcpy(out, &ns, 8);
    memcpy(out + 8, &day, 4);
}

static void int96_counts_from_the_julian_day(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        int32_t day;
        enum time_unit unit;
        int64_t want;
    } times[] = {
        {0, 2440588, UNIT_NS, 0},
        {1, 2440588, UNIT_NS, 1},
        {-1, 2440589, UNIT_NS, 86399999999999},    /* of a day before */
        {90000000000000, 2440588, UNIT_S, 90000},  /* more than a day */
        {-1, 2440588, UNIT_US, -1},                /* cut off downwards */
        {0, 5373484, UNIT_US, 253402214400000000}, /* 9999-12-31 */
        {0, 1721426, UNIT_MS, -62135596800000},    /* 0001-01-01 */
        {INT64_MAX, INT32_MAX, UNIT_S, 185542587100800 + 9223372036 - 210866803200},
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct err err;
        uint8_t in[12];
        int64_t out;
        struct type to = {.dtype = DT_TIMESTAMP, .unit = times[i].unit};
        struct pq_leaf leaf = {.physical = PQ_INT96, .type = to};
        put_int96(in, times[i].ns, times[i].day);
        assert_ok(pq_convert(&leaf, &to, in, 1, &out, &err));
        if (out != times[i].want)
            fail_msg("case %zu: %lld", i, (long long)out);
    }
}

static void int96_beyond_nanoseconds_does_not_wrap(void **state)
{
    (void)state;
    struct err err;
    uint8_t in[12];
    int64_t out;
    struct type to = {.dtype = DT_TIMESTAMP, .unit = UNIT_NS};
    struct pq_leaf leaf = {.physical = PQ_INT96, .type = to};
    put_int96(in, 0, 5373484);
    assert_fails(pq_convert(&leaf, &to, in, 1, &out, &err), E_INVALID, "Julian day 5373484");
}

/* 290000-12-31T23:59:53.2 and a bit, of parquet-testing's int96_from_spark.parquet. */
static void int96_in_microseconds_turns_as_spark_does(void **state)
{
    (void)state;
    struct err err;
    uint8_t in[12];
    int64_t out;
    struct type to = {.dtype = DT_TIMESTAMP, .unit = UNIT_US};
    struct pq_leaf leaf = {.physical = PQ_INT96, .type = {.dtype = DT_TIMESTAMP, .unit = UNIT_NS}};
    put_int96(in, 0, -105862232);
    assert_ok(pq_convert(&leaf, &to, in, 1, &out, &err));
    const int64_t us_a_day = 86400000000;
    int64_t days = -105862232 - 2440588;
    assert_int_equal(out, (int64_t)((uint64_t)days * (uint64_t)us_a_day));
    assert_true(out > 0);
}

static void numbers_beyond_their_width_are_damage(void **state)
{
    (void)state;
    struct err err;
    int8_t out[2];
    const int32_t in[] = {127, 128};
    struct pq_leaf leaf = {.physical = PQ_INT32, .type = {.dtype = DT_INT8}};
    assert_ok(pq_convert(&leaf, &leaf.type, in, 1, out, &err));
    assert_fails(pq_convert(&leaf, &leaf.type, in, 2, out, &err), E_CORRUPT,
                 "128 does not fit int8");
}

/* Old writers took the bits of a byte for a signed one. */
static void unsigned_numbers_may_have_been_written_with_a_sign(void **state)
{
    (void)state;
    struct err err;
    uint8_t bytes[3];
    uint16_t words[2];
    const int32_t in[] = {-1, -128, 255}, in_words[] = {-1, 65535}, bad[] = {-129};
    const struct pq_leaf byte = {.physical = PQ_INT32, .type = {.dtype = DT_UINT8}};
    const struct pq_leaf word = {.physical = PQ_INT32, .type = {.dtype = DT_UINT16}};
    assert_ok(pq_convert(&byte, &byte.type, in, 3, bytes, &err));
    assert_memory_equal(bytes, ((const uint8_t[]){255, 128, 255}), 3);
    assert_ok(pq_convert(&word, &word.type, in_words, 2, words, &err));
    assert_int_equal(words[0] & words[1], 65535);
    assert_fails(pq_convert(&byte, &byte.type, bad, 1, bytes, &err), E_CORRUPT,
                 "-129 does not fit uint8");
}

static void values_of_any_width_are_spread_over_nulls(void **state)
{
    (void)state;
    static const uint8_t valid[] = {0, 1, 0, 1, 1, 0};
    for (size_t width = 1; width < 40; width++) {
        uint8_t values[6 * 40], want[6 * 40] = {0};
        for (size_t i = 0; i < 3 * width; i++)
            values[i] = (uint8_t)(i + 1);
        memcpy(want + width, values, width);
        memcpy(want + 3 * width, values + width, 2 * width);
        pq_spread(values, width, valid, 6, 3);
        assert_memory_equal(values, want, 6 * width);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_extended_by_their_sign),
        cmocka_unit_test(decimals_in_bytes_may_be_empty_or_too_long),
        cmocka_unit_test(int96_counts_from_the_julian_day),
        cmocka_unit_test(int96_beyond_nanoseconds_does_not_wrap),
        cmocka_unit_test(int96_in_microseconds_turns_as_spark_does),
        cmocka_unit_test(numbers_beyond_their_width_are_damage),
        cmocka_unit_test(unsigned_numbers_may_have_been_written_with_a_sign),
        cmocka_unit_test(values_of_any_width_are_spread_over_nulls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
