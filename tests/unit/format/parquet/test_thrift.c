#include "format/parquet/thrift.h"

#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Skip everything; what was wrong, or NULL. */
static const char *skip_all(struct view bytes)
{
    struct thrift t = thrift_of(cur_of(bytes));
    struct thrift_field f = {0};
    while (thrift_next(&t, &f))
        thrift_skip(&t, f.type);
    return t.why;
}

static const char *skip_text(const char *bytes, size_t len)
{
    return skip_all(view_of(bytes, len));
}

static void values_of_all_kinds_are_passed_over(void **state)
{
    (void)state;
    static const char all[] = "\x11"                     /* 1: true */
                              "\x12"                     /* 2: false */
                              "\x13\x7F"                 /* 3: i8 */
                              "\x15\x80\x01"             /* 4: i32 */
                              "\x17"                     /* 5: double */
                              "12345678\x18\x03"         /* 6: binary */
                              "abc\x19\x31\x01\x02\x00"  /* 7: list of 3 bools */
                              "\x1B\x02\x85\x01"         /* 8: map of 2, binary to i32 */
                              "a\x05\x01"                /* */
                              "b\x06\x1C\x15\x02\x00"    /* 9: struct of an i32 */
                              "\x1D"                     /* 10: uuid */
                              "0123456789abcdef\x1B\x00" /* 11: empty map, no types */
                              "\x05\x80\x10\x04\x1A\xF5\x02\x02\x04"; /* 1024: i32; set of 2 */
    assert_null(skip_text(all, sizeof(all)));
    for (size_t len = 0; len < sizeof(all); len++) {
        AUTO(ptr) char *exact = mem_alloc(len);
        memcpy(exact, all, len);
        assert_non_null(skip_text(exact, len));
    }
}

static void a_long_field_number_is_read_and_short_ones_follow_it(void **state)
{
    (void)state;
    struct thrift t = thrift_of(cur_of(view_of("\x05\x80\x10\x04\x15\x06\x00", 7)));
    struct thrift_field f = {0};
    assert_true(thrift_next(&t, &f));
    assert_int_equal(f.id, 1024);
    assert_int_equal(thrift_int(&t, f), 2);
    assert_true(thrift_next(&t, &f));
    assert_int_equal(f.id, 1025);
    assert_int_equal(thrift_int(&t, f), 3);
    assert_false(thrift_next(&t, &f));
    assert_null(t.why);
}

static void what_claims_more_than_its_bytes_is_wrong(void **state)
{
    (void)state;
    static const char list[] = "\x19\xFC\xFF\xFF\xFF\xFF\x7F\0\0\0";
    static const char map[] = "\x1B\xFF\xFF\xFF\xFF\x7F\x88\0\0\0";
    static const char text[] = "\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\0\0";
    assert_non_null(strstr(skip_text(list, sizeof(list)), "longer than its bytes"));
    assert_non_null(strstr(skip_text(map, sizeof(map)), "longer than its bytes"));
    assert_non_null(skip_text(text, sizeof(text)));
    struct thrift t = thrift_of(cur_of(view_of(list, sizeof(list))));
    struct thrift_field f = {0};
    assert_true(thrift_next(&t, &f));
    assert_int_equal(thrift_structs(&t, f, 1), 0);
    assert_non_null(t.why);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    AUTO(buf) struct buf structs = {0};
    AUTO(buf) struct buf lists = {0};
    for (int i = 0; i < 100000; i++) {
        buf_put_u8(&structs, 0x1C);
        buf_put_u8(&lists, 0x19);
    }
    assert_non_null(strstr(skip_all(buf_view(&structs)), "too deeply"));
    assert_non_null(strstr(skip_all(buf_view(&lists)), "too deeply"));
}

static void numbers_are_held_against_what_they_are_for(void **state)
{
    (void)state;
    AUTO(buf) struct buf bytes = {0};
    build_zigzag(&bytes, -1);
    struct thrift_field f = {.id = 1, .type = THRIFT_I64};
    struct thrift t = thrift_of(cur_of(buf_view(&bytes)));
    assert_int_equal(thrift_size(&t, f), 0);
    assert_non_null(strstr(t.why, "negative"));
    buf_reset(&bytes);
    build_zigzag(&bytes, (int64_t)1 << 31);
    t = thrift_of(cur_of(buf_view(&bytes)));
    assert_int_equal(thrift_i32(&t, f), 0);
    assert_non_null(strstr(t.why, "32 bits"));
    t = thrift_of(cur_of(buf_view(&bytes)));
    thrift_binary(&t, f);
    assert_non_null(strstr(t.why, "another type"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_all_kinds_are_passed_over),
        cmocka_unit_test(a_long_field_number_is_read_and_short_ones_follow_it),
        cmocka_unit_test(what_claims_more_than_its_bytes_is_wrong),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(numbers_are_held_against_what_they_are_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
