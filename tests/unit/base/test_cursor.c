#include "base/cursor.h"

#include "test.h"

/* Bytes that end where the memory ends, so that a sanitizer sees a read behind them. */
static struct cursor cursor_of(const void *bytes, size_t len, uint8_t **out_memory)
{
    *out_memory = malloc(len ? len : 1);
    assert_non_null(*out_memory);
    if (len)
        memcpy(*out_memory, bytes, len);
    return cur_of(view_of(*out_memory, len));
}

static void reads_take_what_is_there_in_order(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {7, 1, 0, 0, 0x80, 8, 7, 6, 5, 4, 3, 2, 1, 'a', 'b', 'c'};
    uint8_t *memory, u8;
    uint32_t u32;
    uint64_t u64;
    struct view v;
    struct cursor c = cursor_of(bytes, sizeof(bytes), &memory);
    assert_true(cur_u8(&c, &u8));
    assert_int_equal(u8, 7);
    assert_true(cur_u32le(&c, &u32));
    assert_int_equal(u32, 0x80000001);
    assert_true(cur_u64le(&c, &u64));
    assert_int_equal(u64, 0x0102030405060708);
    assert_true(cur_skip(&c, 1));
    assert_int_equal(cur_left(&c), 2);
    assert_true(cur_bytes(&c, 2, &v));
    assert_ptr_equal(v.ptr, memory + 14);
    assert_true(view_eq_cstr(v, "bc"));
    assert_int_equal(cur_left(&c), 0);
    free(memory);
}

/* With `len` bytes left, each read but the shortest fails, and consumes and writes nothing. */
static void a_read_that_fails_consumes_nothing_and_leaves_its_output(void **state)
{
    (void)state;
    for (size_t len = 0; len < 9; len++) {
        static const uint8_t bytes[8] = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88};
        uint8_t *memory, u8 = 42;
        uint32_t u32 = 42;
        uint64_t u64 = 42;
        int64_t i64 = 42;
        struct view v = view_cstr("as before");
        struct cursor c = cursor_of(bytes, len < 8 ? len : 8, &memory);
        struct cursor before = c;
        assert_true(len >= 8 || !cur_u64le(&c, &u64));
        assert_true(len >= 4 || !cur_u32le(&c, &u32));
        assert_true(len >= 1 || !cur_u8(&c, &u8));
        assert_false(cur_bytes(&c, cur_left(&c) + 1, &v));
        assert_false(cur_skip(&c, cur_left(&c) + 1));
        assert_false(cur_uleb(&c, &u64)); /* each of the bytes says that another one follows */
        assert_false(cur_zigzag(&c, &i64));
        assert_memory_equal(&c, &before, sizeof(c));
        assert_int_equal(u8 + u32 + u64 + (uint64_t)i64, 4 * 42);
        assert_true(view_eq_cstr(v, "as before"));
        free(memory);
    }
}

/* A length of a file may be anything: no sum with it may wrap around. */
static void lengths_near_the_largest_number_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    struct view v;
    struct cursor c = cur_of(view_of(bytes, sizeof(bytes)));
    for (uint64_t less = 0; less < 8; less++) {
        assert_false(cur_bytes(&c, UINT64_MAX - less, &v));
        assert_false(cur_skip(&c, UINT64_MAX - less));
    }
    assert_int_equal(cur_left(&c), 4);
    assert_true(cur_bytes(&c, 4, &v));
    assert_true(cur_bytes(&c, 0, &v)); /* at the end there are still no bytes */
    assert_int_equal(v.len, 0);
}

static size_t put_uleb(uint64_t v, uint8_t *out)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

static void every_number_of_64_bits_is_read_and_no_prefix_of_it(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 65; shift++)
        for (int step = -1; step < 2; step++) {
            uint64_t wanted = (shift < 64 ? (uint64_t)1 << shift : 0) + (uint64_t)step, got = 0;
            uint8_t bytes[10], *memory;
            size_t n = put_uleb(wanted, bytes);
            for (size_t cut = 0; cut < n; cut++) {
                struct cursor c = cursor_of(bytes, cut, &memory);
                assert_false(cur_uleb(&c, &got));
                free(memory);
            }
            struct cursor c = cursor_of(bytes, n, &memory);
            assert_true(cur_uleb(&c, &got));
            assert_int_equal(got, wanted);
            assert_int_equal(cur_left(&c), 0);
            free(memory);
        }
}

static void a_number_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[11];
    uint64_t v = 42;
    memset(bytes, 0xFF, sizeof(bytes));
    for (unsigned last = 0; last < 256; last++) { /* the tenth byte has room for one bit */
        bytes[9] = (uint8_t)last;
        struct cursor c = cur_of(view_of(bytes, sizeof(bytes)));
        assert_int_equal(cur_uleb(&c, &v), last < 2);
    }
    memset(bytes, 0x80, sizeof(bytes)); /* zeros, but too many */
    bytes[10] = 0;
    struct cursor c = cur_of(view_of(bytes, sizeof(bytes)));
    assert_false(cur_uleb(&c, &v));
    assert_int_equal(cur_left(&c), 11);
}

static void zigzag_reads_numbers_of_both_signs(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, -1, 1, -2, 63, -64, 64, INT32_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        int64_t wanted = numbers[i], got = 42;
        uint8_t bytes[10];
        size_t n = put_uleb(((uint64_t)wanted << 1) ^ (uint64_t)(wanted >> 63), bytes);
        struct cursor c = cur_of(view_of(bytes, n));
        assert_true(cur_zigzag(&c, &got));
        assert_int_equal(got, wanted);
    }
}

static void a_view_of_nothing_has_nothing_to_read(void **state)
{
    (void)state;
    struct cursor c = cur_of(view_of(NULL, 0));
    struct view v;
    uint8_t u8;
    assert_int_equal(cur_left(&c), 0);
    assert_false(cur_u8(&c, &u8));
    assert_true(cur_bytes(&c, 0, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_take_what_is_there_in_order),
        cmocka_unit_test(a_read_that_fails_consumes_nothing_and_leaves_its_output),
        cmocka_unit_test(lengths_near_the_largest_number_are_refused),
        cmocka_unit_test(every_number_of_64_bits_is_read_and_no_prefix_of_it),
        cmocka_unit_test(a_number_of_more_than_64_bits_is_refused),
        cmocka_unit_test(zigzag_reads_numbers_of_both_signs),
        cmocka_unit_test(a_view_of_nothing_has_nothing_to_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
