/* Files of pyarrow, Polars and DuckDB, made by tests/golden/parquet/make.py; runs in the top
 * folder. */
#include "value_hash.h"
#include "whole_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char golden_dir[] = "tests/golden/parquet";

struct expected {
    char *file, *column, *dtype;
    bool nullable;
    size_t n_rows, n_nulls;
    char *hash;
};

static void golden_read(const char *file, struct buf *out)
{
    char path[512];
    struct err err;
    snprintf(path, sizeof(path), "%s/%s", golden_dir, file);
    if (file_read(path, 1 << 20, out, &err))
        fail_msg("%s", err.msg);
}

/* \n and \\ of make.py. */
static char *unescape(char *s)
{
    char *to = s;
    for (const char *from = s; *from; from++)
        *to++ = *from != '\\' ? *from : *++from == 'n' ? '\n' : *from;
    *to = '\0';
    return s;
}

static struct expected parse_line(char *line)
{
    struct expected e;
    e.file = strsep(&line, "\t");
    e.column = unescape(strsep(&line, "\t"));
    e.dtype = strsep(&line, "\t");
    e.nullable = strcmp(strsep(&line, "\t"), "1") == 0;
    e.n_rows = strtoul(strsep(&line, "\t"), NULL, 10);
    e.n_nulls = strtoul(strsep(&line, "\t"), NULL, 10);
    e.hash = line;
    return e;
}

static void check_values(const struct expected *e, const struct pq_file *f, struct view bytes,
                         size_t column, size_t cap)
{
    struct tally t = {0};
    struct err err;
    sha256_init(&t.sha);
    if (whole_file_read_column(f, bytes, column, cap, tally_vector, &t, &err))
        fail_msg("%s: %s", e->file, err.msg);
    char hash[17];
    sha256_end16(&t.sha, hash);
    if (t.n_rows != e->n_rows || t.n_nulls != e->n_nulls || strcmp(hash, e->hash) != 0)
        fail_msg(
            "%s, column %s, %zu at a time: %zu rows, %zu nulls, hash %s; expected %zu, %zu, %s",
            e->file, e->column, cap, t.n_rows, t.n_nulls, hash, e->n_rows, e->n_nulls, e->hash);
}

static void check_column(const struct expected *e)
{
    AUTO(buf) struct buf bytes = {0};
    golden_read(e->file, &bytes);
    struct pq_limits limits = pq_limits_default();
    struct pq_file *f;
    struct err err;
    if (whole_file_open(buf_view(&bytes), &limits, &f, &err))
        fail_msg("%s: %s", e->file, err.msg);
    size_t i;
    if (pq_file_find(f, view_cstr(e->column), &i, &err))
        fail_msg("%s: %s", e->file, err.msg);
    const struct pq_column *col = pq_file_column(f, i);
    if (!col->supported)
        fail_msg("%s: column %s: %s", e->file, e->column, col->why_not);
    char text[TYPE_TEXT_CAP];
    assert_string_equal(type_text(&col->type, text), e->dtype);
    /* DuckDB and Polars declare every column nullable, pyarrow what it is told. */
    assert_int_equal(col->nullable, e->nullable);
    static const size_t caps[] = {1, 7, 33, 4096};
    for (size_t k = 0; k < sizeof(caps) / sizeof(caps[0]); k++)
        check_values(e, f, buf_view(&bytes), i, caps[k]);
    pq_file_free(f);
}

static void every_column_has_the_values_that_were_written(void **state)
{
    (void)state;
    AUTO(buf) struct buf lines = {0};
    golden_read("expected.tsv", &lines);
    buf_put_u8(&lines, 0);
    size_t n_columns = 0;
    char *save;
    for (char *line = strtok_r((char *)lines.ptr, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        struct expected e = parse_line(line);
        check_column(&e);
        n_columns++;
    }
    assert_true(n_columns > 400);
}

static struct pq_file *open_golden(const char *file, struct buf *bytes)
{
    struct pq_limits limits = pq_limits_default();
    struct pq_file *f;
    struct err err;
    golden_read(file, bytes);
    if (whole_file_open(buf_view(bytes), &limits, &f, &err))
        fail_msg("%s: %s", file, err.msg);
    return f;
}

static void other_types_are_read_but_for_nested_ones(void **state)
{
    (void)state;
    AUTO(buf) struct buf bytes = {0};
    struct pq_file *f = open_golden("pyarrow_other_types.parquet", &bytes);
    static const char *const types[] = {"int32", "date32", "binary", "list<int64>", NULL, "utf8"};
    assert_int_equal(pq_file_n_columns(f), 6);
    for (size_t i = 0; i < 6; i++) {
        char text[TYPE_TEXT_CAP];
        const struct pq_column *col = pq_file_column(f, i);
        assert_int_equal(col->supported, types[i] != NULL);
        assert_int_equal(col->nested, types[i] == NULL);
        if (types[i])
            assert_string_equal(type_text(&col->type, text), types[i]);
    }
    struct err err;
    uint64_t off, len;
    assert_int_equal(pq_chunk_range(f, 0, 4, &off, &len, &err), E_UNSUPPORTED);
    assert_string_equal(err.msg, "column pair: nested columns are not supported: it is a struct");
    pq_file_free(f);
}

static void a_name_of_two_columns_is_a_problem_only_when_asked_for(void **state)
{
    (void)state;
    AUTO(buf) struct buf bytes = {0};
    struct pq_file *f = open_golden("pyarrow_same_name.parquet", &bytes);
    struct err err;
    size_t i;
    assert_int_equal(pq_file_n_columns(f), 2);
    assert_int_equal(pq_file_find(f, view_cstr("a"), &i, &err), E_INVALID);
    assert_int_equal(pq_file_find(f, view_cstr("b"), &i, &err), E_NOTFOUND);
    pq_file_free(f);
}

static void row_groups_are_told(void **state)
{
    (void)state;
    AUTO(buf) struct buf bytes = {0};
    struct pq_file *f = open_golden("pyarrow_empty_groups.parquet", &bytes);
    assert_int_equal(pq_file_n_rows(f), 3);
    assert_int_equal(pq_file_n_row_groups(f), 5);
    assert_int_equal(pq_file_group_rows(f, 0), 0);
    assert_int_equal(pq_file_group_rows(f, 1), 2);
    pq_file_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_has_the_values_that_were_written),
        cmocka_unit_test(other_types_are_read_but_for_nested_ones),
        cmocka_unit_test(a_name_of_two_columns_is_a_problem_only_when_asked_for),
        cmocka_unit_test(row_groups_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
