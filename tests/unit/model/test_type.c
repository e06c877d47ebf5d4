#include "test.h"

#include "model/type.h"

static void assert_reads_back(const char *text)
{
    struct type t;
    struct err err;
    char out[TYPE_TEXT_CAP];
    if (type_parse(view_cstr(text), &t, &err))
        fail_msg("%s: %s", text, err.msg);
    assert_string_equal(type_text(&t, out), text);
}

static void texts_read_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "utf8",
        "bool",
        "int8",
        "uint64",
        "float16",
        "binary",
        "date32",
        "timestamp[s]",
        "timestamp[ns, tz=America/Argentina/ComodRivadavia]",
        "timestamp[us, tz=+02:00]",
        "time32[s]",
        "time64[ns]",
        "duration[ms]",
        "decimal128(38, 38)",
        "decimal256(76, 0)",
        "fixed_binary[65536]",
        "list<utf8>",
        "list<float32>[768]",
        "list<timestamp[us, tz=UTC]>",
        "list<decimal128(5, 2)>[3]",
        "list<fixed_binary[16]>",
        "list<decimal256(60, 0)>[32768]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_reads_back(texts[i]);
}

static void spaces_and_short_forms_are_understood(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"timestamp", "timestamp[us]"},
        {"timestamp[us,UTC]", "timestamp[us, tz=UTC]"},
        {"decimal128( 5 ,2 )", "decimal128(5, 2)"},
        {"list< float32 > [ 3 ]", "list<float32>[3]"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct type t;
        struct err err;
        char out[TYPE_TEXT_CAP];
        assert_ok(type_parse(view_cstr(texts[i][0]), &t, &err));
        assert_string_equal(type_text(&t, out), texts[i][1]);
    }
}

static void what_is_no_type_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "utf9",
        "utf8 x",
        "int32[4]",
        "timestamp[minutes]",
        "timestamp[us",
        "timestamp[us, tz=]",
        "timestamp[us, tz=a\"b]",
        "time32[us]",
        "time64[ms]",
        "time64",
        "decimal128",
        "decimal128(39, 0)",
        "decimal128(0, 0)",
        "decimal128(5, 6)",
        "decimal128(5, -1)",
        "decimal128(99999999, 0)",
        "fixed_binary",
        "fixed_binary[0]",
        "fixed_binary[65537]",
        "list",
        "list<>",
        "list<list<int32>>",
        "list<int32",
        "list<utf8>[3]",
        "list<int32>[0]",
        "list<decimal256(60, 0)>[32769]",
        "list<fixed_binary[65536]>[65536]", /* 4 GiB, which is 0 in 32 bits */
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct type t;
        struct err err;
        if (type_parse(view_cstr(texts[i]), &t, &err) != E_INVALID)
            fail_msg("%s", texts[i]);
    }
}

static struct type parsed(const char *text)
{
    struct type t = {0};
    struct err err;
    assert_ok(type_parse(view_cstr(text), &t, &err));
    return t;
}

static void widths_are_those_of_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } widths[] = {{"utf8", 0},         {"binary", 0},          {"list<int8>", 0},
                  {"float16", 2},      {"timestamp[s]", 8},    {"decimal128(1, 0)", 16},
                  {"time32[s]", 4},    {"fixed_binary[5]", 5}, {"list<fixed_binary[5]>[3]", 15},
                  {"list<bool>[9]", 9}};
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        struct type t = parsed(widths[i].text);
        assert_int_equal(type_width(&t), widths[i].width);
        assert_int_equal(type_is_variable(&t), widths[i].width == 0);
    }
}

static void types_widen_without_loss(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool widens, converts;
    } pairs[] = {
        {"int32", "int64", true, true},
        {"uint32", "int64", true, true},
        {"int64", "int32", false, true},
        {"float64", "int8", false, true},
        {"int64", "float32", false, true},
        {"int64", "decimal128(5, 2)", false, true},
        {"bool", "int8", false, false},
        {"float16", "float64", true, true},
        {"float64", "float32", false, true},
        {"utf8", "binary", true, true},
        {"binary", "utf8", false, true},
        {"fixed_binary[3]", "binary", true, true},
        {"fixed_binary[3]", "fixed_binary[4]", false, false},
        {"timestamp[ms]", "timestamp[us]", true, true},
        {"timestamp[us]", "timestamp[ms]", false, true},
        {"timestamp[us]", "timestamp[us, tz=UTC]", false, false},
        {"timestamp[us, tz=UTC]", "timestamp[us, tz=Asia/Tokyo]", true, true},
        {"int64", "timestamp[us]", false, true},
        {"date32", "timestamp[us]", false, false},
        {"time32[ms]", "time64[us]", true, true},
        {"decimal128(5, 2)", "decimal128(6, 3)", true, true},
        {"decimal128(5, 2)", "decimal128(5, 3)", false, true},
        {"decimal128(5, 2)", "decimal256(5, 2)", true, true},
        {"decimal256(5, 2)", "decimal128(5, 2)", false, true},
        {"list<int32>", "list<int64>", true, true},
        {"list<int32>[3]", "list<int32>", true, true},
        {"list<int32>", "list<int32>[3]", false, true},
        {"list<float64>", "list<float32>[3]", false, true},
        {"list<int32>[3]", "list<int32>[4]", false, false},
        {"int32", "list<int32>", false, false},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct type from = parsed(pairs[i].from), to = parsed(pairs[i].to);
        if (type_widens(&from, &to) != pairs[i].widens ||
            type_converts(&from, &to) != pairs[i].converts)
            fail_msg("%s to %s", pairs[i].from, pairs[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_read_back),
        cmocka_unit_test(spaces_and_short_forms_are_understood),
        cmocka_unit_test(what_is_no_type_is_refused),
        cmocka_unit_test(widths_are_those_of_values),
        cmocka_unit_test(types_widen_without_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
