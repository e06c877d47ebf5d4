#include "avro_build.h"
#include "test.h"

static const struct avro_limits small = {
    .schema_bytes = 1 << 16,
    .block_bytes = 1 << 16,
    .record_bytes = 1 << 16,
    .n_values = 10000,
};

/* One block of one type. */
static enum code read_one(const char *schema, int64_t n, const void *body, size_t len,
                          size_t *out_n, struct err *err)
{
    AUTO(buf) struct buf b = {0};
    put_head(&b, schema, "null");
    put_block(&b, n, body, len);
    return avro_read_all(buf_view(&b), &small, out_n, err);
}

#define refuse(schema, n, body, code, text)                                                \
    do {                                                                                   \
        struct err err;                                                                    \
        size_t got;                                                                        \
        assert_fails(read_one(schema, n, body, sizeof(body) - 1, &got, &err), code, text); \
    } while (0)

#define accept(schema, n, body)                                             \
    do {                                                                    \
        struct err err;                                                     \
        size_t got = 0;                                                     \
        assert_ok(read_one(schema, n, body, sizeof(body) - 1, &got, &err)); \
        assert_int_equal(got, n);                                           \
    } while (0)

static void values_that_are_none_are_refused(void **state)
{
    (void)state;
    refuse("\"boolean\"", 1, "\2", E_CORRUPT, "block 0, record 0: has a boolean of 2");
    refuse("\"int\"", 1, "\x80\x80\x80\x80\x20", E_CORRUPT, "has an int of 4294967296");
    refuse("\"long\"", 2, "\2\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", E_CORRUPT,
           "block 0, record 1: has a number that is cut off or too long");
    refuse("\"float\"", 1, "abc", E_CORRUPT, "in the middle of a float");
    refuse("\"double\"", 1, "abcdefg", E_CORRUPT, "in the middle of a double");
    refuse("\"string\"", 1,
           "\x08"
           "abc",
           E_CORRUPT, "a string of 4 bytes where 3 are left");
    refuse("\"bytes\"", 1, "\x07", E_CORRUPT, "a bytes of -4 bytes where 0 are left");
    refuse("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", 1, "\2", E_CORRUPT,
           "symbol 1 of an enum of 1");
    refuse("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[]}", 1, "\0", E_CORRUPT,
           "symbol 0 of an enum of 0");
    refuse("{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}", 1, "ab", E_CORRUPT,
           "in the middle of a fixed");
    refuse("[\"null\",\"int\"]", 1, "\4", E_CORRUPT, "branch 2 of a union of 2");
    refuse("[\"null\",\"int\"]", 1, "\1", E_CORRUPT, "branch -1 of a union of 2");
    refuse("[]", 1, "\0", E_CORRUPT, "branch 0 of a union of 0");
}

static void blocks_must_hold_their_records_and_no_more(void **state)
{
    (void)state;
    refuse("\"long\"", 2, "\2\2\2", E_CORRUPT, "block 0: 1 bytes are left after its 2 records");
    refuse("\"long\"", 3, "\2", E_CORRUPT, "block 0: 3 records in 1 bytes");
    refuse("\"long\"", -1, "\2", E_CORRUPT, "block 0: -1 records");
    refuse("\"long\"", 0, "\2", E_CORRUPT, "block 0: 1 bytes are left after its 0 records");
    accept("\"long\"", 0, "");
    accept("\"null\"", 9999, "");
}

/* Blocks of items: two of 2 and 1; the second has its size in front. */
static void items_come_in_blocks(void **state)
{
    (void)state;
    static const char array[] = "{\"type\":\"array\",\"items\":\"int\"}";
    static const char map[] = "{\"type\":\"map\",\"values\":\"int\"}";
    accept(array, 1, "\4\2\4\1\2\6\0");
    accept(map, 1, "\2\2a\2\1\6\2b\4\0");
    refuse(array, 1, "\1\4\6\0", E_CORRUPT, "an array with a block that is not as long as it says");
    refuse(array, 1, "\1\x0A\6\0", E_CORRUPT, "an array with a block of 5 bytes where 2 are left");
    refuse(array, 1, "\1\1\6\0", E_CORRUPT, "a block of -1 bytes");
    refuse(array, 1, "\x7E\2\0", E_CORRUPT, "an array of 63 items where 2 bytes are left");
    refuse(map, 1, "\x7E\2\0", E_CORRUPT, "a map of 63 items where 2 bytes are left");
    refuse(array, 1, "\2\2", E_CORRUPT, "cut off");
}

static void many_small_blocks_are_one_array(void **state)
{
    (void)state;
    struct err err;
    struct avro_file *f;
    const struct avro_value *v;
    AUTO(buf) struct buf body = {0}, b = {0};
    for (int i = 0; i < 300; i++) {
        put_long(&body, 1);
        put_long(&body, i);
    }
    put_long(&body, 0);
    put_head(&b, "{\"type\":\"array\",\"items\":\"int\"}", "null");
    put_block(&b, 1, body.ptr, body.len);
    assert_ok(avro_open(buf_view(&b), &small, &f, &err));
    assert_ok(avro_next(f, &v, &err));
    assert_int_equal(v->n_items, 300);
    for (int i = 0; i < 300; i++)
        assert_int_equal(v->items[i].integer, i);
    assert_ok(avro_next(f, &v, &err));
    assert_null(v);
    avro_close(f);
}

/* 2^40 values that take no bytes, in every place where a count stands. */
static void counts_of_nothing_are_limited(void **state)
{
    (void)state;
    AUTO(buf) struct buf count = {0};
    size_t got;
    struct err err;
    put_long(&count, (int64_t)1 << 40);
    buf_put_u8(&count, 0);
    assert_fails(read_one("\"null\"", (int64_t)1 << 40, "", 0, &got, &err), E_LIMIT,
                 "record 10000: has more values");
    assert_fails(
        read_one("{\"type\":\"array\",\"items\":\"null\"}", 1, count.ptr, count.len, &got, &err),
        E_LIMIT, "more values");
    assert_fails(read_one("{\"type\":\"array\",\"items\":{\"type\":\"fixed\",\"name\":\"f\","
                          "\"size\":0}}",
                          1, count.ptr, count.len, &got, &err),
                 E_LIMIT, "more values");
    buf_reset(&count);
    put_long(&count, INT64_MIN);
    put_long(&count, 0);
    assert_fails(
        read_one("{\"type\":\"array\",\"items\":\"null\"}", 1, count.ptr, count.len, &got, &err),
        E_LIMIT, "more values");
    buf_reset(&count);
    put_long(&count, 3000);
    buf_put_u8(&count, 0);
    assert_fails(
        read_one("{\"type\":\"array\",\"items\":\"null\"}", 1, count.ptr, count.len, &got, &err),
        E_LIMIT, "a record of more than 65536 bytes");
}

/* Records of records of records: 2^40 of them in no bytes. */
static void records_that_multiply_are_limited(void **state)
{
    (void)state;
    AUTO(buf) struct buf schema = {0};
    struct err err;
    size_t got;
    for (int i = 0; i < 20; i++)
        buf_printf(
            &schema,
            "{\"type\":\"record\",\"name\":\"r%d\",\"fields\":[{\"name\":\"a\",\"type\":", i);
    buf_puts(&schema, "\"null\"");
    for (int i = 20; i-- > 0;)
        buf_printf(&schema, "},{\"name\":\"b\",\"type\":\"%s%.*d\"}]}", i == 19 ? "null" : "r",
                   i == 19 ? 0 : 1, i == 19 ? 0 : i + 1);
    assert_fails(read_one(buf_cstr(&schema), 1, "", 0, &got, &err), E_LIMIT, "record");
}

static void a_record_inside_itself_is_limited(void **state)
{
    (void)state;
    static const char endless[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"r\"}]}";
    static const char list[] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":"
                               "[{\"name\":\"a\",\"type\":[\"null\",\"r\"]}]}";
    char body[101];
    struct err err;
    size_t got;
    memset(body, 2, sizeof(body) - 1);
    body[100] = 0;
    assert_fails(read_one(endless, 1, "", 1, &got, &err), E_LIMIT, "nests values deeper than 64");
    assert_fails(read_one(list, 1, body, sizeof(body), &got, &err), E_LIMIT,
                 "nests values deeper than 64");
    assert_ok(read_one(list, 1, body + 50, 51, &got, &err));
}

static void the_head_is_checked(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    struct err err;
    size_t got;
    assert_fails(avro_read_all(view_cstr(""), &small, &got, &err), E_CORRUPT,
                 "is not an Avro file");
    assert_fails(avro_read_all(view_cstr("PAR1...."), &small, &got, &err), E_CORRUPT,
                 "is not an Avro file");
    put_head(&b, "\"int\"", "xz");
    assert_fails(avro_read_all(buf_view(&b), &small, &got, &err), E_UNSUPPORTED,
                 "Avro codec xz is not supported");
    buf_reset(&b);
    buf_put(&b, "Obj\1\0", 5);
    buf_put(&b, build_sync, 16);
    assert_fails(avro_read_all(buf_view(&b), &small, &got, &err), E_CORRUPT, "has no Avro schema");
    buf_reset(&b);
    put_head(&b, "\"int\"", "null");
    assert_ok(avro_read_all(buf_view(&b), &small, &got, &err));
    assert_int_equal(got, 0);
    put_block(&b, 1, "\2", 1);
    b.ptr[b.len - 1] ^= 1;
    assert_fails(avro_read_all(buf_view(&b), &small, &got, &err), E_CORRUPT,
                 "block 0: does not end in the file's sync marker");
}

static void blocks_and_schemas_are_limited(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0}, body = {0};
    struct avro_limits limits = small;
    struct err err;
    size_t got;
    put_head(&b, "\"int\"", "null");
    buf_put_zeros(&body, small.block_bytes + 1);
    put_block(&b, 1, body.ptr, body.len);
    assert_fails(avro_read_all(buf_view(&b), &small, &got, &err), E_LIMIT,
                 "block 0: 65537 bytes; 65536 are allowed");
    limits.schema_bytes = 4;
    assert_fails(avro_read_all(buf_view(&b), &limits, &got, &err), E_LIMIT, "metadata: ");
    buf_reset(&b);
    buf_puts(&body, "");
    AUTO(buf) struct buf schema = {0};
    buf_puts(&schema, "\"int\"");
    for (int i = 0; i < 1000; i++)
        buf_puts(&schema, " ");
    limits.schema_bytes = 1000;
    put_head(&b, buf_cstr(&schema), "null");
    assert_fails(avro_read_all(buf_view(&b), &limits, &got, &err), E_LIMIT,
                 "an Avro schema of 1005 bytes; 1000 are allowed");
}

static void after_a_failure_every_call_fails(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = {0};
    struct avro_file *f;
    const struct avro_value *v;
    struct err err;
    put_head(&b, "\"int\"", "null");
    put_block(&b, 2, "\2\x80", 2);
    assert_ok(avro_open(buf_view(&b), &small, &f, &err));
    assert_ok(avro_next(f, &v, &err));
    assert_fails(avro_next(f, &v, &err), E_CORRUPT, "record 1: ");
    assert_fails(avro_next(f, &v, &err), E_CORRUPT, "as was said before");
    avro_close(f);
    avro_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_that_are_none_are_refused),
        cmocka_unit_test(blocks_must_hold_their_records_and_no_more),
        cmocka_unit_test(items_come_in_blocks),
        cmocka_unit_test(many_small_blocks_are_one_array),
        cmocka_unit_test(counts_of_nothing_are_limited),
        cmocka_unit_test(records_that_multiply_are_limited),
        cmocka_unit_test(a_record_inside_itself_is_limited),
        cmocka_unit_test(the_head_is_checked),
        cmocka_unit_test(blocks_and_schemas_are_limited),
        cmocka_unit_test(after_a_failure_every_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
