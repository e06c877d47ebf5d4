/* Types and initial defaults, through the metadata that holds them. */
#include "base/buf.h"
#include "base/mem.h"
#include "format/iceberg/metadata.h"
#include "test.h"

#include <stdio.h>

static struct ice_metadata *metadata;

static int clean(void **state)
{
    (void)state;
    ice_metadata_free(metadata);
    metadata = NULL;
    return 0;
}

/* A table of one column x; `type` and `rest` are JSON. */
static enum code parse(const char *type, const char *rest, struct err *err)
{
    AUTO(buf) struct buf json = {0};
    clean(NULL);
    buf_printf(&json,
               "{\"format-version\":1,\"location\":\"l\",\"last-updated-ms\":1,"
               "\"last-column-id\":1,\"partition-spec\":[],\"schema\":{\"fields\":["
               "{\"id\":1,\"name\":\"x\",\"type\":%s%s}]}}",
               type, rest);
    return ice_metadata_parse(buf_view(&json), 1 << 20, &metadata, err);
}

static const struct ice_field *field(void)
{
    return &metadata->schemas[0].fields[0];
}

static void every_type_has_a_text_and_most_a_model(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text, *model; /* NULL: unsupported */
    } types[] = {
        {"\"boolean\"", "boolean", "bool"},
        {"\"int\"", "int", "int32"},
        {"\"long\"", "long", "int64"},
        {"\"float\"", "float", "float32"},
        {"\"double\"", "double", "float64"},
        {"\"decimal(9,2)\"", "decimal(9, 2)", "decimal128(9, 2)"},
        {"\"decimal( 38, 38 )\"", "decimal(38, 38)", "decimal128(38, 38)"},
        {"\"date\"", "date", "date32"},
        {"\"time\"", "time", "time64[us]"},
        {"\"timestamp\"", "timestamp", "timestamp[us]"},
        {"\"timestamptz\"", "timestamptz", "timestamp[us, tz=UTC]"},
        {"\"timestamp_ns\"", "timestamp_ns", "timestamp[ns]"},
        {"\"timestamptz_ns\"", "timestamptz_ns", "timestamp[ns, tz=UTC]"},
        {"\"string\"", "string", "utf8"},
        {"\"uuid\"", "uuid", "fixed_binary[16]"},
        {"\"fixed[7]\"", "fixed[7]", "fixed_binary[7]"},
        {"\"fixed[0]\"", "fixed[0]", NULL},
        {"\"fixed[70000]\"", "fixed[70000]", NULL},
        {"\"binary\"", "binary", "binary"},
        {"\"variant\"", "variant", NULL},
        {"\"geometry(OGC:CRS84)\"", "geometry", NULL},
        {"\"geography\"", "geography", NULL},
        {"\"unknown\"", "unknown", NULL},
        {"{\"type\":\"list\",\"element-id\":2,\"element-required\":true,\"element\":\"float\"}",
         "list<float>", "list<float32>"},
        {"{\"type\":\"list\",\"element-id\":2,\"element\":\"decimal(5, 1)\"}",
         "list<decimal(5, 1)>", "list<decimal128(5, 1)>"},
        {"{\"type\":\"list\",\"element-id\":2,\"element\":"
         "{\"type\":\"list\",\"element-id\":3,\"element\":\"int\"}}",
         "list<list>", NULL},
        {"{\"type\":\"map\",\"key-id\":2,\"key\":\"string\",\"value-id\":3,\"value\":\"long\"}",
         "map<string, long>", NULL},
        {"{\"type\":\"struct\",\"fields\":[{\"id\":2,\"name\":\"a\",\"type\":\"int\"}]}", "struct",
         NULL},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char text[TYPE_TEXT_CAP];
        struct type model;
        struct err err;
        assert_ok(parse(types[i].json, "", &err));
        assert_string_equal(ice_type_text(&field()->type, text), types[i].text);
        enum code rc = ice_type_model(&field()->type, &model, &err);
        assert_int_equal(rc, types[i].model ? OK : E_UNSUPPORTED);
        if (types[i].model)
            assert_string_equal(type_text(&model, text), types[i].model);
        else if (!strstr(err.msg, types[i].text))
            fail_msg("\"%s\" does not say %s", err.msg, types[i].text);
    }
}

static void nested_fields_have_numbers_and_names(void **state)
{
    (void)state;
    struct err err;
    assert_ok(parse("{\"type\":\"map\",\"key-id\":2,\"key\":\"string\",\"value-id\":3,"
                    "\"value-required\":true,\"value\":{\"type\":\"struct\",\"fields\":"
                    "[{\"id\":4,\"name\":\"a\",\"required\":true,\"type\":\"int\"}]}}",
                    "", &err));
    const struct ice_type *t = &field()->type;
    assert_int_equal(t->n_fields, 2);
    assert_int_equal(t->fields[0].id, 2);
    assert_int_equal(t->fields[1].id, 3);
    assert_string_equal(t->fields[1].name, "value");
    assert_false(t->fields[0].is_required);
    assert_true(t->fields[1].is_required);
    assert_int_equal(t->fields[1].type.fields[0].id, 4);
}

static void types_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        "\"decimal(39, 2)\"",
        "\"decimal(3, 4)\"",
        "\"decimal(0, 0)\"",
        "\"decimal(9)\"",
        "\"decimal(9, -2)\"",
        "\"fixed[]\"",
        "\"fixed[-1]\"",
        "\"fixed[9]x\"",
        "\"geometrie\"",
        "\"\"",
        "\"Int\"",
        "{\"type\":\"set\"}",
    };
    struct err err;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_fails(parse(types[i], "", &err), E_UNSUPPORTED, "is not known");
    assert_fails(parse("{\"type\":\"list\",\"element\":\"int\"}", "", &err), E_CORRUPT,
                 "element-id is missing");
    AUTO(buf) struct buf deep = {0};
    for (int i = 0; i < 70; i++)
        buf_puts(&deep, "{\"type\":\"list\",\"element-id\":2,\"element\":");
    buf_puts(&deep, "\"int\"");
    for (int i = 0; i < 70; i++)
        buf_puts(&deep, "}");
    assert_fails(parse(buf_cstr(&deep), "", &err), E_LIMIT, "types nest deeper than 64");
}

#define DEFAULT(v) ",\"initial-default\":" v
#define BYTES(b)         \
    {                    \
        b, sizeof(b) - 1 \
    }

static void defaults_are_single_values(void **state)
{
    (void)state;
    static const struct {
        const char *type, *rest;
        struct {
            const char *ptr;
            size_t len;
        } bytes;
    } defaults[] = {
        {"\"boolean\"", DEFAULT("true"), BYTES("\1")},
        {"\"int\"", DEFAULT("-2"), BYTES("\xFE\xFF\xFF\xFF")},
        {"\"long\"", DEFAULT("9007199254740993"), BYTES("\1\0\0\0\0\0\x20\0")},
        {"\"float\"", DEFAULT("1.5"), BYTES("\0\0\xC0\x3F")},
        {"\"float\"", DEFAULT("2"), BYTES("\0\0\0\x40")},
        {"\"double\"", DEFAULT("1.5"), BYTES("\0\0\0\0\0\0\xF8\x3F")},
        {"\"double\"", DEFAULT("\"-Infinity\""), BYTES("\0\0\0\0\0\0\xF0\xFF")},
        {"\"decimal(9, 2)\"", DEFAULT("\"-1.5\""),
         BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x6A")},
        {"\"date\"", DEFAULT("\"1970-01-03\""), BYTES("\2\0\0\0")},
        {"\"time\"", DEFAULT("\"00:00:01.000002\""), BYTES("\x42\x42\x0F\0\0\0\0\0")},
        {"\"timestamp\"", DEFAULT("\"1970-01-01T00:00:00.000258\""), BYTES("\2\1\0\0\0\0\0\0")},
        {"\"timestamptz\"", DEFAULT("\"1970-01-01T01:00:00+01:00\""), BYTES("\0\0\0\0\0\0\0\0")},
        {"\"timestamp_ns\"", DEFAULT("\"1970-01-01T00:00:00.000000003\""),
         BYTES("\3\0\0\0\0\0\0\0")},
        {"\"string\"", DEFAULT("\"ab\""), BYTES("ab")},
        {"\"string\"", DEFAULT("\"\""), BYTES("")},
        {"\"uuid\"", DEFAULT("\"00010203-0405-0607-0809-0a0B0c0d0e0f\""),
         BYTES("\0\1\2\3\4\5\6\7\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F")},
        {"\"fixed[2]\"", DEFAULT("\"00fF\""), BYTES("\0\xFF")},
        {"\"binary\"", DEFAULT("\"\""), BYTES("")},
    };
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        struct err err;
        assert_ok(parse(defaults[i].type, defaults[i].rest, &err));
        assert_true(field()->has_initial_default);
        assert_false(field()->initial_default.is_null);
        assert_true(view_eq(field()->initial_default.bytes,
                            view_of(defaults[i].bytes.ptr, defaults[i].bytes.len)));
    }
}

static void defaults_of_another_type_are_refused(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"\"boolean\"", DEFAULT("1")},
        {"\"int\"", DEFAULT("2147483648")},
        {"\"int\"", DEFAULT("1.0")},
        {"\"long\"", DEFAULT("\"1\"")},
        {"\"float\"", DEFAULT("\"1\"")},
        {"\"decimal(3, 2)\"", DEFAULT("\"1.234\"")},
        {"\"decimal(3, 2)\"", DEFAULT("1.2")},
        {"\"date\"", DEFAULT("19000")},
        {"\"date\"", DEFAULT("\"2024-02-30\"")},
        {"\"timestamp\"", DEFAULT("\"2024-01-01T00:00:00Z\"")},
        {"\"timestamptz\"", DEFAULT("\"2024-01-01T00:00:00\"")},
        {"\"string\"", DEFAULT("7")},
        {"\"uuid\"", DEFAULT("\"00010203-0405-0607-0809-0a0b0c0d0e0\"")},
        {"\"uuid\"", DEFAULT("\"00010203040506070809-0a0b0c0d0e0f0000\"")},
        {"\"uuid\"", DEFAULT("\"000102030405060708090a0b0c0d0e0f0000\"")},
        {"\"fixed[2]\"", DEFAULT("\"00\"")},
        {"\"binary\"", DEFAULT("\"0\"")},
        {"\"binary\"", DEFAULT("\"0g\"")},
        {"\"variant\"", DEFAULT("\"a\"")},
    };
    struct err err;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_fails(parse(pairs[i][0], pairs[i][1], &err), E_CORRUPT, "is not a value of type");
}

static void a_null_default_is_none_and_nested_ones_are_not_read(void **state)
{
    (void)state;
    struct err err;
    assert_ok(parse("\"int\"", DEFAULT("null"), &err));
    assert_false(field()->has_initial_default);
    assert_ok(parse("\"int\"", ",\"write-default\":7", &err));
    assert_false(field()->has_initial_default);
    assert_ok(parse("{\"type\":\"struct\",\"fields\":[]}", DEFAULT("{}"), &err));
    assert_false(field()->has_initial_default);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_text_and_most_a_model),
        cmocka_unit_test(nested_fields_have_numbers_and_names),
        cmocka_unit_test(types_that_are_none_are_refused),
        cmocka_unit_test(defaults_are_single_values),
        cmocka_unit_test(defaults_of_another_type_are_refused),
        cmocka_unit_test(a_null_default_is_none_and_nested_ones_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
