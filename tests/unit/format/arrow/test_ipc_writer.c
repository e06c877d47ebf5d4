#include "format/arrow/ipc_writer.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>

/*
 * Streams are compared with files that pyarrow and Polars read right: tests/golden/arrow/check.py
 * says what they must hold. MURR_TEST_WRITE_GOLDEN=1 writes the files anew; run check.py
 * afterwards.
 */
static void assert_golden(const char *name, const struct ipc_stream *s)
{
    char path[PATH_CAP];
    struct err err;
    assert_int_equal(path_format(path, &err, "tests/golden/arrow/%s.arrows", name), OK);
    if (getenv("MURR_TEST_WRITE_GOLDEN")) {
        assert_int_equal(file_replace(path, view_of(s->bytes, s->len), &err), OK);
        return;
    }
    AUTO(buf) struct buf want = {0};
    if (file_read(path, 1u << 20, &want, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(s->len, want.len);
    assert_memory_equal(s->bytes, want.ptr, want.len);
}

static void set_valid(struct column *c, size_t row, bool valid)
{
    if (row % 8 == 0)
        c->validity[row / 8] = 0;
    if (valid)
        c->validity[row / 8] |= (uint8_t)(1u << (row % 8));
    else
        c->n_nulls++;
}

static void put_fixed(struct column *c, size_t row, const void *value, bool valid)
{
    size_t width = dtype_width(c->type.dtype);
    static const uint8_t zeros[8];
    set_valid(c, row, valid);
    memcpy(c->data + row * width, valid ? value : zeros, width);
}

/* Row i of a number column holds i * 3 - 4 in its type; row 2 is null. */
static void fill_numbers(struct column *c)
{
    for (size_t row = 0; row < c->n_rows; row++) {
        int64_t whole = (int64_t)row * 3 - 4;
        float single = (float)whole / 8;
        double real = (double)whole / 3;
        const void *value = c->type.dtype == DT_FLOAT32   ? (void *)&single
                            : c->type.dtype == DT_FLOAT64 ? (void *)&real
                                                          : (void *)&whole;
        put_fixed(c, row, value, row != 2);
    }
}

static void fill_bools(struct column *c)
{
    memset(c->data, 0, column_bitmap_bytes(c->n_rows));
    for (size_t row = 0; row < c->n_rows; row++) {
        set_valid(c, row, row != 2);
        if (row != 2 && row % 3 == 1)
            c->data[row / 8] |= (uint8_t)(1u << (row % 8));
    }
}

static const char *const words[] = {"", "b", "-", "\xc3\xbc\xf0\x9f\x98\x80",
                                    "longer than sixteen bytes"};

static size_t words_bytes(size_t n_rows)
{
    size_t total = 0;
    for (size_t row = 0; row < n_rows; row++)
        total += row == 2 ? 0 : strlen(words[row % 5]);
    return total;
}

static void fill_words(struct column *c)
{
    c->offsets[0] = 0;
    for (size_t row = 0; row < c->n_rows; row++) {
        size_t len = row == 2 ? 0 : strlen(words[row % 5]);
        set_valid(c, row, row != 2);
        memcpy(c->data + c->offsets[row], words[row % 5], len);
        c->offsets[row + 1] = c->offsets[row] + (int32_t)len;
    }
}

static enum code plan(const struct ipc_field *fields, size_t n_fields, size_t n_rows,
                      size_t max_bytes, struct arena *arena, struct ipc_stream *out,
                      struct err *err)
{
    AUTO(buf) struct buf schema = {0};
    ipc_schema_put(fields, n_fields, &schema);
    return ipc_plan(buf_view(&schema), fields, n_fields, n_rows, max_bytes, arena, out, err);
}

/* A column of every dtype. */
static void write_all(size_t n_rows, struct arena *arena, struct ipc_stream *out)
{
    enum { N = DT_FLOAT64 + 1 };
    struct ipc_field fields[N] = {0};
    struct err err;
    for (int t = 0; t < N; t++) {
        fields[t].name = dtype_name((enum dtype)t);
        fields[t].type = type_of((enum dtype)t);
    }
    fields[DT_UTF8].sizes.bytes = words_bytes(n_rows);
    assert_int_equal(plan(fields, N, n_rows, SIZE_MAX, arena, out, &err), OK);
    for (int t = 0; t < N; t++) {
        struct column *c = &out->columns[t];
        if (t == DT_UTF8)
            fill_words(c);
        else if (t == DT_BOOL)
            fill_bools(c);
        else
            fill_numbers(c);
    }
    ipc_finish(out);
}

static void ipc_writes_every_dtype_as_pyarrow_reads_it(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 5, 100};
    for (size_t i = 0; i < 4; i++) {
        AUTO(arena) struct arena arena = {0};
        struct ipc_stream s;
        char name[32];
        write_all(sizes[i], &arena, &s);
        snprintf(name, sizeof(name), "all_%zu", sizes[i]);
        assert_golden(name, &s);
        ipc_stream_done(&s);
    }
}

static void ipc_writes_an_answer_without_columns(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct ipc_stream s;
    struct err err;
    assert_int_equal(plan(NULL, 0, 7, SIZE_MAX, &arena, &s, &err), OK);
    ipc_finish(&s);
    assert_golden("no_columns", &s);
    ipc_stream_done(&s);
}

static void ipc_writes_odd_names(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct ipc_stream s;
    struct err err;
    const struct ipc_field fields[] = {{"", {.dtype = DT_INT8}, {.bytes = 0}},
                                       {"\xc3\xbc \"x\"", {.dtype = DT_INT8}, {.bytes = 0}},
                                       {"seven77", {.dtype = DT_INT8}, {.bytes = 0}},
                                       {"eight888", {.dtype = DT_INT8}, {.bytes = 0}}};
    assert_int_equal(plan(fields, 4, 3, SIZE_MAX, &arena, &s, &err), OK);
    for (size_t i = 0; i < 4; i++)
        fill_numbers(&s.columns[i]);
    ipc_finish(&s);
    assert_golden("names", &s);
    ipc_stream_done(&s);
}

static void ipc_aligns_every_buffer_in_memory(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct ipc_stream s;
    write_all(13, &arena, &s);
    for (size_t i = 0; i < s.n_columns; i++) {
        assert_int_equal((uintptr_t)s.columns[i].validity % 64, 0);
        assert_int_equal((uintptr_t)s.columns[i].offsets % 64, 0);
        assert_int_equal((uintptr_t)s.columns[i].data % 64, 0);
    }
    ipc_stream_done(&s);
}

static void ipc_keeps_the_limits(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct ipc_stream s;
    struct err err;
    const struct ipc_field text = {"t", {.dtype = DT_UTF8}, {.bytes = (size_t)INT32_MAX + 1}},
                           number = {"n", {.dtype = DT_INT64}, {.bytes = 0}};
    assert_int_equal(plan(&text, 1, 1, SIZE_MAX, &arena, &s, &err), E_LIMIT);
    assert_string_equal(err.msg, "column t: 2147483648 bytes of text are too many for one answer");
    assert_int_equal(plan(&number, 1, 100, 863, &arena, &s, &err), E_LIMIT);
    assert_string_equal(err.msg, "the answer would have more than 863 bytes");
    assert_int_equal(plan(&number, 1, SIZE_MAX / 2, SIZE_MAX - 1, &arena, &s, &err), E_LIMIT);
    assert_int_equal(plan(&number, 1, 100, 960, &arena, &s, &err), OK);
    ipc_stream_done(&s);
}

int main(void)
{
    mallopt(M_PERTURB, 0xA5); /* memory that nobody wrote shows in the comparison */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipc_writes_every_dtype_as_pyarrow_reads_it),
        cmocka_unit_test(ipc_writes_an_answer_without_columns),
        cmocka_unit_test(ipc_writes_odd_names),
        cmocka_unit_test(ipc_aligns_every_buffer_in_memory),
        cmocka_unit_test(ipc_keeps_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
