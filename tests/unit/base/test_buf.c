#include "base/buf.h"

#include "base/mem.h"
#include "test.h"

#include <stdio.h>

static void bytes_come_out_as_they_were_put(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    buf_put(&b, "ab", 2);
    buf_put_u8(&b, 0xFF);
    buf_put_zeros(&b, 2);
    buf_puts(&b, "cd");
    assert_true(view_eq(buf_view(&b), view_of("ab\xFF\0\0cd", 7)));
}

static void putting_nothing_is_allowed_and_allocates_nothing(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_put(&b, NULL, 0);
    buf_put_zeros(&b, 0);
    buf_puts(&b, "");
    assert_null(b.ptr);
    assert_int_equal(b.len, 0);
}

static void a_buffer_filled_byte_by_byte_doubles_and_keeps_them_all(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    size_t n_moves = 0;
    for (size_t i = 0; i < 100000; i++) {
        size_t cap = b.cap;
        buf_put_u8(&b, (uint8_t)(i * 7));
        n_moves += b.cap != cap;
    }
    assert_int_equal(b.len, 100000);
    assert_in_range(n_moves, 1, 12);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.ptr[i], (uint8_t)(i * 7));
}

static void reserve_makes_room_without_a_length(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    buf_puts(&b, "head");
    uint8_t *to = buf_reserve(&b, 1000);
    assert_ptr_equal(to, b.ptr + 4);
    assert_true(b.cap >= 1004);
    assert_int_equal(b.len, 4);
    memset(to, 'x', 1000);
    assert_memory_equal(b.ptr, "head", 4);
}

static void reserving_nothing_gives_a_place_all_the_same(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    assert_non_null(buf_reserve(&b, 0));
}

/* Its first try has room for 63 characters. */
static void printf_prints_texts_of_every_length(void **state)
{
    (void)state;
    static char text[200];
    memset(text, 'x', sizeof(text) - 1);
    for (int len = 0; len < 199; len++) {
        AUTO(buf) struct buf b = {0};
        buf_puts(&b, "<");
        buf_printf(&b, "%.*s", len, text);
        buf_printf(&b, ">%d", len);
        char wanted[256];
        snprintf(wanted, sizeof(wanted), "<%.*s>%d", len, text, len);
        assert_string_equal(buf_cstr(&b), wanted);
        assert_int_equal(b.len, strlen(wanted));
    }
}

static void a_c_string_does_not_count_its_nul(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    assert_string_equal(buf_cstr(&b), "");
    for (size_t i = 0; i < 64; i++) /* until there is no room left behind */
        buf_put_u8(&b, 'a');
    assert_int_equal(strlen(buf_cstr(&b)), 64);
    assert_int_equal(b.len, 64);
    buf_puts(&b, "b");
    assert_int_equal(b.ptr[64], 'b');
}

static void a_reset_keeps_the_capacity(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    buf_put_zeros(&b, 5000);
    uint8_t *ptr = b.ptr;
    size_t cap = b.cap;
    buf_reset(&b);
    assert_int_equal(b.len, 0);
    buf_puts(&b, "again");
    assert_ptr_equal(b.ptr, ptr);
    assert_int_equal(b.cap, cap);
}

static void what_was_detached_is_the_callers(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_puts(&b, "mine");
    AUTO(ptr) uint8_t *bytes = buf_detach(&b);
    assert_null(b.ptr);
    assert_int_equal(b.len + b.cap, 0);
    buf_puts(&b, "other");
    assert_memory_equal(bytes, "mine", 4);
    buf_done(&b);
    buf_done(&b);
    assert_null(b.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_were_put),
        cmocka_unit_test(putting_nothing_is_allowed_and_allocates_nothing),
        cmocka_unit_test(a_buffer_filled_byte_by_byte_doubles_and_keeps_them_all),
        cmocka_unit_test(reserve_makes_room_without_a_length),
        cmocka_unit_test(reserving_nothing_gives_a_place_all_the_same),
        cmocka_unit_test(printf_prints_texts_of_every_length),
        cmocka_unit_test(a_c_string_does_not_count_its_nul),
        cmocka_unit_test(a_reset_keeps_the_capacity),
        cmocka_unit_test(what_was_detached_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
