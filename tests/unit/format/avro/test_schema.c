#include "format/avro/schema.h"

#include "base/buf.h"
#include "test.h"

#include <stdio.h>

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static const struct avro_type *parse(const char *json)
{
    const struct avro_type *type;
    struct err err;
    assert_ok(avro_schema_parse(view_cstr(json), &arena, &type, &err));
    return type;
}

static void refuse(const char *json, enum code code, const char *text)
{
    const struct avro_type *type;
    struct err err;
    assert_fails(avro_schema_parse(view_cstr(json), &arena, &type, &err), code, text);
}

static void primitives_are_names_or_objects(void **state)
{
    (void)state;
    static const char *const names[] = {"null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string"};
    for (size_t i = 0; i < 8; i++) {
        char json[64];
        snprintf(json, sizeof(json), "\"%s\"", names[i]);
        assert_string_equal(avro_kind_name(parse(json)->kind), names[i]);
        snprintf(json, sizeof(json), "{\"type\": {\"type\": \"%s\"}}", names[i]);
        assert_string_equal(avro_kind_name(parse(json)->kind), names[i]);
        assert_int_equal(parse(json)->takes_bytes, i > 0);
    }
}

static void fields_are_found_by_number_and_by_name(void **state)
{
    (void)state;
    const struct avro_type *t =
        parse("{\"type\":\"record\",\"name\":\"r\",\"fields\":["
              "{\"name\":\"a\",\"type\":\"int\",\"field-id\":7},"
              "{\"name\":\"b\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
              "{\"name\":\"c\",\"type\":\"int\",\"field-id\":\"8\"}]}");
    assert_int_equal(t->n, 3);
    assert_ptr_equal(avro_field_by_id(t, 7), &t->fields[0]);
    assert_null(avro_field_by_id(t, 8));
    assert_ptr_equal(avro_field_by_name(t, "b"), &t->fields[1]);
    assert_null(avro_field_by_name(t, "B"));
    assert_string_equal(t->fields[1].type->logical, "timestamp-micros");
    assert_int_equal(t->fields[1].id, -1);
}

static void names_are_found_in_their_namespace(void **state)
{
    (void)state;
    const struct avro_type *t =
        parse("{\"type\":\"record\",\"name\":\"r\",\"namespace\":\"a.b\",\"fields\":["
              "{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}},"
              "{\"name\":\"y\",\"type\":\"f\"},"
              "{\"name\":\"z\",\"type\":\"a.b.f\"},"
              "{\"name\":\"self\",\"type\":[\"null\",\"r\"]},"
              "{\"name\":\"in\",\"type\":{\"type\":\"record\",\"name\":\"c.s\",\"fields\":["
              "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"g\",\"symbols\":[\"A\"]}},"
              "{\"name\":\"e2\",\"type\":\"c.g\"}]}}]}");
    assert_string_equal(t->name, "a.b.r");
    assert_ptr_equal(t->fields[1].type, t->fields[0].type);
    assert_ptr_equal(t->fields[2].type, t->fields[0].type);
    assert_ptr_equal(t->fields[3].type->of[1], t);
    const struct avro_type *in = t->fields[4].type;
    assert_string_equal(in->name, "c.s");
    assert_string_equal(in->fields[0].type->name, "c.g");
    assert_ptr_equal(in->fields[1].type, in->fields[0].type);
}

static void names_without_a_namespace_are_found_inside_of_one(void **state)
{
    (void)state;
    const struct avro_type *t =
        parse("{\"type\":\"record\",\"name\":\"a.r\",\"fields\":["
              "{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"namespace\":\"\","
              "\"size\":3}},{\"name\":\"y\",\"type\":\"f\"}]}");
    assert_string_equal(t->fields[0].type->name, "f");
    assert_ptr_equal(t->fields[1].type, t->fields[0].type);
}

static void types_that_take_no_bytes_are_known(void **state)
{
    (void)state;
    assert_false(parse("{\"type\":\"fixed\",\"name\":\"f\",\"size\":0}")->takes_bytes);
    assert_false(parse("{\"type\":\"record\",\"name\":\"r\",\"fields\":[]}")->takes_bytes);
    assert_false(parse("{\"type\":\"record\",\"name\":\"r\",\"fields\":"
                       "[{\"name\":\"a\",\"type\":\"null\"}]}")
                     ->takes_bytes);
    assert_true(parse("[\"null\"]")->takes_bytes);
}

static void what_is_not_a_schema_is_refused(void **state)
{
    (void)state;
    refuse("", E_CORRUPT, "schema: ");
    refuse("{", E_CORRUPT, "schema: ");
    refuse("7", E_CORRUPT, "not a text, an object or an array");
    refuse("{}", E_CORRUPT, "without \"type\"");
    refuse("\"record\"", E_CORRUPT, "names a type record that is not defined");
    refuse("\"no\\u001bthing\"", E_CORRUPT, "names a type no\\x1bthing");
    refuse("[[\"null\"]]", E_CORRUPT, "union inside a union");
    refuse("{\"type\":\"array\"}", E_CORRUPT, "a type array without items");
    refuse("{\"type\":\"map\"}", E_CORRUPT, "a type map without values");
    refuse("{\"type\":\"record\",\"fields\":[]}", E_CORRUPT, "a type record without a name");
    refuse("{\"type\":\"record\",\"name\":\"r\"}", E_CORRUPT, "a record r without fields");
    refuse("{\"type\":\"record\",\"name\":\"r\",\"fields\":[1]}", E_CORRUPT, "without a name");
    refuse("{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\"}]}", E_CORRUPT,
           "without a type");
    refuse("{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"q\"}]}",
           E_CORRUPT, "schema: field a: names a type q");
    refuse("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[1]}", E_CORRUPT, "symbol 0 is not");
    refuse("{\"type\":\"fixed\",\"name\":\"f\"}", E_CORRUPT, "fixed f without a sound size");
    refuse("{\"type\":\"fixed\",\"name\":\"f\",\"size\":-1}", E_CORRUPT, "without a sound size");
    refuse("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5,\"scale\":7}",
           E_CORRUPT, "a decimal of precision 5 and scale 7");
    refuse("[{\"type\":\"fixed\",\"name\":\"f\",\"size\":1},"
           "{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}]",
           E_CORRUPT, "defines the type f twice");
}

static void deep_nesting_is_a_limit(void **state)
{
    (void)state;
    AUTO(buf) struct buf json = {0};
    for (int i = 0; i < AVRO_DEPTH_MAX - 1; i++)
        buf_puts(&json, "{\"type\":\"array\",\"items\":");
    buf_puts(&json, "\"int\"");
    for (int i = 0; i < AVRO_DEPTH_MAX - 1; i++)
        buf_puts(&json, "}");
    parse(buf_cstr(&json));
    buf_reset(&json);
    for (int i = 0; i < AVRO_DEPTH_MAX; i++)
        buf_puts(&json, "{\"type\":\"array\",\"items\":");
    buf_puts(&json, "\"int\"");
    for (int i = 0; i < AVRO_DEPTH_MAX; i++)
        buf_puts(&json, "}");
    refuse(buf_cstr(&json), E_LIMIT, "nests types deeper than 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primitives_are_names_or_objects),
        cmocka_unit_test(fields_are_found_by_number_and_by_name),
        cmocka_unit_test(names_are_found_in_their_namespace),
        cmocka_unit_test(names_without_a_namespace_are_found_inside_of_one),
        cmocka_unit_test(types_that_take_no_bytes_are_known),
        cmocka_unit_test(what_is_not_a_schema_is_refused),
        cmocka_unit_test(deep_nesting_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
