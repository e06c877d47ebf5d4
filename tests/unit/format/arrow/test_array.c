/* Arrays whose buffers lie, and the values of runs of rows that begin anywhere. */
#include "value_text.h"

#include "format/arrow/array.h"

#include "test.h"

static struct arrow_array array_of(enum dtype dtype, enum arrow_layout layout, size_t n_rows,
                                   const void *data, size_t bytes)
{
    return (struct arrow_array){
        .name = view_cstr("c"),
        .supported = true,
        .type = type_of(dtype),
        .layout = layout,
        .n_rows = n_rows,
        .data = view_of(data, bytes),
        .read_bytes = 1 << 20,
    };
}

static void assert_text(const struct arrow_array *a, const char *want)
{
    AUTO(buf) struct buf text = {0};
    struct err err;
    assert_ok(array_text(a, &text, &err));
    assert_string_equal(buf_cstr(&text), want);
}

static void assert_lies(const struct arrow_array *a, const char *want)
{
    AUTO(buf) struct buf text = {0};
    struct err err;
    assert_fails(array_text(a, &text, &err), E_INVALID, want);
}

/* -------------------------------------------------------------------------------------- numbers */

static void numbers_are_read_from_any_row_on(void **state)
{
    (void)state;
    enum { N = 100 };
    int16_t values[N];
    uint8_t validity[(N + 7) / 8 + 1];
    for (int i = 0; i < N; i++)
        values[i] = (int16_t)(i * 331);
    for (size_t i = 0; i < sizeof(validity); i++)
        validity[i] = (uint8_t)(i * 77 + 13);
    struct arrow_array a = array_of(DT_INT16, ARRAY_PLAIN, N, values, sizeof(values));
    a.validity = validity;
    for (size_t at = 0; at <= N; at++)
        for (size_t n = 0; n <= N - at && n < 40; n++) {
            AUTO(vector) struct vector v = {0};
            AUTO(arena) struct arena arena = {0};
            struct err err;
            size_t n_nulls = 0;
            vector_init(&v, &a.type, n);
            assert_ok(arrow_array_read(&a, at, n, &v, &arena, &err));
            assert_int_equal(v.n, n);
            for (size_t i = 0; i < n; i++) {
                bool valid = validity[(at + i) / 8] >> ((at + i) % 8) & 1;
                assert_int_equal(v.valid[i], valid);
                assert_int_equal(((int16_t *)v.values)[i], valid ? values[at + i] : 0);
                n_nulls += !valid;
            }
            assert_int_equal(v.n_nulls, n_nulls);
        }
}

static void an_array_may_begin_behind_its_buffers(void **state)
{
    (void)state;
    const uint8_t bits[] = {0xF0, 0x05}, validity[] = {0xEF, 0xFF};
    struct arrow_array a = array_of(DT_BOOL, ARRAY_BITS, 5, bits, sizeof(bits));
    a.offset = 4;
    a.validity = validity;
    assert_text(&a, "-\n01\n01\n01\n01\n");
    a.offset = 7;
    assert_text(&a, "01\n01\n00\n01\n00\n");
}

static void null_fits_any_type(void **state)
{
    (void)state;
    struct arrow_array a = {.supported = true, .is_null = true, .layout = ARRAY_NULLS, .n_rows = 3};
    for (int t = 0; t < DT_COUNT; t++) {
        AUTO(vector) struct vector v = {0};
        AUTO(arena) struct arena arena = {0};
        const struct type type = {.dtype = (enum dtype)t, .fixed_width = 3, .element = DT_INT8};
        struct err err;
        vector_init(&v, &type, 3);
        assert_ok(arrow_array_read(&a, 0, 3, &v, &arena, &err));
        assert_int_equal(v.n_nulls, 3);
    }
}

static void days_are_whole(void **state)
{
    (void)state;
    int64_t ms[] = {-86400000, 86400000, 1};
    struct arrow_array a = array_of(DT_DATE32, ARRAY_DAYS, 3, ms, sizeof(ms));
    assert_lies(&a, "column 'c', row 2: a date of 1 ms is not a whole day");
    ms[2] = INT64_MAX / 86400000 * 86400000;
    assert_lies(&a, "row 2: a date of 9223372036828800000 ms is not a whole day");
    a.n_rows = 2;
    assert_text(&a, "ffffffff\n01000000\n");
}

static void narrow_decimals_keep_their_sign(void **state)
{
    (void)state;
    const int32_t values[] = {-2, 2};
    struct arrow_array a = array_of(DT_DECIMAL128, ARRAY_NARROW, 2, values, sizeof(values));
    a.width = 4;
    assert_text(&a, "feffffffffffffffffffffffffffffff\n02000000000000000000000000000000\n");
}

/* ----------------------------------------------------------------------------------------- text */

static struct arrow_array text_of(const int32_t *offsets, size_t n_rows, const char *data)
{
    struct arrow_array a = array_of(DT_UTF8, ARRAY_BYTES, n_rows, data, strlen(data));
    a.offsets = (const uint8_t *)offsets;
    return a;
}

static void offsets_rise_inside_the_data(void **state)
{
    (void)state;
    const int32_t good[] = {1, 1, 3}, falling[] = {0, 3, 1}, beyond[] = {0, 2, 5},
                  negative[] = {-1, 2, 3};
    struct arrow_array a = text_of(good, 2, "abcd");
    assert_text(&a, "\n6263\n");
    a.offsets = (const uint8_t *)falling;
    assert_lies(&a, "column 'c', row 1: offsets 3 and 1 are not in 4 bytes");
    a.offsets = (const uint8_t *)beyond;
    assert_lies(&a, "column 'c', row 1: offsets 2 and 5 are not in 4 bytes");
    a.offsets = (const uint8_t *)negative;
    assert_lies(&a, "column 'c', row 0: offsets 4294967295 and 2 are not in 4 bytes");
}

static void text_is_utf8_value_by_value(void **state)
{
    (void)state;
    const int32_t whole[] = {0, 2, 4}, halves[] = {0, 1, 4};
    const uint8_t first = 2; /* only row 1 */
    struct arrow_array a = text_of(whole, 2, "\xc3\xbc\xc3\xbc");
    assert_text(&a, "c3bc\nc3bc\n");
    a.offsets = (const uint8_t *)halves;
    assert_lies(&a, "column 'c', row 0: text is not UTF-8: \\xc3");
    a.validity = &first;
    assert_lies(&a, "column 'c', row 1: text is not UTF-8: \\xbc\xc3\xbc");
    a.type.dtype = DT_BINARY;
    assert_text(&a, "-\nbcc3bc\n");
    a = text_of(whole, 2,
                "\xff\xff"
                "ab");
    a.validity = &first; /* what a null hides is nobody's business */
    assert_text(&a, "-\n6162\n");
}

/* A view of `len` bytes at `offset` of a block. */
static void put_view(uint32_t out[4], uint32_t len, uint32_t block, uint32_t offset)
{
    out[0] = len;
    out[1] = 0;
    out[2] = block;
    out[3] = offset;
}

static void views_lead_into_their_blocks(void **state)
{
    (void)state;
    const struct view blocks[] = {view_cstr("0123456789abcdef")};
    uint32_t v[4];
    struct arrow_array a = array_of(DT_UTF8, ARRAY_VIEWS, 1, v, sizeof(v));
    a.blocks = blocks;
    a.n_blocks = 1;
    put_view(v, 13, 0, 3);
    assert_text(&a, "33343536373839616263646566\n");
    put_view(v, 13, 0, 4);
    assert_lies(&a, "column 'c', row 0: a view of 13 bytes at 4 is not in 16 bytes");
    put_view(v, UINT32_MAX, 0, 0);
    assert_lies(&a, "a view of 4294967295 bytes at 0 is not in 16 bytes");
    put_view(v, 13, 0, UINT32_MAX);
    assert_lies(&a, "at 4294967295 is not in 16 bytes");
    put_view(v, 13, 1, 0);
    assert_lies(&a, "a view leads to block 1 of 1");
    put_view(v, 3, 0x00ff00ff, 0);
    assert_text(&a, "000000\n");
    memset(&v[1], 0xFF, 12);
    assert_lies(&a, "row 0: text is not UTF-8");
    a.type.dtype = DT_BINARY;
    v[0] = 12;
    assert_text(&a, "ffffffffffffffffffffffff\n");
}

/* ---------------------------------------------------------------------------------------- lists */

static struct arrow_array list_of(struct arrow_array *child, enum arrow_layout layout,
                                  const int32_t *offsets, const int32_t *sizes, size_t n_rows)
{
    struct arrow_array a = array_of(DT_LIST, layout, n_rows, "", 0);
    a.type.element = child->type.dtype;
    a.children = child;
    a.n_children = 1;
    a.offsets = (const uint8_t *)offsets;
    a.sizes = (const uint8_t *)sizes;
    return a;
}

static void elements_are_in_the_child(void **state)
{
    (void)state;
    const uint8_t values[] = {1, 2, 3, 4};
    const int32_t good[] = {0, 3, 4}, falling[] = {0, 3, 1}, beyond[] = {0, 3, 5},
                  negative[] = {-1, 0, 1};
    struct arrow_array child = array_of(DT_INT8, ARRAY_PLAIN, 4, values, 4);
    struct arrow_array a = list_of(&child, ARRAY_LIST, good, NULL, 2);
    assert_text(&a, "[01,02,03]\n[04]\n");
    a.offsets = (const uint8_t *)falling;
    assert_lies(&a, "column 'c', row 1: elements 3 to 1 of a list are not in 4");
    a.offsets = (const uint8_t *)beyond;
    assert_lies(&a, "column 'c', row 1: elements 3 to 5 of a list are not in 4");
    a.offsets = (const uint8_t *)negative;
    assert_lies(&a, "column 'c', row 0: elements 4294967295 to 0 of a list are not in 4");
    child.validity = (const uint8_t *)"\x0d";
    a.offsets = (const uint8_t *)good;
    assert_text(&a, "[01,-,03]\n[04]\n");
}

static void list_views_are_in_the_child(void **state)
{
    (void)state;
    const uint8_t values[] = {1, 2, 3, 4};
    const int32_t offsets[] = {2, 0}, sizes[] = {2, 3}, many[] = {2, 5}, negative[] = {-1, 0};
    struct arrow_array child = array_of(DT_INT8, ARRAY_PLAIN, 4, values, 4);
    struct arrow_array a = list_of(&child, ARRAY_LIST_VIEW, offsets, sizes, 2);
    assert_text(&a, "[03,04]\n[01,02,03]\n");
    a.sizes = (const uint8_t *)many;
    assert_lies(&a, "column 'c', row 1: elements 0 to 5 of a list are not in 4");
    a.sizes = (const uint8_t *)negative;
    assert_lies(&a, "column 'c', row 0: elements 2 to");
}

static void what_is_wrong_inside_a_list_is_wrong_in_its_row(void **state)
{
    (void)state;
    const int32_t ends[] = {0, 1, 2, 3, 4, 5}, offsets[] = {0, 1, 5};
    struct arrow_array child = text_of(ends, 5,
                                       "abc\xff"
                                       "e");
    struct arrow_array a = list_of(&child, ARRAY_LIST, offsets, NULL, 2);
    assert_lies(&a, "column 'c', row 1: text is not UTF-8");
}

static void overlapping_lists_have_a_limit(void **state)
{
    (void)state;
    static uint8_t values[1000];
    const int32_t offsets[] = {0, 0, 0}, sizes[] = {1000, 1000, 1000};
    struct err err;
    AUTO(buf) struct buf text = {0};
    struct arrow_array child = array_of(DT_INT8, ARRAY_PLAIN, 1000, values, sizeof(values));
    struct arrow_array a = list_of(&child, ARRAY_LIST_VIEW, offsets, sizes, 3);
    a.read_bytes = 5000;
    assert_fails(array_text(&a, &text, &err), E_LIMIT,
                 "column 'c', from row 2: values take more than 5000 bytes");
    a.n_rows = 2;
    assert_ok(array_text(&a, &text, &err));
}

/* --------------------------------------------------------------------------- dictionaries, runs */

static void indexes_are_in_the_dictionary(void **state)
{
    (void)state;
    const uint8_t first[] = {10, 11}, second[] = {12};
    int8_t indexes[] = {2, 0, 1};
    struct arrow_array a1 = array_of(DT_INT8, ARRAY_PLAIN, 2, first, 2),
                       a2 = array_of(DT_INT8, ARRAY_PLAIN, 1, second, 1),
                       none = array_of(DT_INT8, ARRAY_PLAIN, 0, second, 0);
    struct arrow_piece pieces[] = {{&none, 0}, {&a1, 2}, {&none, 2}, {&a2, 3}};
    struct arrow_dictionary d = {pieces, 4};
    struct arrow_array a = array_of(DT_INT8, ARRAY_DICTIONARY, 3, indexes, 3);
    a.dictionary = &d;
    a.width = 1;
    a.index_is_signed = true;
    assert_text(&a, "0c\n0a\n0b\n");
    indexes[1] = 3;
    assert_lies(&a, "column 'c', row 1: index 3 is not in a dictionary of 3 values");
    indexes[1] = -1;
    assert_lies(&a, "column 'c', row 1: index -1 is not in a dictionary of 3 values");
    a.index_is_signed = false;
    assert_lies(&a, "column 'c', row 1: index 255 is not in a dictionary of 3 values");
    a.validity = (const uint8_t *)"\x05"; /* the index of a null is nobody's business */
    assert_text(&a, "0c\n-\n0b\n");
    d.n_pieces = 0;
    assert_lies(&a, "index 2 is not in a dictionary of 0 values");
}

static void runs_rise_and_cover_the_rows(void **state)
{
    (void)state;
    const uint8_t values[] = {1, 2, 3};
    int16_t ends[] = {2, 3, 20};
    struct arrow_array children[] = {array_of(DT_INT16, ARRAY_PLAIN, 3, ends, sizeof(ends)),
                                     array_of(DT_INT8, ARRAY_PLAIN, 3, values, 3)};
    struct arrow_array a = array_of(DT_INT8, ARRAY_RUNS, 5, "", 0);
    a.children = children;
    a.n_children = 2;
    assert_text(&a, "01\n01\n02\n03\n03\n");
    a.offset = 2;
    assert_text(&a, "02\n03\n03\n03\n03\n");
    ends[2] = 6;
    assert_lies(&a, "column 'c', row 4: is in none of the 3 runs");
    a.offset = 0;
    ends[1] = 2;
    assert_lies(&a, "column 'c', row 2: a run ends at 2, before it begins");
    ends[0] = -5;
    ends[1] = -3;
    assert_text(&a, "03\n03\n03\n03\n03\n"); /* of runs that are over nothing is asked */
    children[1].n_rows = 2;
    assert_lies(&a, "column 'c', row 0: is in none of the 3 runs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_from_any_row_on),
        cmocka_unit_test(an_array_may_begin_behind_its_buffers),
        cmocka_unit_test(null_fits_any_type),
        cmocka_unit_test(days_are_whole),
        cmocka_unit_test(narrow_decimals_keep_their_sign),
        cmocka_unit_test(offsets_rise_inside_the_data),
        cmocka_unit_test(text_is_utf8_value_by_value),
        cmocka_unit_test(views_lead_into_their_blocks),
        cmocka_unit_test(elements_are_in_the_child),
        cmocka_unit_test(list_views_are_in_the_child),
        cmocka_unit_test(what_is_wrong_inside_a_list_is_wrong_in_its_row),
        cmocka_unit_test(overlapping_lists_have_a_limit),
        cmocka_unit_test(indexes_are_in_the_dictionary),
        cmocka_unit_test(runs_rise_and_cover_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
