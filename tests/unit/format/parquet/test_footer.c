#include "build.h"
#include "format/parquet/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { INT32 = 1 };

static struct err last_err;

static enum code locate(const char *tail, size_t len, uint64_t file_bytes, uint64_t *out_off,
                        uint32_t *out_len)
{
    struct pq_limits limits = pq_limits_default();
    return pq_footer_locate(view_of(tail, len), file_bytes, &limits, out_off, out_len, &last_err);
}

static void the_footer_is_in_front_of_its_length_and_the_magic(void **state)
{
    (void)state;
    uint64_t off;
    uint32_t len;
    assert_int_equal(locate("xx\x05\0\0\0PAR1", 10, 1000, &off, &len), OK);
    assert_int_equal(off, 1000 - 8 - 5);
    assert_int_equal(len, 5);
}

static void what_is_not_parquet_is_told_apart(void **state)
{
    (void)state;
    uint64_t off;
    uint32_t len;
    assert_int_equal(locate("PAR1", 4, 4, &off, &len), E_CORRUPT);
    assert_int_equal(locate("\0\0\0\0PAR1", 8, 8, &off, &len), E_CORRUPT);
    assert_int_equal(locate("PAR1\x01\0\0\0PAR1", 12, 12, &off, &len), E_CORRUPT);
    assert_int_equal(locate("\x01\0\0\0PAR2", 8, 100, &off, &len), E_CORRUPT);
    assert_non_null(strstr(last_err.msg, "PAR2"));
    assert_int_equal(locate("\x01\0\0\0PARE", 8, 100, &off, &len), E_UNSUPPORTED);
    assert_non_null(strstr(last_err.msg, "encrypted"));
    assert_int_equal(locate("\0\0\0\x10PAR1", 8, (uint64_t)1 << 40, &off, &len), E_LIMIT);
}

static enum code parse(const struct buf *footer, uint64_t file_bytes, struct pq_file **out)
{
    struct pq_limits limits = pq_limits_default();
    return pq_file_parse(buf_view(footer), file_bytes, &limits, out, &last_err);
}

/* A footer of one INT32 column, its rows told twice, its chunk `chunk_bytes` at offset 4. */
static void put_footer(struct buf *to, int64_t n_rows, int64_t group_rows, int64_t chunk_bytes)
{
    struct build_column col = {INT32, -1, false, 0, group_rows};
    struct thrift_out file = {.to = to};
    build_schema(&file, &col);
    build_int(&file, 3, n_rows);
    build_group(&file, &col, (size_t)chunk_bytes);
    build_stop(&file);
}

static void expect_corrupt(int64_t n_rows, int64_t group_rows, int64_t chunk_bytes,
                           const char *words)
{
    AUTO(buf) struct buf footer = {0};
    struct pq_file *f = NULL;
    put_footer(&footer, n_rows, group_rows, chunk_bytes);
    assert_int_equal(parse(&footer, footer.len + 100, &f), E_CORRUPT);
    if (!strstr(last_err.msg, words))
        fail_msg("\"%s\" without \"%s\"", last_err.msg, words);
}

static void numbers_that_contradict_one_another_are_corrupt(void **state)
{
    (void)state;
    expect_corrupt(4, 5, 16, "4 rows announced, 5");
    expect_corrupt(-1, -1, 16, "negative");
    expect_corrupt(4, 4, -16, "negative");
    expect_corrupt(4, 4, 100000, "column chunks of 100000 bytes");
}

static void a_chunk_outside_the_data_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf) struct buf footer = {0};
    struct pq_file *f;
    uint64_t off, len;
    put_footer(&footer, 4, 4, 89);
    assert_int_equal(parse(&footer, footer.len + 100, &f), OK);
    assert_int_equal(pq_chunk_range(f, 0, 0, &off, &len, &last_err), E_CORRUPT);
    assert_non_null(strstr(last_err.msg, "column col: 89 bytes at 4, the data ends at 92"));
    pq_file_free(f);
    buf_reset(&footer);
    put_footer(&footer, 4, 4, 88);
    assert_int_equal(parse(&footer, footer.len + 100, &f), OK);
    assert_int_equal(pq_chunk_range(f, 0, 0, &off, &len, &last_err), OK);
    assert_int_equal(off, 4);
    assert_int_equal(len, 88);
    pq_file_free(f);
}

static void put_group(struct thrift_out *s, const char *name, int n_children)
{
    struct thrift_out e = {.to = s->to};
    if (n_children < 0)
        build_int(&e, 1, INT32);
    build_text(&e, 4, name);
    if (n_children >= 0)
        build_int(&e, 5, n_children);
    build_stop(&e);
}

/* root(2) { pair(2) { x, y }, z } */
static void put_nested(struct buf *to, int root_children, int pair_children)
{
    struct thrift_out file = {.to = to};
    build_structs(&file, 2, 5);
    put_group(&file, "root", root_children);
    put_group(&file, "pair", pair_children);
    put_group(&file, "x", -1);
    put_group(&file, "y", -1);
    put_group(&file, "z", -1);
    build_int(&file, 3, 0);
    build_stop(&file);
}

static void leaves_are_counted_through_nested_columns(void **state)
{
    (void)state;
    AUTO(buf) struct buf footer = {0};
    struct pq_file *f;
    put_nested(&footer, 2, 2);
    assert_int_equal(parse(&footer, footer.len + 100, &f), OK);
    assert_int_equal(pq_file_n_columns(f), 2);
    assert_false(pq_file_column(f, 0)->supported);
    assert_true(pq_file_column(f, 1)->supported);
    assert_int_equal(pq_file_column(f, 1)->leaf_idx, 2);
    pq_file_free(f);
}

static void a_field_with_a_type_and_children_is_nested(void **state)
{
    (void)state;
    AUTO(buf) struct buf footer = {0};
    struct thrift_out file = {.to = &footer};
    build_structs(&file, 2, 3);
    put_group(&file, "root", 1);
    struct thrift_out both = {.to = &footer};
    build_int(&both, 1, INT32);
    build_text(&both, 4, "both");
    build_int(&both, 5, 1);
    build_stop(&both);
    put_group(&file, "x", -1);
    build_stop(&file);
    struct pq_file *f;
    assert_int_equal(parse(&footer, footer.len + 100, &f), OK);
    assert_false(pq_file_column(f, 0)->supported);
    pq_file_free(f);
}

static void a_row_group_has_a_chunk_for_each_column(void **state)
{
    (void)state;
    AUTO(buf) struct buf footer = {0};
    struct build_column col = {INT32, -1, false, 0, 4};
    struct thrift_out file = {.to = &footer};
    build_schema(&file, &col);
    build_int(&file, 3, 4);
    build_structs(&file, 4, 1);
    struct thrift_out group = {.to = &footer};
    build_structs(&group, 1, 0);
    build_int(&group, 2, 0); /* total_byte_size */
    build_int(&group, 3, 4);
    build_stop(&group);
    buf_put_u8(&footer, 0);
    struct pq_file *f = NULL;
    assert_int_equal(parse(&footer, footer.len + 100, &f), E_CORRUPT);
    assert_non_null(strstr(last_err.msg, "0 column chunks for 1 columns"));
}

/* A footer with one chunk that has nothing but field `id`, of an empty string or struct. */
static struct pq_file *file_of_odd_chunk(struct buf *footer, int id)
{
    struct build_column col = {INT32, -1, false, 0, 4};
    struct thrift_out file = {.to = footer};
    build_schema(&file, &col);
    build_int(&file, 3, 4);
    build_structs(&file, 4, 1);
    struct thrift_out group = {.to = footer};
    build_structs(&group, 1, 1);
    struct thrift_out chunk = {.to = footer};
    if (id == 1)
        build_text(&chunk, 1, "other.parquet");
    build_int(&chunk, 2, 0); /* file_offset */
    if (id == 8) {
        struct thrift_out crypto = build_struct(&chunk, 8);
        build_stop(&crypto);
    }
    build_stop(&chunk);
    build_int(&group, 3, 4);
    build_stop(&group);
    build_text(&file, 6, "a writer with a name");
    build_stop(&file);
    struct pq_file *f;
    if (parse(footer, footer->len + 100, &f))
        fail_msg("%s", last_err.msg);
    return f;
}

static void chunks_that_lie_elsewhere_are_refused_when_asked_for(void **state)
{
    (void)state;
    static const struct {
        int id;
        enum code code;
        const char *words;
    } cases[] = {{1, E_UNSUPPORTED, "in another file"},
                 {8, E_UNSUPPORTED, "encrypted"},
                 {0, E_CORRUPT, "metadata is missing"}};
    for (size_t i = 0; i < 3; i++) {
        AUTO(buf) struct buf footer = {0};
        uint64_t off, len;
        struct pq_file *f = file_of_odd_chunk(&footer, cases[i].id);
        assert_int_equal(pq_chunk_range(f, 0, 0, &off, &len, &last_err), cases[i].code);
        assert_non_null(strstr(last_err.msg, cases[i].words));
        pq_file_free(f);
    }
}

static void a_list_of_more_chunks_than_bytes_is_corrupt(void **state)
{
    (void)state;
    AUTO(buf) struct buf footer = {0};
    struct thrift_out file = {.to = &footer};
    build_structs(&file, 4, 1);
    struct thrift_out group = {.to = &footer};
    build_head(&group, 1, 9);
    buf_put_u8(&footer, 0xFC);
    build_uleb(&footer, 1000);
    buf_put_zeros(&footer, 15999); /* 1000 chunks of nothing, and their group */
    struct pq_file *f = NULL;
    assert_int_equal(parse(&footer, footer.len + 100, &f), E_CORRUPT);
    if (!strstr(last_err.msg, "longer than its bytes"))
        fail_msg("%s", last_err.msg);
}

static void a_plain_footer_of_an_encrypted_file_is_refused(void **state)
{
    (void)state;
    AUTO(buf) struct buf footer = {0};
    struct build_column col = {INT32, -1, false, 0, 0};
    struct thrift_out file = {.to = &footer};
    build_schema(&file, &col);
    struct thrift_out algorithm = build_struct(&file, 8);
    build_stop(&algorithm);
    build_stop(&file);
    struct pq_file *f = NULL;
    assert_int_equal(parse(&footer, footer.len + 100, &f), E_UNSUPPORTED);
    assert_non_null(strstr(last_err.msg, "encrypted"));
}

static void a_schema_tree_that_does_not_add_up_is_corrupt(void **state)
{
    (void)state;
    static const int counts[][2] = {{1, 2}, {3, 2},          {2, 1},
                                    {2, 3}, {2000000000, 2}, {2, 2000000000}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        AUTO(buf) struct buf footer = {0};
        struct pq_file *f = NULL;
        put_nested(&footer, counts[i][0], counts[i][1]);
        assert_int_equal(parse(&footer, footer.len + 100, &f), E_CORRUPT);
        assert_non_null(strstr(last_err.msg, "schema"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_footer_is_in_front_of_its_length_and_the_magic),
        cmocka_unit_test(what_is_not_parquet_is_told_apart),
        cmocka_unit_test(numbers_that_contradict_one_another_are_corrupt),
        cmocka_unit_test(a_chunk_outside_the_data_is_corrupt),
        cmocka_unit_test(leaves_are_counted_through_nested_columns),
        cmocka_unit_test(a_field_with_a_type_and_children_is_nested),
        cmocka_unit_test(a_row_group_has_a_chunk_for_each_column),
        cmocka_unit_test(chunks_that_lie_elsewhere_are_refused_when_asked_for),
        cmocka_unit_test(a_list_of_more_chunks_than_bytes_is_corrupt),
        cmocka_unit_test(a_plain_footer_of_an_encrypted_file_is_refused),
        cmocka_unit_test(a_schema_tree_that_does_not_add_up_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
