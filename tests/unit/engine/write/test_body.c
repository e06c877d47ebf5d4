/* The same rows in each form of a body come out as the same columns; what is wrong with a body is
 * said by column. */
#include "engine/write/body_open.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/build/row_sink.h"
#include "format/arrow/input.h"
#include "test.h"

#include "arrow_rows.h"

#include <stdio.h>

static const int64_t stamp = 1234567;

/* A table, and what is said of the body of a write to it. Zeroed memory can be ended. */
struct room {
    struct schema schema;
    struct buf bytes;
    struct arrow_rows rows;
    struct c_batches batches;
    struct memory_shares shares;
    struct body_config config;
};

static void room_done(struct room *r)
{
    schema_done(&r->schema);
    buf_done(&r->bytes);
}

/* Zeroed but for the settings; the form has no bytes yet. */
static struct body_config *expect(struct room *r, enum write_form form)
{
    r->shares = memory_shares_of_writes(16 << 20, 1);
    r->config = (struct body_config){
        .form = form, .schema = &r->schema, .stamp = stamp, .shares = &r->shares};
    return &r->config;
}

static struct body_config *text(struct room *r, const char *json)
{
    expect(r, WRITE_JSON)->bytes = view_cstr(json);
    return &r->config;
}

static struct body_config *file(struct room *r, enum write_form form, const char *path)
{
    struct err err;
    buf_reset(&r->bytes);
    assert_ok(file_read(path, 1 << 20, &r->bytes, &err));
    expect(r, form)->bytes = buf_view(&r->bytes);
    return &r->config;
}

/* `n` rows of arrow_rows.h, from the id 0 on. */
static struct body_config *structs(struct room *r, int n)
{
    arrow_rows_init(&r->rows, 0, n, 0.5f);
    r->batches = (struct c_batches){&r->rows.schema, &r->rows.array, 1};
    expect(r, WRITE_BATCHES)->batches = &r->batches;
    return &r->config;
}

/* As tests/golden/api/flights.parquet. */
static void schema_of_flights(struct room *r)
{
    schema_add_plain(&r->schema, view_cstr("carrier"), DT_UTF8, false);
    schema_add_plain(&r->schema, view_cstr("delay"), DT_FLOAT64, true);
    schema_add_plain(&r->schema, view_cstr("flight"), DT_INT32, false);
    schema_add_key(&r->schema, 0);
    schema_add_key(&r->schema, 2);
}

/* As arrow_rows.h. */
static void schema_of_rows(struct room *r)
{
    schema_add_plain(&r->schema, view_cstr("id"), DT_UTF8, false);
    schema_add_plain(&r->schema, view_cstr("score"), DT_FLOAT32, true);
    schema_add_plain(&r->schema, view_cstr("visits"), DT_INT64, true);
    schema_add_key(&r->schema, 0);
}

#define FLIGHTS                                                                     \
    "{\"columns\":{\"flight\":[1545,1714,1545],\"carrier\":[\"UA\",\"UA\",\"AA\"]," \
    "\"delay\":[2.5,null,-1]}}"

static void check_flights(const struct body_config *config)
{
    struct err err;
    struct body *b;
    size_t n;
    assert_ok(body_open(config, &b, &err));
    assert_ok(body_next(b, &n, &err));
    assert_int_equal(n, 3);
    const struct vector *carrier = &b->columns[2], *delay = &b->columns[3],
                        *flight = &b->columns[4];
    assert_true(view_eq_cstr(carrier->views[0], "UA") && view_eq_cstr(carrier->views[2], "AA"));
    assert_true(((double *)delay->values)[0] == 2.5 && ((double *)delay->values)[2] == -1);
    assert_memory_equal(delay->valid, "\1\0\1", 3);
    assert_int_equal(delay->n_nulls, 1);
    assert_memory_equal(flight->values, ((int32_t[]){1545, 1714, 1545}), 12);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(b->columns[i].n, 3);
    for (size_t row = 0; row < 3; row++)
        assert_int_equal(((int64_t *)b->columns[1].values)[row], stamp);
    assert_ok(body_next(b, &n, &err));
    assert_int_equal(n, 0);
    assert_ok(body_next(b, &n, &err)); /* and stays there */
    assert_int_equal(n, 0);
    body_close(b);
}

static void json_and_parquet_give_the_same_rows_in_the_order_of_the_table(void **state)
{
    (void)state;
    AUTO(room) struct room r = {0};
    schema_of_flights(&r);
    check_flights(text(&r, FLIGHTS));
    check_flights(file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet"));
}

static void structs_of_arrow_come_as_rows(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    size_t n;
    AUTO(room) struct room r = {0};
    schema_of_rows(&r);
    assert_ok(body_open(structs(&r, 200), &b, &err));
    assert_ok(body_next(b, &n, &err));
    assert_int_equal(n, 200);
    assert_true(view_eq_cstr(b->columns[2].views[199], "00199"));
    assert_true(((float *)b->columns[3].values)[199] == 199.5f);
    assert_int_equal(((int64_t *)b->columns[4].values)[199], 199);
    assert_ok(body_next(b, &n, &err));
    assert_int_equal(n, 0);
    body_close(b);
}

static void a_long_body_comes_some_rows_at_a_time(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    AUTO(room) struct room r = {0};
    AUTO(buf) struct buf json = {0};
    const size_t n_rows = 3 * ROW_SINK_ROWS + 7;
    schema_of_rows(&r);
    buf_puts(&json, "{\"columns\":{\"id\":[");
    for (size_t i = 0; i < n_rows; i++)
        buf_printf(&json, "%s\"%zu\"", i ? "," : "", i);
    buf_puts(&json, "]}}");
    assert_ok(body_open(text(&r, buf_cstr(&json)), &b, &err));
    size_t at = 0, n = 1;
    while (n) {
        assert_ok(body_next(b, &n, &err));
        assert_in_range(n, 0, ROW_SINK_ROWS);
        for (size_t i = 0; i < n; i++) {
            char id[24];
            snprintf(id, sizeof(id), "%zu", at + i);
            assert_true(view_eq_cstr(b->columns[2].views[i], id));
            assert_false(b->columns[3].valid[i] || b->columns[4].valid[i]);
        }
        at += n;
    }
    assert_int_equal(at, n_rows);
    body_close(b);
}

static void a_long_batch_of_arrow_comes_some_rows_at_a_time(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    static int64_t visits[2 * ROW_SINK_ROWS + 7];
    const size_t n_rows = sizeof(visits) / sizeof(*visits);
    AUTO(room) struct room r = {0};
    for (size_t i = 0; i < n_rows; i++)
        visits[i] = (int64_t)i;
    schema_add_plain(&r.schema, view_cstr("visits"), DT_INT64, false);
    schema_add_key(&r.schema, 0);
    struct body_config *c = structs(&r, 1);
    r.rows.buffers[2][1] = visits;
    r.rows.array.length = r.rows.columns[2].length = (int64_t)n_rows;
    r.rows.array.n_children = r.rows.schema.n_children = 1;
    r.rows.array.children = &r.rows.column_list[2];
    r.rows.schema.children = &r.rows.field_list[2];
    assert_ok(body_open(c, &b, &err));
    size_t at = 0, n = 1;
    while (n) {
        assert_ok(body_next(b, &n, &err));
        assert_memory_equal(b->columns[2].values, visits + at, n * sizeof(*visits));
        at += n;
    }
    assert_int_equal(at, n_rows);
    body_close(b);
}

static void a_column_that_is_left_out_is_null_unless_it_may_not_be(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    size_t n;
    AUTO(room) struct room r = {0};
    schema_of_flights(&r);
    assert_ok(body_open(text(&r, "{\"columns\":{\"carrier\":[\"UA\"],\"flight\":[1]}}"), &b, &err));
    assert_ok(body_next(b, &n, &err));
    assert_int_equal(b->columns[3].n_nulls, 1);
    body_close(b);
    assert_fails(body_open(text(&r, "{\"columns\":{\"carrier\":[\"UA\"]}}"), &b, &err), E_INVALID,
                 "'flight'");
    schema_add_plain(&r.schema, view_cstr("gate"), DT_UTF8, true);
    assert_ok(body_open(file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet"), &b, &err));
    assert_ok(body_next(b, &n, &err));
    assert_int_equal(b->columns[5].n_nulls, 3);
    assert_memory_equal(b->columns[5].valid, "\0\0\0", 3);
    body_close(b);
    schema_add_plain(&r.schema, view_cstr("seats"), DT_INT32, false);
    assert_fails(body_open(file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet"), &b, &err),
                 E_INVALID, "column 'seats' is missing, and may not be null");
}

/* Bit i of the mask: field i stays what it is. */
static uint8_t mask_of(const struct body_config *config)
{
    struct err err;
    struct body *b;
    size_t n;
    assert_ok(body_open(config, &b, &err));
    assert_ok(body_next(b, &n, &err));
    assert_in_range(n, 1, ROW_SINK_ROWS);
    assert_int_equal(b->columns[0].n, n);
    uint8_t mask = ((uint8_t *)b->columns[0].values)[n - 1];
    body_close(b);
    return mask;
}

static void the_mask_of_a_patch_has_the_columns_that_it_does_not_name(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    AUTO(room) struct room r = {0};
    schema_of_rows(&r);
    struct body_config *c = text(&r, "{\"columns\":{\"id\":[\"a\"],\"visits\":[1]}}");
    assert_int_equal(mask_of(c), 0); /* no patch: what is left out becomes null */
    c->rules.is_patch = true;
    assert_int_equal(mask_of(c), 1 << 1);
    c = file(&r, WRITE_ARROW, "tests/golden/api/keys.arrows");
    c->rules.is_patch = true;
    assert_int_equal(mask_of(c), 1 << 1 | 1 << 2);
    c = text(&r, "{\"columns\":{\"visits\":[1]}}");
    c->rules.is_patch = true;
    assert_fails(body_open(c, &b, &err), E_INVALID, "'id'"); /* a patch has its keys, too */
    c = file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet");
    c->rules = (struct column_rules){.is_patch = true, .passes_unknown = true};
    assert_fails(body_open(c, &b, &err), E_INVALID, "column 'id' is missing");
}

static void an_unknown_column_is_refused_in_every_form_unless_it_is_passed_over(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    AUTO(room) struct room r = {0};
    schema_add_plain(&r.schema, view_cstr("carrier"), DT_UTF8, false);
    schema_add_key(&r.schema, 0);
    struct body_config *c = text(&r, FLIGHTS);
    assert_fails(body_open(c, &b, &err), E_INVALID, "unknown column 'flight'");
    c->rules.passes_unknown = true;
    assert_int_equal(mask_of(c), 0);
    c = file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet");
    assert_fails(body_open(c, &b, &err), E_INVALID, "unknown column 'flight'");
    c->rules.passes_unknown = true;
    assert_int_equal(mask_of(c), 0);
    schema_done(&r.schema);
    schema_add_plain(&r.schema, view_cstr("id"), DT_UTF8, false);
    schema_add_key(&r.schema, 0);
    c = structs(&r, 2);
    assert_fails(body_open(c, &b, &err), E_INVALID, "unknown column 'score'");
    c->rules.passes_unknown = true;
    assert_int_equal(mask_of(c), 0);
}

/* `type` as the table's column "delay", of which the file has a float64. */
static enum code open_delay_as(enum dtype type, bool lossy, struct err *err)
{
    AUTO(room) struct room r = {0};
    schema_of_flights(&r);
    r.schema.fields[1].type = type_of(type);
    r.schema.fields[1].lossy = lossy;
    struct body *b;
    enum code rc = body_open(file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet"), &b, err);
    if (!rc)
        body_close(b);
    return rc;
}

static void a_type_that_does_not_fit_is_named_and_rounding_has_to_be_allowed(void **state)
{
    (void)state;
    struct err err;
    assert_fails(open_delay_as(DT_UTF8, true, &err), E_INVALID,
                 "column 'delay': expected utf8, found float64");
    assert_fails(open_delay_as(DT_FLOAT32, false, &err), E_INVALID,
                 "found float64, which would be rounded; a column with \"strict\": false allows");
    assert_ok(open_delay_as(DT_FLOAT32, true, &err));
    assert_ok(open_delay_as(DT_FLOAT64, false, &err));
}

static void types_are_those_of_the_body(void **state)
{
    (void)state;
    struct err err;
    struct body *b;
    struct type types[5];
    AUTO(room) struct room r = {0};
    schema_of_flights(&r);
    r.schema.fields[2].type = type_of(DT_INT64);
    assert_ok(body_open(file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet"), &b, &err));
    body_types(b, types);
    assert_int_equal(types[1].dtype, DT_INT64); /* the stamp */
    assert_int_equal(types[2].dtype, DT_UTF8);
    assert_int_equal(types[3].dtype, DT_FLOAT64);
    assert_int_equal(types[4].dtype, DT_INT32); /* converted later */
    body_close(b);
}

/* Each of the bytes may be the last: the writer's mistake, and never damage of ours. A stream may
 * end without its mark. */
static void check_cuts(struct body_config *c, bool may_end_early)
{
    const struct view whole = c->bytes;
    for (size_t len = 0; len < whole.len; len += 1 + whole.len / 300) {
        struct err err;
        struct body *b;
        size_t n = 1;
        AUTO(ptr) uint8_t *cut = mem_alloc(len);
        memcpy(cut, whole.ptr, len);
        c->bytes = view_of(cut, len);
        enum code rc = body_open(c, &b, &err);
        if (!rc) {
            while (!rc && n)
                rc = body_next(b, &n, &err);
            body_close(b);
        }
        assert_true(rc == E_INVALID || (may_end_early && rc == OK));
    }
}

static void bytes_that_are_cut_are_the_writers_mistake(void **state)
{
    (void)state;
    AUTO(room) struct room r = {0};
    schema_of_flights(&r);
    check_cuts(text(&r, FLIGHTS), false);
    check_cuts(file(&r, WRITE_PARQUET, "tests/golden/api/flights.parquet"), false);
    schema_done(&r.schema);
    schema_of_rows(&r);
    check_cuts(file(&r, WRITE_ARROW, "tests/golden/api/keys.arrows"), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_and_parquet_give_the_same_rows_in_the_order_of_the_table),
        cmocka_unit_test(structs_of_arrow_come_as_rows),
        cmocka_unit_test(a_long_body_comes_some_rows_at_a_time),
        cmocka_unit_test(a_long_batch_of_arrow_comes_some_rows_at_a_time),
        cmocka_unit_test(a_column_that_is_left_out_is_null_unless_it_may_not_be),
        cmocka_unit_test(the_mask_of_a_patch_has_the_columns_that_it_does_not_name),
        cmocka_unit_test(an_unknown_column_is_refused_in_every_form_unless_it_is_passed_over),
        cmocka_unit_test(a_type_that_does_not_fit_is_named_and_rounding_has_to_be_allowed),
        cmocka_unit_test(types_are_those_of_the_body),
        cmocka_unit_test(bytes_that_are_cut_are_the_writers_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
