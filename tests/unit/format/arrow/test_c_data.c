/* The C data interface: what is exported comes back the same, and what others hand over is read as
 * it is. */
#include "value_text.h"

#include "format/arrow/c_export.h"
#include "format/arrow/c_import.h"
#include "format/arrow/ipc_writer.h"
#include "model/fill.h"

#include <stdio.h>

#include "test.h"

/* ------------------------------------------------------------------------------- there and back */

enum { N_ROWS = 11 };

static const char *const type_texts[] = {
    "utf8",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "binary",
    "date32",
    "timestamp[s]",
    "timestamp[ns, tz=Europe/Berlin]",
    "time32[ms]",
    "time64[us]",
    "duration[ms]",
    "decimal128(12, 2)",
    "decimal256(60, 0)",
    "fixed_binary[3]",
    "list<float32>",
    "list<utf8>",
    "list<int16>[2]",
};
enum { N_TYPES = sizeof(type_texts) / sizeof(type_texts[0]) };

static bool row_is_null(size_t row)
{
    return row % 4 == 2;
}

/* The elements 0 .. n - 1 as a list, each of all bytes alike or so many letters. */
static struct view list_value(const struct type *type, size_t n, struct arena *arena)
{
    AUTO(list_builder) struct list_builder b = {0};
    struct type element = type_element(type);
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[8];
        memset(bytes, (int)i + 65, sizeof(bytes));
        if (dtype_is_bytes(element.dtype))
            list_add_bytes(&b, view_of(bytes, i));
        else
            list_add_fixed(&b, bytes, 1, type_width(&element));
    }
    uint8_t *out = arena_alloc(arena, list_built_bytes(&b));
    list_built_write(&b, out);
    return view_of(out, list_built_bytes(&b));
}

/* The value of a row as a vector has it, as text. */
static void put_value(const struct type *type, size_t row, struct arena *arena, struct buf *text)
{
    uint8_t bytes[32];
    memset(bytes, (int)row + 33, sizeof(bytes));
    if (row_is_null(row))
        buf_puts(text, "-");
    else if (type->dtype == DT_LIST)
        list_text(list_value(type, type->list_size ? 2 : row % 3, arena), type, text);
    else if (type->dtype == DT_BOOL)
        buf_puts(text, row % 2 ? "01" : "00");
    else
        put_hex(text, bytes, dtype_is_bytes(type->dtype) ? row % 5 : type_width(type));
    buf_puts(text, "\n");
}

static void fill_fixed(struct column *c, size_t row)
{
    size_t width = type_width(&c->type);
    if (c->type.dtype == DT_BOOL)
        fill_bits(c->data, row, (const uint8_t[]){row % 2 && !row_is_null(row)}, 1);
    else
        memset(c->data + row * width, row_is_null(row) ? 0 : (int)row + 33, width);
}

static void fill_text(struct column *c, size_t row)
{
    size_t len = row_is_null(row) ? 0 : row % 5;
    memset(c->data + c->offsets[row], (int)row + 33, len);
    c->offsets[row + 1] = c->offsets[row] + (int32_t)len;
}

static void fill_column(struct column *c, struct arena *arena)
{
    struct list_fill fill = {0};
    for (size_t row = 0; row < N_ROWS; row++) {
        const uint8_t valid = !row_is_null(row);
        struct view list = {0};
        fill_bits(c->validity, row, &valid, 1);
        c->n_nulls += !valid;
        if (c->type.dtype == DT_LIST && valid)
            list = list_value(&c->type, c->type.list_size ? 2 : row % 3, arena);
        if (c->type.dtype != DT_LIST && c->offsets)
            fill_text(c, row);
        else if (c->type.dtype != DT_LIST)
            fill_fixed(c, row);
        else if (c->type.list_size)
            fill_fixed_list(c, row, list);
        else
            fill_list(c, row, list, &fill);
    }
}

static struct column_sizes sizes_of(const struct type *type, struct arena *arena)
{
    struct column_sizes sizes = {0};
    for (size_t row = 0; row < N_ROWS; row++) {
        struct view value = {0};
        if (type->dtype == DT_LIST && !row_is_null(row))
            value = list_value(type, type->list_size ? 2 : row % 3, arena);
        if (dtype_is_bytes(type->dtype) && !row_is_null(row))
            value = view_of("~~~~~", row % 5);
        if (type_is_variable(type))
            assert_true(fill_add_sizes(type, value, &sizes));
    }
    return sizes;
}

/* An answer with a column of every type, in a stream that is freed by its owner. */
static void make_answer(struct arena *arena, struct ipc_stream *out)
{
    struct ipc_field fields[N_TYPES] = {0};
    AUTO(buf) struct buf schema = {0};
    struct err err;
    for (size_t i = 0; i < N_TYPES; i++) {
        fields[i].name = type_texts[i];
        assert_ok(type_parse(view_cstr(type_texts[i]), &fields[i].type, &err));
        fields[i].sizes = sizes_of(&fields[i].type, arena);
    }
    ipc_schema_put(fields, N_TYPES, &schema);
    assert_ok(ipc_plan(buf_view(&schema), fields, N_TYPES, N_ROWS, SIZE_MAX, arena, out, &err));
    for (size_t i = 0; i < N_TYPES; i++)
        fill_column(&out->columns[i], arena);
    ipc_finish(out);
}

static unsigned n_freed;

static void free_answer(void *owner)
{
    ipc_stream_done(owner);
    n_freed++;
}

static void assert_column(const struct arrow_array *a, size_t i, size_t first)
{
    AUTO(buf) struct buf is = {0}, want = {0};
    AUTO(arena) struct arena arena = {0};
    struct err err;
    assert_string_equal(a->type_text, type_texts[i]);
    for (size_t row = 0; row < a->n_rows; row++)
        put_value(&a->type, first + row, &arena, &want);
    assert_ok(array_text(a, &is, &err));
    assert_string_equal(buf_cstr(&is), buf_cstr(&want));
}

static void answers_of_every_type_go_out_and_come_back(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct ipc_stream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    struct c_import *in;
    struct err err;
    size_t n_rows;
    make_answer(&arena, &stream);
    const uint8_t *data = stream.columns[3].data;
    c_export_schema(stream.columns, N_TYPES, &schema);
    c_export_batch(stream.columns, N_TYPES, N_ROWS, free_answer, &stream, &batch);
    assert_ok(c_import_open(&schema, 1 << 20, &in, &err));
    assert_ok(c_import_batch(in, &batch, &n_rows, &err));
    assert_int_equal(n_rows, N_ROWS);
    assert_int_equal(c_import_n_columns(in), N_TYPES);
    for (size_t i = 0; i < N_TYPES; i++)
        assert_column(c_import_column(in, i), i, 0);
    assert_ptr_equal(c_import_column(in, 3)->data.ptr, data); /* nothing was copied */
    batch.offset = 3;                                         /* a slice */
    batch.length = N_ROWS - 5;
    assert_ok(c_import_batch(in, &batch, &n_rows, &err));
    assert_int_equal(n_rows, N_ROWS - 5);
    for (size_t i = 0; i < N_TYPES; i++)
        assert_column(c_import_column(in, i), i, 3);
    c_import_close(in);
    n_freed = 0;
    batch.release(&batch);
    assert_int_equal(n_freed, 1);
    assert_null(batch.release);
    schema.release(&schema);
    assert_null(schema.release);
}

static void children_may_leave_and_outlive_their_parent(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct ipc_stream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    make_answer(&arena, &stream);
    c_export_schema(stream.columns, N_TYPES, &schema);
    c_export_batch(stream.columns, N_TYPES, N_ROWS, free_answer, &stream, &batch);
    struct ArrowSchema moved_schema = *schema.children[N_TYPES - 1];
    struct ArrowArray moved = *batch.children[N_TYPES - 1];
    void (*release)(struct ArrowArray *) = moved.release;
    schema.children[N_TYPES - 1]->release = NULL;
    batch.children[N_TYPES - 1]->release = NULL;
    n_freed = 0;
    schema.release(&schema);
    batch.release(&batch);
    assert_int_equal(n_freed, 0);
    assert_string_equal(moved_schema.format, "+w:2");
    assert_string_equal(moved_schema.children[0]->format, "s");
    assert_int_equal(((const int16_t *)moved.children[0]->buffers[1])[0], 65 * 257);
    moved_schema.release(&moved_schema);
    release(&moved);
    assert_int_equal(n_freed, 1);
    release(&moved); /* once more does nothing */
    assert_int_equal(n_freed, 1);
}

/* ----------------------------------------------------------------------------- arrays of others */

static void keep_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void keep_array(struct ArrowArray *a)
{
    a->release = NULL;
}

/* A batch of one column, put together by hand. */
struct by_hand {
    struct ArrowSchema schema, field, *fields[1];
    struct ArrowArray batch, array, *arrays[1];
    const void *none[1];
};

static void init_by_hand(struct by_hand *b, const char *format, int64_t n_rows,
                         const void **buffers, int64_t n_buffers)
{
    *b = (struct by_hand){
        .field = {.format = format, .name = "x", .release = keep_schema},
        .array = {.length = n_rows,
                  .null_count = -1,
                  .n_buffers = n_buffers,
                  .buffers = buffers,
                  .release = keep_array},
    };
    b->fields[0] = &b->field;
    b->arrays[0] = &b->array;
    b->schema = (struct ArrowSchema){
        .format = "+s", .n_children = 1, .children = b->fields, .release = keep_schema};
    b->batch = (struct ArrowArray){.length = n_rows,
                                   .n_buffers = 1,
                                   .buffers = b->none,
                                   .n_children = 1,
                                   .children = b->arrays,
                                   .release = keep_array};
}

static enum code import_text(const struct by_hand *b, struct buf *out, struct err *err)
{
    struct c_import *in;
    size_t n_rows;
    TRY(c_import_open(&b->schema, 1 << 20, &in, err));
    enum code rc = c_import_batch(in, &b->batch, &n_rows, err);
    if (rc == OK && c_import_column(in, 0)->supported)
        rc = array_text(c_import_column(in, 0), out, err);
    else if (rc == OK)
        buf_printf(out, "not read: %s", c_import_column(in, 0)->type_text);
    c_import_close(in);
    return rc;
}

static void assert_import(const struct by_hand *b, const char *want)
{
    AUTO(buf) struct buf text = {0};
    struct err err;
    assert_ok(import_text(b, &text, &err));
    assert_string_equal(buf_cstr(&text), want);
}

static void assert_refused(const struct by_hand *b, const char *want)
{
    AUTO(buf) struct buf text = {0};
    struct err err;
    assert_fails(import_text(b, &text, &err), E_INVALID, want);
}

static void buffers_of_others_are_read(void **state)
{
    (void)state;
    struct by_hand b;
    const int32_t offsets[] = {0, 1, 3, 3};
    const uint8_t validity = 5;
    const void *text[] = {&validity, offsets, "abc"};
    init_by_hand(&b, "u", 3, text, 3);
    assert_import(&b, "61\n-\n\n");
    b.array.null_count = 0; /* then nobody looks at the bits */
    assert_import(&b, "61\n6263\n\n");
    b.array.offset = 1;
    b.array.length = 2;
    b.batch.length = 2;
    assert_import(&b, "6263\n\n");
    b.batch.offset = 1;
    b.batch.length = 1;
    assert_import(&b, "\n");

    const int64_t sizes[] = {15};
    const uint32_t views[][4] = {{2, 0x6968, 0, 0}, {13, 0, 0, 2}};
    const void *viewed[] = {NULL, views, "0123456789abcde", sizes};
    init_by_hand(&b, "vz", 2, viewed, 4);
    assert_import(&b, "6869\n32333435363738396162636465\n");

    const int64_t days[] = {86400000};
    const void *dates[] = {NULL, days};
    init_by_hand(&b, "tdm", 1, dates, 2);
    assert_import(&b, "01000000\n");
    init_by_hand(&b, "d:9,2,64", 1, dates, 2);
    assert_import(&b, "005c2605000000000000000000000000\n");
}

static uint64_t bytes_of(const struct by_hand *b)
{
    struct c_import *in;
    size_t n_rows;
    struct err err;
    assert_ok(c_import_open(&b->schema, 0, &in, &err));
    assert_ok(c_import_batch(in, &b->batch, &n_rows, &err));
    uint64_t bytes = c_import_bytes(in);
    c_import_close(in);
    return bytes;
}

/* Slices count for what is in them: a large batch may be handed over piece by piece. */
static void batches_are_measured_by_their_rows(void **state)
{
    (void)state;
    struct by_hand b;
    const int32_t offsets[] = {0, 100, 100, 103, 1103};
    static const char text[1103];
    const void *texts[] = {NULL, offsets, text};
    init_by_hand(&b, "u", 4, texts, 3);
    assert_int_equal(bytes_of(&b), 4 * 4 + 1103);
    b.array.offset = 1;
    b.array.length = b.batch.length = 2;
    assert_int_equal(bytes_of(&b), 2 * 4 + 3);

    static const double numbers[1103];
    const void *values[] = {NULL, numbers}, *lists[] = {NULL, offsets};
    struct ArrowSchema item = {.format = "g", .name = "item", .release = keep_schema};
    struct ArrowSchema *items[] = {&item};
    struct ArrowArray elements = {
        .length = 1103, .n_buffers = 2, .buffers = values, .release = keep_array};
    struct ArrowArray *children[] = {&elements};
    init_by_hand(&b, "+l", 4, lists, 2);
    b.field.children = items;
    b.array.children = children;
    b.field.n_children = b.array.n_children = 1;
    assert_int_equal(bytes_of(&b), 4 * 4 + 1103 * 8);
    b.array.offset = 1;
    b.array.length = b.batch.length = 2;
    assert_int_equal(bytes_of(&b), 2 * 4 + 3 * 8);
    init_by_hand(&b, "g", 0, values, 2);
    assert_int_equal(bytes_of(&b), 0);
}

static void dictionaries_of_others_are_read(void **state)
{
    (void)state;
    struct by_hand b;
    uint8_t indexes[] = {2, 0, 1};
    const int32_t offsets[] = {0, 1, 2, 4};
    const void *index_buffers[] = {NULL, indexes}, *text[] = {NULL, offsets, "abcd"};
    struct ArrowSchema values_schema = {.format = "u", .release = keep_schema};
    struct ArrowArray values = {
        .length = 3, .n_buffers = 3, .buffers = text, .release = keep_array};
    init_by_hand(&b, "C", 3, index_buffers, 2);
    b.field.dictionary = &values_schema;
    assert_refused(&b, "column 'x' of the Arrow batch: has no dictionary");
    b.array.dictionary = &values;
    assert_import(&b, "6364\n61\n62\n");
    values.offset = 1;
    values.length = 2;
    assert_refused(&b, "column 'x', row 0: index 2 is not in a dictionary of 2 values");
    indexes[0] = 0;
    assert_import(&b, "62\n62\n6364\n");
    b.field.format = "u";
    assert_import(&b, "not read: dictionary<utf8>");
}

static void what_is_not_ours_is_listed(void **state)
{
    (void)state;
    struct by_hand b;
    const struct {
        const char *format, *text;
    } cases[] = {{"+s", "struct"},
                 {"+m", "map"},
                 {"+us:0,1", "union"},
                 {"tin", "interval"},
                 {"xyz", "xyz"},
                 {"w:0", "fixed_binary[0]"},
                 {"d:5,-1", "decimal128(5, -1)"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char want[100];
        init_by_hand(&b, cases[i].format, 0, NULL, 0);
        snprintf(want, sizeof(want), "not read: %s", cases[i].text);
        assert_import(&b, want);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    struct by_hand b;
    const int32_t offsets[] = {0, 1, -1};
    const void *text[] = {NULL, offsets, "abc"}, *missing[] = {NULL, NULL, NULL};
    const uint8_t one_null = 1;
    init_by_hand(&b, "u", 2, text, 3);
    assert_refused(&b, "column 'x' of the Arrow batch: its last offset is negative");
    init_by_hand(&b, "u", 2, missing, 3);
    assert_refused(&b, "column 'x' of the Arrow batch: buffer 1 of 3 is missing");
    init_by_hand(&b, "l", 2, missing, 1);
    assert_refused(&b, "column 'x' of the Arrow batch: buffer 1 of 1 is missing");
    init_by_hand(&b, "i", 2, text, 2);
    b.array.null_count = 1;
    assert_refused(&b, "1 rows are null, but the validity is missing");
    b.array.null_count = -1;
    b.array.length = 1;
    assert_refused(&b, "column 'x' of the Arrow batch: has 1 rows, not 2");
    b.array.length = -1;
    assert_refused(&b, "has -1 rows from 0 on");
    b.array.length = 2;
    b.array.n_children = 1;
    assert_refused(&b, "has 1 children, its schema 0");
    b.array.n_children = 0;
    b.array.release = NULL;
    assert_refused(&b, "column 'x' of the Arrow batch: was released already");
    init_by_hand(&b, "i", 2, text, 2);
    b.none[0] = &one_null;
    assert_import(&b, "00000000\n01000000\n"); /* null_count 0: nobody looks */
    b.batch.null_count = -1;
    assert_refused(&b, "row 1 of the Arrow batch is null as a whole");
    init_by_hand(&b, "w:x", 0, NULL, 0);
    assert_refused(&b, "column 'x' of the Arrow batch: format 'w:x' is not understood");
    init_by_hand(&b, "tsx:UTC", 0, NULL, 0);
    assert_refused(&b, "format 'tsx:UTC' is not understood");
    init_by_hand(&b, "i", 2, text, 2);
    b.schema.format = "i";
    assert_refused(&b, "its format is 'i', not '+s'");
    b.schema.release = NULL;
    assert_refused(&b, "the Arrow schema was released already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_every_type_go_out_and_come_back),
        cmocka_unit_test(children_may_leave_and_outlive_their_parent),
        cmocka_unit_test(buffers_of_others_are_read),
        cmocka_unit_test(batches_are_measured_by_their_rows),
        cmocka_unit_test(dictionaries_of_others_are_read),
        cmocka_unit_test(what_is_not_ours_is_listed),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
