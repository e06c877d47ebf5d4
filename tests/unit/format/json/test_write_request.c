#include "format/json/write_request.h"

#include "json_rows.h"
#include "test.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>

static const struct column_rules rules = {.passes_unknown = true};

static struct schema all_types;

static int begin(void **state)
{
    (void)state;
    json_rows_schema(&all_types);
    return 0;
}

static int end(void **state)
{
    (void)state;
    schema_done(&all_types);
    return 0;
}

static void read_golden(struct buf *out)
{
    struct err err;
    assert_ok(file_read("tests/fuzz/corpus/json_write/all_types", 1 << 20, out, &err));
}

static void json_write_reads_back_what_answers_print(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf body = {0}, printed = {0}, again = {0};
    read_golden(&body);
    assert_ok(json_rows_copy(buf_view(&body), &all_types, 512, &printed, &err));
    assert_ok(json_rows_copy(buf_view(&printed), &all_types, 512, &again, &err));
    assert_string_equal(buf_cstr(&again), buf_cstr(&printed));
    const char *values[] = {
        "\"bool\":[true,false,null]",
        "\"int64\":[-9223372036854775808,9223372036854775807,null]",
        "\"uint64\":[0,18446744073709551615,null]",
        "\"float16\":[0.1,-65504.0,null]",
        "\"float32\":[0.1,-3.4028235e+38,null]",
        "\"utf8\":[\"one \\\"1\\\"\",\"\",\"\\u0000\xf0\x9f\x98\x80\"]",
        "\"date32\":[\"2026-11-22\",\"-0001-02-28\",null]",
        "\"timestamp[s]\":[\"2026-11-22T10:30:00\",\"+292277026596-12-04T15:30:07\",null]",
        "\"2026-11-22T10:30:00.250000Z\",\"2026-11-22T08:30:00.250000Z\",null]",
        "\"decimal128(12, 2)\":[\"12.50\",\"-9999999999.99\",null]",
        "\"list<float32>\":[[0.1,null],[],null]",
        "\"list<utf8>\":[[\"a\",null,\"\"],[],null]",
        "\"list<bool>\":[[true,null,false],[],null]",
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (!strstr(buf_cstr(&printed), values[i]))
            fail_msg("%s\nis not in\n%s", values[i], buf_cstr(&printed));
}

static void json_write_reads_any_number_of_rows_at_a_time(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf body = {0}, all = {0}, some = {0};
    read_golden(&body);
    assert_ok(json_rows_copy(buf_view(&body), &all_types, 512, &all, &err));
    for (size_t max = 1; max < 4; max++) {
        buf_reset(&some);
        assert_ok(json_rows_copy(buf_view(&body), &all_types, max, &some, &err));
        assert_string_equal(buf_cstr(&some), buf_cstr(&all));
    }
}

/* Memory of the exact size, so that a sanitizer sees a byte too many. */
static void json_write_refuses_a_body_cut_anywhere(void **state)
{
    (void)state;
    AUTO(buf) struct buf body = {0};
    read_golden(&body);
    while (body.len && body.ptr[body.len - 1] != '}')
        body.len--;
    for (size_t len = 0; len < body.len; len++) {
        AUTO(ptr) uint8_t *cut = mem_alloc(len);
        memcpy(cut, body.ptr, len);
        struct json_write *w;
        struct err err;
        assert_fails(json_write_open(view_of(cut, len), &all_types, &rules, &w, &err), E_INVALID,
                     "");
    }
}

static void json_write_leaves_columns_out(void **state)
{
    (void)state;
    struct err err;
    struct json_write *w;
    struct vector v[2];
    struct schema schema = {0};
    size_t n;
    schema_add_plain(&schema, view_cstr("id"), DT_INT32, false);
    schema_add_plain(&schema, view_cstr("score"), DT_FLOAT32, true);
    schema_add_key(&schema, 0);
    const char *body = "{\"columns\":{\"more\":[{\"a\":[[]]},\"\\n\"],\"id\":[7,8],\"id2\":null}}";
    assert_ok(json_write_open(view_cstr(body), &schema, &rules, &w, &err));
    assert_true(json_write_has(w, 0));
    assert_false(json_write_has(w, 1));
    for (size_t i = 0; i < 2; i++)
        vector_init(&v[i], &schema.fields[i].type, 4);
    assert_ok(json_write_next(w, v, 4, &n, &err));
    assert_int_equal(n, 2);
    assert_int_equal(((const int32_t *)v[0].values)[1], 8);
    assert_int_equal(v[1].n, 2);
    assert_int_equal(v[1].n_nulls, 2);
    assert_int_equal(v[1].valid[1], 0);
    assert_ok(json_write_next(w, v, 4, &n, &err));
    assert_int_equal(n, 0);
    for (size_t i = 0; i < 2; i++)
        vector_done(&v[i]);
    json_write_close(w);
    schema_done(&schema);
}

static void assert_refused(const char *body, enum code code, const char *text)
{
    struct err err = {0};
    AUTO(buf) struct buf out = {0};
    enum code rc = json_rows_copy(view_cstr(body), &all_types, 8, &out, &err);
    if (rc != code || !strstr(err.msg, text))
        fail_msg("%s\nis %s \"%s\", not \"%s\"", body, code_name(rc), err.msg, text);
}

static void json_write_refuses_other_shapes(void **state)
{
    (void)state;
    assert_refused("", E_INVALID, "at byte 0: expected '{', found the end");
    assert_refused("[]", E_INVALID, "expected '{', found an array");
    assert_refused("{}", E_INVALID, "the body has no \"columns\"");
    assert_refused("{\"columns\":{}}", E_INVALID,
                   "column 'id' must be given: it is part of the key and cannot be null");
    assert_refused("{\"columns\":{},\"columns\":{}}", E_INVALID, "\"columns\" is given twice");
    assert_refused("{\"rows\":[]}", E_INVALID, "at byte 1: unknown member \"rows\"");
    assert_refused("{\"columns\":{\"id\":[],\"id\":[]}}", E_INVALID, "column 'id' is given twice");
    assert_refused("{\"columns\":{\"id\":{}}}", E_INVALID, "expected an array, found an object");
    assert_refused("{\"columns\":{\"id\":[\"a\",\"b\"],\"int8\":[1]}}", E_INVALID,
                   "column 'int8' has 1 values, the one before it 2");
    assert_refused("{\"columns\":{\"id\":[]}} x", E_INVALID, "more bytes after the end");
    assert_refused("{\"columns\":{\"id\":[\"\xff\"]}}", E_INVALID, "not UTF-8");
    assert_refused("{\"columns\":{\"id\":[\"a\",]}}", E_INVALID, "expected a value");
    assert_refused("{\"columns\":{\"id\":[\"a\"],\"x\":[01]}}", E_INVALID, "expected ',' or ']'");
    assert_refused("{\"columns\":{\"id\":[\"a\"],\"x\":[1.]}}", E_INVALID, "not a JSON number");
    assert_refused("{\"columns\":{\"id\":[\"a\"],\"x\":[.5]}}", E_INVALID, "not JSON");
    assert_refused("{\"columns\":{\"id\":[\"a\"],\"x\":[NaN]}}", E_INVALID, "not JSON");
    assert_refused("{\"columns\":{\"id\":[\"a\"],\"x\":[nul]}}", E_INVALID, "expected null");
    AUTO(buf) struct buf deep = {0};
    buf_puts(&deep, "{\"columns\":{\"x\":");
    for (int i = 0; i < 100000; i++)
        buf_puts(&deep, "[");
    assert_refused(buf_cstr(&deep), E_INVALID, "more than 32 levels");
}

/* One row with that value in one column. */
static void assert_value_refused(const char *column, const char *value, const char *text)
{
    char body[300], want[200];
    snprintf(body, sizeof(body), "{\"columns\":{\"id\":[\"a\",\"b\"],\"%s\":[null,%s]}}", column,
             value);
    snprintf(want, sizeof(want), "column '%s' (%s), row 1: expected %s", column, column, text);
    assert_refused(body, E_INVALID, want);
}

static void json_write_refuses_values_that_do_not_fit(void **state)
{
    (void)state;
    assert_refused(
        "{\"columns\":{\"id\":[\"a\",null]}}", E_INVALID,
        "column 'id' (utf8), row 1: expected a value, as it is not nullable, found null");
    assert_value_refused("int8", "128", "a whole number in range, found 128");
    assert_value_refused("int64", "9223372036854775808", "a whole number in range, found 9223");
    assert_value_refused("uint64", "-1", "a whole number in range, found -1");
    assert_value_refused("int32", "1.0", "a whole number in range, found 1.0");
    assert_value_refused("int32", "\"1\"", "a whole number in range, found \\x221\\x22");
    assert_value_refused("float32", "1e39", "a number in range, found 1e39");
    assert_value_refused("float64", "-1e309", "a number in range, found -1e309");
    assert_value_refused("float16", "65520", "a number in range, found 65520");
    assert_value_refused("float64", "\"1\"", "a number, found");
    assert_value_refused("bool", "1", "true or false, found 1");
    assert_value_refused("utf8", "1", "a string, found 1");
    assert_value_refused("binary", "\"AP8\"", "base64");
    assert_value_refused("binary", "\"AP9=\"", "base64");
    assert_value_refused("binary", "\"A===\"", "base64");
    assert_value_refused("fixed_binary[3]", "\"AP8=\"", "base64 of as many bytes");
    assert_value_refused("date32", "\"2026-02-29\"", "a date");
    assert_value_refused("date32", "\"02026-02-01\"", "a date");
    assert_value_refused("timestamp[s]", "\"2026-11-22T10:30:00Z\"", "a time");
    assert_value_refused("timestamp[s]", "\"2026-11-22T10:30:00.5\"", "a time");
    assert_value_refused("timestamp[s]", "\"2026-11-22T24:00:00\"", "a time");
    assert_value_refused("timestamp[ns]", "\"2262-04-11T23:47:16.854775808\"", "a time");
    assert_value_refused("timestamp[us, tz=UTC]", "\"2026-11-22T10:30:00\"", "a time");
    assert_value_refused("time32[ms]", "\"10:60:00\"", "a time");
    assert_value_refused("time32[ms]", "\"10:30:00.\"", "a time");
    assert_value_refused("decimal128(12, 2)", "\"10000000000.00\"", "a string such as");
    assert_value_refused("decimal128(12, 2)", "\"0.001\"", "a string such as");
    assert_value_refused("decimal128(12, 2)", "12.5", "a string such as");
    assert_value_refused("list<float32>", "1", "an array, found 1");
    assert_value_refused("list<float32>[2]", "[1]", "an array of as many values");
    assert_value_refused("list<float32>[2]", "[1,null]", "an array of as many values");
    assert_value_refused("list<utf8>", "[1]", "a string, found 1");
}

/* Values near the middle between two floats, where rounding twice goes wrong. */
static void json_write_rounds_once(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf out = {0};
    const char *body =
        "{\"columns\":{\"id\":[\"a\",\"b\",\"c\",\"d\",\"e\"],"
        "\"float32\":[16777217.000000001,16777217,1.0000000596046448,1.00000005960464477540,1],"
        "\"float64\":[9007199254740993,42077747796906774.0,123456789012345678901234567890,5e-324,1]"
        ","
        "\"float16\":[2049,2049.0000000000000000001,-2050.9999999999999999999,"
        "65519.9999999999999999,2.99e-8]}}";
    assert_ok(json_rows_copy(view_cstr(body), &all_types, 8, &out, &err));
    assert_non_null(
        strstr(buf_cstr(&out), "\"float32\":[16777218.0,16777216.0,1.0000001,1.0000001,1.0]"));
    assert_non_null(strstr(
        buf_cstr(&out),
        "\"float64\":[9007199254740992.0,42077747796906776.0,1.2345678901234568e+29,5e-324,1.0]"));
    assert_non_null(strstr(buf_cstr(&out), "\"float16\":[2048.0,2050.0,-2050.0,65504.0,6e-8]"));
}

/* A body of 32 MB whose strings all have escapes: they are written out some at a time. */
static void json_write_keeps_memory_bounded(void **state)
{
    (void)state;
    struct err err;
    struct json_write *w;
    struct vector v;
    struct schema schema = {0};
    AUTO(buf) struct buf body = {0};
    enum { N_ROWS = 320, CELL = 100000 };
    schema_add_plain(&schema, view_cstr("id"), DT_UTF8, false);
    schema_add_key(&schema, 0);
    buf_puts(&body, "{\"columns\":{\"id\":[");
    for (int i = 0; i < N_ROWS; i++) {
        buf_puts(&body, i ? ",\"\\n" : "\"\\n");
        memset(buf_reserve(&body, CELL), 'x', CELL);
        body.len += CELL;
        buf_puts(&body, "\"");
    }
    buf_puts(&body, "]}}");
    assert_ok(json_write_open(buf_view(&body), &schema, &rules, &w, &err));
    vector_init(&v, &schema.fields[0].type, N_ROWS);
    size_t n, total = 0, n_calls = 0;
    do {
        assert_ok(json_write_next(w, &v, N_ROWS, &n, &err));
        assert_in_range(n, 0, 100);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(v.views[i].len, CELL + 1);
        total += n;
        n_calls++;
    } while (n);
    assert_int_equal(total, N_ROWS);
    assert_true(n_calls > 4);
    vector_done(&v);
    json_write_close(w);
    schema_done(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_write_reads_back_what_answers_print),
        cmocka_unit_test(json_write_reads_any_number_of_rows_at_a_time),
        cmocka_unit_test(json_write_refuses_a_body_cut_anywhere),
        cmocka_unit_test(json_write_leaves_columns_out),
        cmocka_unit_test(json_write_refuses_other_shapes),
        cmocka_unit_test(json_write_refuses_values_that_do_not_fit),
        cmocka_unit_test(json_write_rounds_once),
        cmocka_unit_test(json_write_keeps_memory_bounded),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
