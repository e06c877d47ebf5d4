#include "format/arrow/flatbuf.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint32_t u32_at(const struct flatbuf *fb, size_t pos)
{
    uint32_t value;
    assert_true(pos + sizeof(value) <= fb->bytes.len);
    memcpy(&value, fb->bytes.ptr + pos, sizeof(value));
    return value;
}

static void flatbuf_lays_out_tables_strings_and_vectors(void **state)
{
    (void)state;
    static const uint8_t sizes[] = {1, 8, 0, 4, 4, 2};
    AUTO(flatbuf) struct flatbuf fb = {0};
    flatbuf_reset(&fb);
    size_t table = flatbuf_add_table(&fb, FLATBUF_ROOT, sizes, sizeof(sizes));
    assert_int_equal(u32_at(&fb, 0), table);
    for (size_t i = 0; i < sizeof(sizes); i++)
        if (sizes[i])
            assert_int_equal(flatbuf_field(&fb, table, i) % sizes[i], 0); /* aligned */
    flatbuf_set(&fb, table, 1, 0x1122334455667788, 8);
    assert_int_equal(u32_at(&fb, flatbuf_field(&fb, table, 1)), 0x55667788);
    size_t text = flatbuf_field(&fb, table, 3);
    flatbuf_add_string(&fb, text, view_cstr("abc"));
    size_t string = text + u32_at(&fb, text);
    assert_int_equal(u32_at(&fb, string), 3);
    assert_string_equal((const char *)fb.bytes.ptr + string + 4, "abc");
    size_t list = flatbuf_field(&fb, table, 4);
    size_t first = flatbuf_add_vector(&fb, list, 2, 16, 8);
    assert_int_equal(first % 8, 0);
    assert_int_equal(list + u32_at(&fb, list) + 4, first);
    assert_int_equal(u32_at(&fb, first - 4), 2);
    assert_int_equal(fb.bytes.len, first + 32);
}

static void flatbuf_says_of_absent_fields_nothing(void **state)
{
    (void)state;
    static const uint8_t sizes[] = {0, 4, 0};
    AUTO(flatbuf) struct flatbuf fb = {0};
    flatbuf_reset(&fb);
    size_t table = flatbuf_add_table(&fb, FLATBUF_ROOT, sizes, sizeof(sizes));
    size_t vtable = table - u32_at(&fb, table);
    static const uint8_t want[] = {10, 0, 8, 0, 0,
                                   0,  4, 0, 0, 0}; /* its bytes, table's, 3 places */
    assert_memory_equal(fb.bytes.ptr + vtable, want, sizeof(want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flatbuf_lays_out_tables_strings_and_vectors),
        cmocka_unit_test(flatbuf_says_of_absent_fields_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
