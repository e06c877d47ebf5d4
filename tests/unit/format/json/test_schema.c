#include "format/json/schema.h"

#include "base/mem.h"

#include "test.h"

static void schema_json_keeps_the_order_of_columns(void **state)
{
    (void)state;
    const char *texts[] = {
        "{\"key\":\"id\",\"columns\":{\"z\":{\"dtype\":\"float32\",\"nullable\":true},"
        "\"id\":{\"dtype\":\"utf8\",\"nullable\":false},\"a\":{\"dtype\":\"bool\",\"nullable\":"
        "false}}}",
        "{\"key\":[\"b\",\"a\"],\"columns\":{\"a\":{\"dtype\":\"int64\",\"nullable\":false},"
        "\"b\":{\"dtype\":\"utf8\",\"nullable\":false}}}",
        "{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"int64\",\"nullable\":false},"
        "\"b\":{\"dtype\":\"float32\",\"nullable\":true,\"strict\":false}}}"};
    for (size_t i = 0; i < 3; i++) {
        struct schema schema;
        struct err err;
        AUTO(buf) struct buf out = {0};
        assert_int_equal(json_parse_schema(view_cstr(texts[i]), &schema, &err), OK);
        json_put_schema(&out, &schema);
        assert_string_equal(buf_cstr(&out), texts[i]);
        schema_done(&schema);
    }
}

static void schema_json_keeps_the_form_with_flags(void **state)
{
    (void)state;
    const char *text =
        "{\"columns\":{\"x\":{\"dtype\":\"float32\",\"nullable\":true,\"key\":false,\"strict\":"
        "false},"
        "\"b\":{\"dtype\":\"utf8\",\"nullable\":false,\"key\":true,\"strict\":true},"
        "\"a\":{\"dtype\":\"int8\",\"nullable\":false,\"key\":true,\"strict\":true}}}";
    struct schema schema;
    struct err err;
    AUTO(buf) struct buf out = {0};
    assert_int_equal(json_parse_schema(view_cstr(text), &schema, &err), OK);
    assert_int_equal(schema.n_key, 2);
    assert_int_equal(schema.key[0], 1);
    assert_int_equal(schema.key[1], 2);
    assert_true(schema.fields[0].lossy);
    assert_false(schema.fields[1].lossy);
    json_put_schema_flags(&out, &schema);
    assert_string_equal(buf_cstr(&out), text);
    schema_done(&schema);
}

static void schema_json_fills_in_nullable(void **state)
{
    (void)state;
    struct schema schema;
    struct err err;
    const char *text = "{\"columns\": {\"id\": {\"dtype\": \"utf8\"}, \"x\": {\"dtype\": "
                       "\"int8\"}}, \"key\": \"id\"}";
    assert_int_equal(json_parse_schema(view_cstr(text), &schema, &err), OK);
    assert_false(schema.fields[0].nullable);
    assert_true(schema.fields[1].nullable);
    schema_done(&schema);
}

static void assert_refused(const char *text, const char *want)
{
    struct schema schema = {.n_key = 77};
    struct err err;
    if (json_parse_schema(view_cstr(text), &schema, &err) != E_INVALID)
        fail_msg("%s", text);
    assert_string_equal(err.msg, want);
    assert_int_equal(schema.n_key, 77);
}

static void schema_json_refuses_what_is_no_schema(void **state)
{
    (void)state;
    assert_refused("", "not valid JSON: line 1: '[' or '{' expected near end of file");
    assert_refused("[]", "schema: expected an object");
    assert_refused("{}", "\"columns\" must be given, as an object");
    assert_refused("{\"keys\": 1}", "schema: unknown member \"keys\"; did you mean 'key'?");
    assert_refused("{\"columns\":{\"a\":{\"dtype\":\"utf8\"}}}",
                   "no key: say \"key\": \"NAME\" beside the columns, or \"key\": true in one");
    assert_refused("{\"key\":1,\"columns\":{\"a\":{\"dtype\":\"utf8\"}}}",
                   "\"key\" must be the name of a column or a list of names");
    assert_refused("{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"utf8\",\"key\":true}}}",
                   "column \"a\": unknown member \"key\"");
    assert_refused("{\"columns\":{\"a\":{\"dtype\":\"utf8\",\"key\":1}}}",
                   "column \"a\": \"key\" must be true or false");
    assert_refused("{\"columns\":{\"a\":{\"dtype\":\"utf8\",\"key\":true,\"strict\":\"no\"}}}",
                   "column \"a\": \"strict\" must be true or false");
    assert_refused("{\"columns\":{\"a\":{\"dtype\":\"utf8\",\"key\":true,\"nullable\":true}}}",
                   "key column 'a' cannot be nullable");
    assert_refused("{\"key\":[],\"columns\":{\"a\":{\"dtype\":\"utf8\"}}}", "no key column");
    assert_refused("{\"key\":\"b\",\"columns\":{\"a\":{\"dtype\":\"utf8\"}}}",
                   "key column \"b\" is not among the columns");
    assert_refused("{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"text\"}}}",
                   "column \"a\": unknown dtype 'text'" ALL_DTYPES);
    assert_refused("{\"key\":\"a\",\"columns\":{\"a\":{}}}",
                   "column \"a\": \"dtype\" must be given, as a string");
    assert_refused("{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"utf8\",\"nullable\":1}}}",
                   "column \"a\": \"nullable\" must be true or false");
    assert_refused("{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"utf8\",\"nullable\":true}}}",
                   "key column 'a' cannot be nullable");
    assert_refused("{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"float64\"}}}",
                   "key column 'a' has dtype float64; a key is utf8, an integer, date, time, "
                   "decimal or fixed_binary");
    assert_refused("{\"key\":[\"a\",\"a\"],\"columns\":{\"a\":{\"dtype\":\"utf8\"}}}",
                   "key column 'a' appears twice in the key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_json_keeps_the_order_of_columns),
        cmocka_unit_test(schema_json_keeps_the_form_with_flags),
        cmocka_unit_test(schema_json_fills_in_nullable),
        cmocka_unit_test(schema_json_refuses_what_is_no_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
