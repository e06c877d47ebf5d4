#include "format/arrow/array_decide.h"
#include "format/arrow/c_format.h"
#include "format/arrow/fbs.h"
#include "format/arrow/ipc_type.h"
#include "format/arrow/ipc_writer.h"
#include "format/arrow/schema_hint.h"

#include "test.h"

static const char *const texts[] = {
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
    "float32",
    "float64",
    "binary",
    "float16",
    "date32",
    "timestamp[s]",
    "timestamp[us]",
    "timestamp[ns, tz=Europe/Berlin]",
    "time32[s]",
    "time32[ms]",
    "time64[us]",
    "time64[ns]",
    "duration[ms]",
    "decimal128(12, 2)",
    "fixed_binary[16]",
    "decimal256(60, 3)",
    "list<int8>",
    "list<float32>[768]",
};
enum { N_TEXTS = sizeof(texts) / sizeof(texts[0]) };

static struct type type_from(const char *text)
{
    struct type t;
    struct err err;
    assert_ok(type_parse(view_cstr(text), &t, &err));
    return t;
}

static void assert_same_spec(const struct arrow_spec *a, const struct arrow_spec *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->bits, b->bits);
    assert_int_equal(a->is_signed, b->is_signed);
    assert_int_equal(a->unit, b->unit);
    assert_int_equal(a->precision, b->precision);
    assert_int_equal(a->scale, b->scale);
    assert_int_equal(a->size, b->size);
    assert_true(view_eq(a->zone, b->zone));
}

static void every_type_survives_a_flatbuffer(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct type t = type_from(texts[i]);
        const struct arrow_spec spec = arrow_spec_of(&t);
        AUTO(flatbuf) struct flatbuf fb = {0};
        struct fb_table table;
        struct arrow_spec read;
        flatbuf_reset(&fb);
        ipc_type_add(&fb, FLATBUF_ROOT, &spec);
        assert_true(fb_root(view_of(fb.bytes.ptr, fb.bytes.len), &table));
        assert_true(ipc_type_read(&table, spec.kind, &read));
        assert_same_spec(&spec, &read);
    }
}

static void every_type_survives_a_format_string(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct type t = type_from(texts[i]);
        const struct arrow_spec spec = arrow_spec_of(&t);
        struct arrow_spec read;
        char format[C_FORMAT_CAP];
        c_format_put(&spec, format);
        assert_true(c_format_parse(format, &read));
        assert_same_spec(&spec, &read);
    }
}

static void every_type_but_lists_is_decided_as_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct type t = type_from(texts[i]);
        const struct arrow_spec spec = arrow_spec_of(&t);
        AUTO(arena) struct arena arena = {0};
        struct arrow_array a = {0};
        if (t.dtype == DT_LIST)
            continue;
        arrow_array_decide(&a, &spec, &arena);
        assert_true(a.supported);
        assert_true(type_eq(&a.type, &t));
        assert_string_equal(a.type_text, texts[i]);
    }
}

/* FlatBuffers leave out a field that has its default: a date is in milliseconds then, a decimal has
 * 128 bits. */
static void absent_parameters_have_the_defaults_of_the_format(void **state)
{
    static const struct {
        enum arrow_kind kind;
        int64_t bits, unit;
    } cases[] = {
        {KIND_DATE, 64, 0},          {KIND_DECIMAL, 128, 0},      {KIND_TIME, 32, UNIT_MS},
        {KIND_TIMESTAMP, 0, UNIT_S}, {KIND_DURATION, 0, UNIT_MS}, {KIND_FLOAT, 16, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO(flatbuf) struct flatbuf fb = {0};
        struct fb_table table;
        struct arrow_spec read;
        flatbuf_reset(&fb);
        flatbuf_add_table(&fb, FLATBUF_ROOT, NULL, 0);
        assert_true(fb_root(view_of(fb.bytes.ptr, fb.bytes.len), &table));
        assert_true(ipc_type_read(&table, cases[i].kind, &read));
        assert_int_equal(read.bits, cases[i].bits);
        assert_int_equal(read.unit, cases[i].unit);
    }
}

static void units_that_no_type_has_are_not_supported(void **state)
{
    static const struct arrow_spec specs[] = {
        {.kind = KIND_DATE, .bits = 0},      {.kind = KIND_FLOAT, .bits = 0},
        {.kind = KIND_TIMESTAMP, .unit = 4}, {.kind = KIND_DURATION, .unit = -1},
        {.kind = KIND_INT, .bits = 24},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        AUTO(arena) struct arena arena = {0};
        struct arrow_array a = {0};
        arrow_array_decide(&a, &specs[i], &arena);
        assert_false(a.supported);
    }
}

static struct view base64_of(struct view bytes, struct arena *arena)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(arena, bytes.len * 2 + 4);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | bytes.ptr[i];
        for (n_bits += 8; n_bits >= 6; n_bits -= 6)
            out[n++] = letters[bits >> (n_bits - 6) & 63];
    }
    if (n_bits)
        out[n++] = letters[bits << (6 - n_bits) & 63];
    return view_of(out, n);
}

static void hints_say_the_types_of_the_schema_message(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf message = {0};
    struct ipc_field fields[N_TEXTS] = {0};
    struct arrow_field_hint *hints = NULL;
    for (size_t i = 0; i < N_TEXTS; i++)
        fields[i] = (struct ipc_field){.name = texts[i], .type = type_from(texts[i])};
    ipc_schema_put(fields, N_TEXTS, &message);
    struct view text = base64_of(view_of(message.ptr, message.len), &arena);
    assert_int_equal(arrow_schema_hints(text, &arena, &hints), N_TEXTS);
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct arrow_spec spec = arrow_spec_of(&fields[i].type);
        assert_true(view_eq_cstr(hints[i].name, texts[i]));
        assert_same_spec(&hints[i].own, &spec);
        if (fields[i].type.dtype != DT_LIST)
            continue;
        struct type element = type_element(&fields[i].type);
        const struct arrow_spec element_spec = arrow_spec_of(&element);
        assert_same_spec(&hints[i].element, &element_spec);
    }
}

static void a_schema_that_is_cut_gives_no_wrong_hints(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf message = {0};
    const struct ipc_field field = {.name = "x", .type = type_from("timestamp[ms, tz=UTC]")};
    ipc_schema_put(&field, 1, &message);
    for (size_t len = 0; len < message.len; len++) {
        struct arrow_field_hint *hints = NULL;
        struct view text = base64_of(view_of(message.ptr, len), &arena);
        assert_int_equal(arrow_schema_hints(text, &arena, &hints), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_survives_a_flatbuffer),
        cmocka_unit_test(every_type_survives_a_format_string),
        cmocka_unit_test(every_type_but_lists_is_decided_as_itself),
        cmocka_unit_test(absent_parameters_have_the_defaults_of_the_format),
        cmocka_unit_test(units_that_no_type_has_are_not_supported),
        cmocka_unit_test(hints_say_the_types_of_the_schema_message),
        cmocka_unit_test(a_schema_that_is_cut_gives_no_wrong_hints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
