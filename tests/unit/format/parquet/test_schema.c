#include "build.h"
#include "format/parquet/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED };
enum { REQUIRED, OPTIONAL, REPEATED };
enum { NONE = -1, LOGICAL_STRING = 1, LOGICAL_INTEGER = 10, LOGICAL_JSON = 12 };

/* A leaf, as a writer could describe it. */
struct leaf {
    int physical;
    int repetition;
    int converted; /* NONE */
    int logical;   /* field of the LogicalType union, or NONE */
    int bits;
    bool is_signed;
    int length; /* of FIXED */
    int precision, scale;
    const int32_t *field_id; /* NULL: not written */
};

static void put_logical(struct thrift_out *leaf, const struct leaf *l)
{
    struct thrift_out logical = build_struct(leaf, 10);
    struct thrift_out kind = {.to = leaf->to};
    if (l->logical < 16) {
        kind = build_struct(&logical, l->logical);
    } else { /* long form of the field number */
        buf_put_u8(leaf->to, 12);
        build_zigzag(leaf->to, l->logical);
    }
    if (l->logical == LOGICAL_INTEGER) {
        build_head(&kind, 1, 3);
        buf_put_u8(leaf->to, (uint8_t)l->bits);
        build_bool(&kind, 2, l->is_signed);
    }
    build_stop(&kind);
    build_stop(&logical);
}

static struct pq_file *file_of(const struct leaf *l)
{
    AUTO(buf) struct buf footer = {0};
    struct thrift_out file = {.to = &footer};
    build_structs(&file, 2, 2);
    struct thrift_out root = {.to = &footer};
    build_text(&root, 4, "root");
    build_int(&root, 5, 1);
    build_stop(&root);
    struct thrift_out leaf = {.to = &footer};
    build_int(&leaf, 1, l->physical);
    if (l->length)
        build_int(&leaf, 2, l->length);
    build_int(&leaf, 3, l->repetition);
    build_text(&leaf, 4, "col");
    if (l->converted >= 0)
        build_int(&leaf, 6, l->converted);
    if (l->scale)
        build_int(&leaf, 7, l->scale);
    if (l->precision)
        build_int(&leaf, 8, l->precision);
    if (l->field_id)
        build_int(&leaf, 9, *l->field_id);
    if (l->logical >= 0)
        put_logical(&leaf, l);
    build_stop(&leaf);
    build_stop(&file);
    struct pq_limits limits = pq_limits_default();
    struct pq_file *f;
    struct err err;
    if (pq_file_parse(buf_view(&footer), footer.len + 100, &limits, &f, &err))
        fail_msg("%s", err.msg);
    return f;
}

static void expect_dtype(struct leaf l, enum dtype dtype)
{
    struct pq_file *f = file_of(&l);
    const struct pq_column *col = pq_file_column(f, 0);
    if (!col->supported || col->type.dtype != dtype)
        fail_msg("%s, expected %s: %s", dtype_name(col->type.dtype), dtype_name(dtype),
                 col->why_not);
    assert_int_equal(col->nullable, l.repetition == OPTIONAL);
    pq_file_free(f);
}

static void expect_text(struct leaf l, const char *type)
{
    struct pq_file *f = file_of(&l);
    const struct pq_column *col = pq_file_column(f, 0);
    char text[TYPE_TEXT_CAP];
    assert_true(col->supported);
    assert_string_equal(type_text(&col->type, text), type);
    pq_file_free(f);
}

static void expect_refusal(struct leaf l, const char *words)
{
    struct pq_file *f = file_of(&l);
    const struct pq_column *col = pq_file_column(f, 0);
    assert_false(col->supported);
    if (!strstr(col->why_not, words))
        fail_msg("\"%s\" without \"%s\"", col->why_not, words);
    pq_file_free(f);
}

static void bare_physical_types_have_a_dtype(void **state)
{
    (void)state;
    expect_dtype((struct leaf){BOOLEAN, REQUIRED, NONE, NONE, 0, 0, .length = 0}, DT_BOOL);
    expect_dtype((struct leaf){INT32, OPTIONAL, NONE, NONE, 0, 0, .length = 0}, DT_INT32);
    expect_dtype((struct leaf){INT64, REQUIRED, NONE, NONE, 0, 0, .length = 0}, DT_INT64);
    expect_dtype((struct leaf){FLOAT, OPTIONAL, NONE, NONE, 0, 0, .length = 0}, DT_FLOAT32);
    expect_dtype((struct leaf){DOUBLE, REQUIRED, NONE, NONE, 0, 0, .length = 0}, DT_FLOAT64);
}

static void integers_of_converted_types_have_their_width_and_sign(void **state)
{
    (void)state;
    static const enum dtype dtypes[] = {DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64,
                                        DT_INT8,  DT_INT16,  DT_INT32,  DT_INT64};
    for (int i = 0; i < 8; i++)
        expect_dtype(
            (struct leaf){i % 4 == 3 ? INT64 : INT32, REQUIRED, 11 + i, NONE, 0, 0, .length = 0},
            dtypes[i]);
}

static void integers_of_logical_types_have_their_width_and_sign(void **state)
{
    (void)state;
    static const enum dtype dtypes[2][4] = {{DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64},
                                            {DT_INT8, DT_INT16, DT_INT32, DT_INT64}};
    for (int is_signed = 0; is_signed < 2; is_signed++)
        for (int i = 0; i < 4; i++)
            expect_dtype((struct leaf){i == 3 ? INT64 : INT32, OPTIONAL, NONE, LOGICAL_INTEGER,
                                       8 << i, is_signed, .length = 0},
                         dtypes[is_signed][i]);
}

static void text_is_string_enum_and_json_of_either_kind(void **state)
{
    (void)state;
    static const int converted[] = {0, 4, 19};
    static const int logical[] = {LOGICAL_STRING, 4, LOGICAL_JSON};
    for (int i = 0; i < 3; i++) {
        expect_dtype((struct leaf){BYTE_ARRAY, OPTIONAL, converted[i], NONE, 0, 0, .length = 0},
                     DT_UTF8);
        expect_dtype((struct leaf){BYTE_ARRAY, OPTIONAL, NONE, logical[i], 0, 0, .length = 0},
                     DT_UTF8);
    }
}

static void the_logical_type_wins_over_the_converted_one(void **state)
{
    (void)state;
    expect_dtype((struct leaf){INT32, OPTIONAL, 16, LOGICAL_INTEGER, 8, false, .length = 0},
                 DT_UINT8);
}

static void other_types_have_their_parameters(void **state)
{
    (void)state;
    expect_text((struct leaf){INT96, OPTIONAL, NONE, NONE, 0, 0, .length = 0}, "timestamp[ns]");
    expect_text((struct leaf){FIXED, OPTIONAL, NONE, NONE, 0, 0, .length = 5}, "fixed_binary[5]");
    expect_text((struct leaf){FIXED, OPTIONAL, NONE, 14, 0, 0, .length = 16}, "fixed_binary[16]");
    expect_text((struct leaf){FIXED, OPTIONAL, NONE, 15, 0, 0, .length = 2}, "float16");
    expect_text((struct leaf){FIXED, OPTIONAL, 21, NONE, 0, 0, .length = 12}, "fixed_binary[12]");
    expect_text((struct leaf){BYTE_ARRAY, OPTIONAL, NONE, NONE, 0, 0, .length = 0}, "binary");
    expect_text((struct leaf){BYTE_ARRAY, OPTIONAL, 20, NONE, 0, 0, .length = 0},
                "binary"); /* BSON */
    expect_text((struct leaf){BYTE_ARRAY, OPTIONAL, NONE, 17, 0, 0, .length = 0},
                "binary"); /* GEOMETRY */
    expect_text((struct leaf){INT32, OPTIONAL, 6, NONE, 0, 0, .length = 0}, "date32");
    expect_text((struct leaf){INT32, OPTIONAL, 7, NONE, 0, 0, .length = 0}, "time32[ms]");
    expect_text((struct leaf){INT64, OPTIONAL, 8, NONE, 0, 0, .length = 0}, "time64[us]");
    expect_text((struct leaf){INT64, OPTIONAL, 9, NONE, 0, 0, .length = 0},
                "timestamp[ms, tz=UTC]");
    expect_text((struct leaf){INT64, OPTIONAL, 10, NONE, 0, 0, .length = 0},
                "timestamp[us, tz=UTC]");
    expect_text((struct leaf){INT64, OPTIONAL, 5, NONE, 0, 0, .precision = 12, .scale = 2},
                "decimal128(12, 2)");
    expect_text((struct leaf){BYTE_ARRAY, OPTIONAL, 5, NONE, 0, 0, .precision = 39},
                "decimal256(39, 0)");
    expect_text((struct leaf){INT32, OPTIONAL, 24, NONE, 0, 0, .length = 0}, "int32"); /* NULL */
    expect_text((struct leaf){INT32, OPTIONAL, 99, NONE, 0, 0, .length = 0},
                "int32"); /* not known */
    expect_text((struct leaf){INT32, REPEATED, NONE, NONE, 0, 0, .length = 0}, "list<int32>");
}

static void what_makes_no_sense_says_what_it_is(void **state)
{
    (void)state;
    expect_refusal((struct leaf){9, OPTIONAL, NONE, NONE, 0, 0, .length = 0},
                   "type 9 is not known");
    expect_refusal((struct leaf){INT32, 3, NONE, NONE, 0, 0, .length = 0}, "repetition 3");
    expect_refusal((struct leaf){FIXED, OPTIONAL, NONE, NONE, 0, 0, .length = 0},
                   "BYTE_ARRAY of 0 bytes");
    expect_refusal((struct leaf){INT64, OPTIONAL, 5, NONE, 0, 0, .length = 0},
                   "DECIMAL of precision 0");
    expect_refusal((struct leaf){INT64, OPTIONAL, 5, NONE, 0, 0, .precision = 4, .scale = 5},
                   "scale 5");
    expect_refusal((struct leaf){INT32, OPTIONAL, 5, NONE, 0, 0, .precision = 77}, "precision 77");
    expect_refusal((struct leaf){INT64, OPTIONAL, NONE, 8, 0, 0, .length = 0},
                   "TIMESTAMP"); /* of no unit */
}

static void annotations_on_the_wrong_type_are_refused(void **state)
{
    (void)state;
    expect_refusal((struct leaf){INT64, OPTIONAL, 15, NONE, 0, 0, .length = 0},
                   "INT of 8 bits cannot be in INT64");
    expect_refusal((struct leaf){INT32, OPTIONAL, 18, NONE, 0, 0, .length = 0},
                   "INT of 64 bits cannot be in INT32");
    expect_refusal((struct leaf){INT32, OPTIONAL, NONE, LOGICAL_INTEGER, 24, true, .length = 0},
                   "24 bits");
    expect_refusal((struct leaf){FLOAT, OPTIONAL, 17, NONE, 0, 0, .length = 0},
                   "INT of 32 bits cannot be in FLOAT");
    expect_refusal((struct leaf){FIXED, OPTIONAL, 0, NONE, 0, 0, .length = 3},
                   "STRING cannot be in FIXED");
    expect_refusal((struct leaf){INT32, OPTIONAL, NONE, LOGICAL_STRING, 0, 0, .length = 0},
                   "STRING cannot be in INT32");
    expect_refusal((struct leaf){BYTE_ARRAY, OPTIONAL, 6, NONE, 0, 0, .length = 0},
                   "DATE cannot be in BYTE_ARRAY");
    expect_refusal((struct leaf){FIXED, OPTIONAL, NONE, 15, 0, 0, .length = 4}, "FLOAT16");
    expect_refusal((struct leaf){FLOAT, OPTIONAL, 5, NONE, 0, 0, .precision = 4}, "in FLOAT");
}

static void expect_field_id(const int32_t *written, int32_t expected)
{
    struct leaf l = {INT64, OPTIONAL, NONE, NONE, 0, 0, .field_id = written};
    struct pq_file *f = file_of(&l);
    assert_int_equal(pq_file_column(f, 0)->field_id, expected);
    pq_file_free(f);
}

static void a_column_has_the_field_id_that_was_written_or_none(void **state)
{
    (void)state;
    const int32_t ids[] = {0, 1, 17, INT32_MAX};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        expect_field_id(&ids[i], ids[i]);
    expect_field_id(NULL, PQ_NO_FIELD_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_physical_types_have_a_dtype),
        cmocka_unit_test(integers_of_converted_types_have_their_width_and_sign),
        cmocka_unit_test(integers_of_logical_types_have_their_width_and_sign),
        cmocka_unit_test(text_is_string_enum_and_json_of_either_kind),
        cmocka_unit_test(the_logical_type_wins_over_the_converted_one),
        cmocka_unit_test(other_types_have_their_parameters),
        cmocka_unit_test(what_makes_no_sense_says_what_it_is),
        cmocka_unit_test(annotations_on_the_wrong_type_are_refused),
        cmocka_unit_test(a_column_has_the_field_id_that_was_written_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
