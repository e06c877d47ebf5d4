/* Files of fastavro, made by tests/golden/avro/make.py; runs in the top folder. Then the same files
 * damaged: cut at each offset, and with each byte changed. */
#include "base/file.h"
#include "avro_build.h"
#include "test.h"

#include <stdio.h>

enum { N_ROWS = 30 };
static const char *const codecs[] = {"null", "deflate", "snappy", "zstandard"};
static const char *const files[] = {"all_null", "all_deflate", "all_snappy", "all_zstandard",
                                    "recursive"};

static void golden_read(const char *name, struct buf *out)
{
    char path[200];
    struct err err;
    snprintf(path, sizeof(path), "tests/golden/avro/%s.avro", name);
    assert_ok(file_read(path, 1 << 20, out, &err));
}

static const struct avro_value *get(const struct avro_value *record, const char *name)
{
    const struct avro_value *v = avro_value_by_name(record, name);
    if (!v)
        fail_msg("there is no field %s", name);
    return v;
}

printf_like(2, 3) static void expect_text(const struct avro_value *v, const char *fmt, ...)
{
    char text[20];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    assert_int_equal(v->type->kind, AVRO_STRING);
    assert_true(view_eq_cstr(v->bytes, text));
}

static void check_scalars(const struct avro_value *r, int i)
{
    uint8_t four[4] = {(uint8_t)i, (uint8_t)(i + 1), (uint8_t)(i + 2), (uint8_t)(i + 3)};
    assert_int_equal(get(r, "b")->boolean, i % 2);
    assert_int_equal(get(r, "i")->integer, i - 15);
    assert_string_equal(get(r, "i")->type->logical, "date");
    assert_int_equal(get(r, "l")->integer, (i - 15) * (INT64_C(1) << 40));
    assert_true(get(r, "f")->number == i * 0.25);
    assert_true(get(r, "d")->number == -i * 0.125);
    assert_int_equal(get(r, "y")->bytes.len, i % 4);
    if (i % 4)
        assert_int_equal(get(r, "y")->bytes.ptr[0], i);
    expect_text(get(r, "s"), "row %d", i);
    assert_true(view_eq(get(r, "x")->bytes, view_of(four, 4)));
    assert_int_equal(get(r, "e")->integer, i % 3);
    assert_string_equal(get(r, "e")->type->symbols[2], "UP");
}

static void check_items(const struct avro_value *r, int i)
{
    const struct avro_value *a = get(r, "a"), *m = get(r, "m"), *k = get(r, "k");
    assert_int_equal(a->n_items, i % 5);
    for (int j = 0; j < i % 5; j++)
        assert_int_equal(a->items[j].integer, j);
    assert_int_equal(m->n_items, 2 * (i % 3));
    for (int j = 0; j < i % 3; j++) {
        expect_text(&m->items[2 * j], "k%d", j);
        expect_text(&m->items[2 * j + 1], "v%d", i + j);
    }
    assert_string_equal(k->type->logical, "map");
    assert_int_equal(k->n_items, i % 4);
    for (int j = 0; j < i % 4; j++) {
        assert_int_equal(avro_value_by_id(&k->items[j], 15)->integer, j);
        assert_int_equal(avro_value_by_id(&k->items[j], 16)->integer, i * j);
    }
}

static void check_unions(const struct avro_value *r, int i)
{
    static const enum avro_kind kinds[] = {AVRO_NULL, AVRO_STRING, AVRO_LONG};
    const struct avro_value *n = avro_value_by_id(r, 12), *inner = get(r, "r");
    assert_int_equal(n->type->kind, kinds[i % 3]);
    if (i % 3 == 1)
        expect_text(n, "text");
    if (i % 3 == 2)
        assert_int_equal(n->integer, i);
    assert_int_equal(get(inner, "x2")->bytes.ptr[3], i);
    assert_int_equal(get(inner, "e2")->type->kind, i % 2 ? AVRO_ENUM : AVRO_NULL);
    if (i % 2)
        assert_int_equal(get(inner, "e2")->integer, i % 3);
    assert_null(avro_value_by_id(r, 99));
    assert_null(avro_value_by_name(r, "none"));
}

static void every_codec_gives_the_same_rows(void **state)
{
    (void)state;
    struct avro_limits limits = avro_limits_default();
    for (size_t c = 0; c < 4; c++) {
        AUTO(buf) struct buf bytes = {0};
        struct avro_file *f;
        const struct avro_value *v;
        struct view text;
        struct err err;
        golden_read(files[c], &bytes);
        assert_ok(avro_open(buf_view(&bytes), &limits, &f, &err));
        assert_true(avro_metadata(f, "avro.codec", &text));
        assert_true(view_eq_cstr(text, codecs[c]));
        assert_true(avro_metadata(f, "partition-spec-id", &text));
        assert_true(view_eq_cstr(text, "0"));
        assert_false(avro_metadata(f, "content", &text));
        assert_string_equal(avro_record_type(f)->name, "murr.test.all");
        for (int i = 0; i < N_ROWS; i++) {
            assert_ok(avro_next(f, &v, &err));
            assert_non_null(v);
            check_scalars(v, i);
            check_items(v, i);
            check_unions(v, i);
        }
        assert_ok(avro_next(f, &v, &err));
        assert_null(v);
        avro_close(f);
    }
}

static void another_codec_is_named(void **state)
{
    (void)state;
    AUTO(buf) struct buf bytes = {0};
    struct avro_limits limits = avro_limits_default();
    struct err err;
    size_t n;
    golden_read("all_bzip2", &bytes);
    assert_fails(avro_read_all(buf_view(&bytes), &limits, &n, &err), E_UNSUPPORTED, "bzip2");
}

static void a_record_may_hold_itself(void **state)
{
    (void)state;
    static const int lengths[] = {1, 2, 20};
    AUTO(buf) struct buf bytes = {0};
    struct avro_limits limits = avro_limits_default();
    struct avro_file *f;
    struct err err;
    golden_read("recursive", &bytes);
    assert_ok(avro_open(buf_view(&bytes), &limits, &f, &err));
    for (int i = 0; i < 3; i++) {
        const struct avro_value *v;
        assert_ok(avro_next(f, &v, &err));
        for (int head = lengths[i]; head-- > 0; v = get(v, "tail"))
            assert_int_equal(get(v, "head")->integer, head);
        assert_int_equal(v->type->kind, AVRO_NULL);
    }
    avro_close(f);
}

static const struct avro_limits damaged = {
    .schema_bytes = 1 << 16,
    .block_bytes = 1 << 16,
    .record_bytes = 1 << 16,
    .n_values = 100000,
};

/* Cut between two blocks, a file looks complete: it has fewer rows. */
static void a_file_cut_anywhere_is_refused_or_shorter(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        AUTO(buf) struct buf bytes = {0};
        struct err err;
        size_t whole = 0, n = 0, n_read = 0;
        golden_read(files[i], &bytes);
        assert_ok(avro_read_all(buf_view(&bytes), &damaged, &whole, &err));
        for (size_t len = 0; len < bytes.len; len++) {
            enum code rc = avro_read_all(view_of(bytes.ptr, len), &damaged, &n, &err);
            n_read += rc == OK;
            if (rc != E_CORRUPT && (rc != OK || n >= whole))
                fail_msg("%s cut at %zu: %s", files[i], len, code_name(rc));
        }
        assert_in_range(n_read, 1, 12);
    }
}

/* What a changed byte says may be a sound value; what is compressed has few of them. */
static void a_changed_byte_is_an_error_or_another_value(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x80, 0xFF, 0x10};
    for (size_t i = 0; i < 5; i++) {
        AUTO(buf) struct buf bytes = {0};
        golden_read(files[i], &bytes);
        for (size_t at = 0; at < bytes.len; at++)
            for (size_t m = 0; m < sizeof(masks); m++) {
                struct err err;
                size_t n;
                bytes.ptr[at] ^= masks[m];
                enum code rc = avro_read_all(buf_view(&bytes), &damaged, &n, &err);
                bytes.ptr[at] ^= masks[m];
                if (rc != OK && rc != E_CORRUPT && rc != E_LIMIT && rc != E_UNSUPPORTED)
                    fail_msg("%s, byte %zu: %s", files[i], at, code_name(rc));
            }
    }
}

static void a_changed_byte_of_snappy_data_is_found(void **state)
{
    (void)state;
    AUTO(buf) struct buf bytes = {0};
    struct err err;
    size_t n;
    golden_read("all_snappy", &bytes);
    bytes.ptr[bytes.len - 17] ^= 1; /* of the checksum, in front of the marker */
    assert_fails(avro_read_all(buf_view(&bytes), &damaged, &n, &err), E_CORRUPT,
                 "checksum mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_gives_the_same_rows),
        cmocka_unit_test(another_codec_is_named),
        cmocka_unit_test(a_record_may_hold_itself),
        cmocka_unit_test(a_file_cut_anywhere_is_refused_or_shorter),
        cmocka_unit_test(a_changed_byte_is_an_error_or_another_value),
        cmocka_unit_test(a_changed_byte_of_snappy_data_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
