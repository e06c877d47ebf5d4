#include "build.h"
#include "whole_file.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <snappy-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { INT32 = 1, BYTE_ARRAY = 6 };
enum { DATA = 0, INDEX = 1, DICT = 2, DATA_V2 = 3 };
enum { PLAIN = 0, BIT_PACKED = 4, DELTA_BYTE_ARRAY = 7, RLE_DICTIONARY = 8 };
enum { UTF8 = 0, INT_8 = 15 };
enum { SNAPPY = 1, LZO = 3, ZSTD = 6 };

static const struct build_column int32_required = {INT32, -1, false, 0, 4};
static const struct build_column int32_optional = {INT32, -1, true, 0, 4};
static const struct build_column utf8_required = {BYTE_ARRAY, UTF8, false, 0, 4};

#define ints(...)  view_of((const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}))
#define bytes(...) view_of((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

/* A file being read. */
struct reading {
    struct buf bytes;
    struct pq_limits limits;
    struct pq_file *file;
    struct pq_chunk *chunk;
    struct vector v;
    struct err err;
};

/* `cap`: of the vector. The pages are taken. */
static enum code reading_start(struct reading *r, struct build_column col, struct buf *take_pages,
                               size_t cap)
{
    if (r->limits.page_bytes == 0)
        r->limits = pq_limits_default();
    build_file(&r->bytes, &col, buf_view(take_pages));
    buf_done(take_pages);
    TRY(whole_file_open(buf_view(&r->bytes), &r->limits, &r->file, &r->err));
    r->chunk = pq_chunk_new();
    vector_init(&r->v, &pq_file_column(r->file, 0)->type, cap);
    uint64_t off, len;
    TRY(pq_chunk_range(r->file, 0, 0, &off, &len, &r->err));
    return pq_chunk_start(r->chunk, r->file, 0, 0, view_of(r->bytes.ptr + off, len), &r->err);
}

static void reading_done(struct reading *r)
{
    vector_done(&r->v);
    pq_chunk_free(r->chunk);
    pq_file_free(r->file);
    buf_done(&r->bytes);
}

/* Start and read to the end. */
static enum code read_to_end(struct reading *r, struct build_column col, struct buf *take_pages)
{
    TRY(reading_start(r, col, take_pages, 100));
    do
        TRY(pq_chunk_read(r->chunk, &r->v, &r->err));
    while (r->v.n);
    return OK;
}

static void expect_failure(struct reading *r, struct build_column col, struct buf *take_pages,
                           enum code code, const char *words)
{
    assert_int_equal(read_to_end(r, col, take_pages), code);
    if (!strstr(r->err.msg, words) || !strstr(r->err.msg, "column col"))
        fail_msg("\"%s\" without \"%s\"", r->err.msg, words);
    reading_done(r);
}

static void expect_ints(struct reading *r, const char *want)
{
    char got[256] = "";
    for (size_t i = 0; i < r->v.n; i++) {
        size_t used = strlen(got);
        if (r->v.valid[i])
            snprintf(got + used, sizeof(got) - used, "%d ", ((int32_t *)r->v.values)[i]);
        else
            snprintf(got + used, sizeof(got) - used, "- ");
    }
    assert_string_equal(got, want);
}

static void put_snappy(struct buf *pages, struct build_page p, struct view body)
{
    char packed[512];
    size_t len = sizeof(packed);
    assert_int_equal(snappy_compress((const char *)body.ptr, body.len, packed, &len), SNAPPY_OK);
    p.plain_bytes = (int64_t)body.len;
    build_page(pages, p, view_of(packed, len));
}

static void put_text(struct buf *to, const char *s)
{
    uint32_t len = (uint32_t)strlen(s);
    buf_put(to, &len, 4);
    buf_puts(to, s);
}

/* ---------------------------------------------------------------------------------- what is read
 */

static void plain_pages_follow_one_another(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 1}, ints(5));
    build_page(&pages, (struct build_page){.n_values = 0}, view_of("", 0));
    build_page(&pages, (struct build_page){.type = INDEX}, bytes(1, 2, 3));
    build_page(&pages, (struct build_page){.n_values = 3}, ints(6, 7, 8));
    assert_int_equal(reading_start(&r, int32_required, &pages, 3), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    expect_ints(&r, "5 6 7 ");
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    expect_ints(&r, "8 ");
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    assert_int_equal(r.v.n, 0);
    reading_done(&r);
}

static void nulls_are_zeros_between_values(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    /* levels: 2 bytes, one packed group of 0b0101; values 7 and 9 */
    build_page(&pages, (struct build_page){.n_values = 4},
               bytes(2, 0, 0, 0, 3, 0x05, 7, 0, 0, 0, 9, 0, 0, 0));
    assert_int_equal(reading_start(&r, int32_optional, &pages, 9), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    expect_ints(&r, "7 - 9 - ");
    assert_int_equal(r.v.n_nulls, 2);
    assert_int_equal(((int32_t *)r.v.values)[1], 0);
    assert_int_equal(((int32_t *)r.v.values)[3], 0);
    reading_done(&r);
}

static void legacy_bit_packed_levels_are_most_significant_first(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4, .def_encoding = BIT_PACKED},
               bytes(0x80, 7, 0, 0, 0));
    assert_int_equal(reading_start(&r, int32_optional, &pages, 9), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    expect_ints(&r, "7 - - - ");
    reading_done(&r);
}

static void a_v2_page_of_nulls_has_no_bytes_to_decompress(void **state)
{
    (void)state;
    static const int codecs[] = {SNAPPY, 2, 4, 5, ZSTD, 7};
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        struct reading r = {0};
        struct buf pages = {0};
        struct build_column col = int32_optional;
        col.codec = codecs[i];
        build_page(&pages, (struct build_page){.type = DATA_V2, .n_values = 4, .def_bytes = 2},
                   bytes(8, 0));
        assert_int_equal(reading_start(&r, col, &pages, 9), OK);
        assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
        expect_ints(&r, "- - - - ");
        reading_done(&r);
    }
}

/* Pages of one string each: compressed, not compressed, compressed. All must last until the next
 * read. */
static void strings_of_several_pages_last_until_the_next_read(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    static const char *const texts[] = {"one", "two", "three", "four"};
    for (int i = 0; i < 4; i++) {
        AUTO(buf) struct buf body = {0};
        put_text(&body, texts[i]);
        struct build_page p = {.type = DATA_V2, .n_values = 1, .not_compressed = i == 1};
        if (i == 1)
            build_page(&pages, p, buf_view(&body));
        else
            put_snappy(&pages, p, buf_view(&body));
    }
    struct build_column col = utf8_required;
    col.codec = SNAPPY;
    assert_int_equal(reading_start(&r, col, &pages, 9), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    assert_int_equal(r.v.n, 4);
    for (int i = 0; i < 4; i++)
        assert_true(view_eq_cstr(r.v.views[i], texts[i]));
    reading_done(&r);
}

/* The page between needs no memory and lends nothing; the strings in front of it are still in use.
 */
static void strings_last_over_a_page_of_nulls(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    struct build_column col = {BYTE_ARRAY, UTF8, true, SNAPPY, 4};
    for (int i = 0; i < 3; i++) {
        AUTO(buf) struct buf body = {0};
        struct build_page p = {.n_values = 1};
        if (i == 1) {
            build_page(&pages, (struct build_page){.type = DATA_V2, .n_values = 2, .def_bytes = 2},
                       bytes(4, 0));
            continue;
        }
        buf_put(&body, bytes(2, 0, 0, 0, 2, 1).ptr, 6); /* levels: once 1 */
        put_text(&body, i ? "last" : "1st!");
        put_snappy(&pages, p, buf_view(&body));
    }
    assert_int_equal(reading_start(&r, col, &pages, 9), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    assert_int_equal(r.v.n, 4);
    assert_int_equal(r.v.n_nulls, 2);
    assert_true(view_eq_cstr(r.v.views[0], "1st!"));
    assert_null(r.v.views[1].ptr);
    assert_true(view_eq_cstr(r.v.views[3], "last"));
    reading_done(&r);
}

static void dictionary_of_one_entry_needs_no_index_bits(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 1}, ints(42));
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = RLE_DICTIONARY}, bytes(0));
    assert_int_equal(reading_start(&r, int32_required, &pages, 9), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    expect_ints(&r, "42 42 42 42 ");
    reading_done(&r);
}

static void a_decoder_is_used_again_after_a_failure(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4}, ints(1, 2, 3, 4));
    assert_int_equal(reading_start(&r, int32_required, &pages, 9), OK);
    struct view half = view_of(r.bytes.ptr + 4, 10);
    assert_int_equal(pq_chunk_start(r.chunk, r.file, 0, 0, half, &r.err), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), E_CORRUPT);
    uint64_t off, len;
    assert_int_equal(pq_chunk_range(r.file, 0, 0, &off, &len, &r.err), OK);
    struct view whole = view_of(r.bytes.ptr + off, len);
    assert_int_equal(pq_chunk_start(r.chunk, r.file, 0, 0, whole, &r.err), OK);
    assert_int_equal(pq_chunk_read(r.chunk, &r.v, &r.err), OK);
    expect_ints(&r, "1 2 3 4 ");
    reading_done(&r);
}

/* ------------------------------------------------------------------------------- what is refused
 */

static void fewer_values_than_rows_are_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 3}, ints(1, 2, 3));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "end 1 rows before the 4");
}

static void more_values_than_rows_are_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 5}, ints(1, 2, 3, 4, 5));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "more values than the 4 rows");
}

static void another_page_behind_the_last_row_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4}, ints(1, 2, 3, 4));
    build_page(&pages, (struct build_page){.n_values = 1}, ints(5));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "more values than the 4 rows");
}

static void a_page_of_too_few_bytes_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4}, ints(1, 2, 3));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "the page has 3");
}

static void a_second_dictionary_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 1}, ints(42));
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 1}, ints(43));
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = RLE_DICTIONARY}, bytes(0));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "second dictionary");
}

static void an_index_outside_the_dictionary_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 2}, ints(1, 2));
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = RLE_DICTIONARY},
               bytes(2, 3, 0xB1, 0)); /* packed 1 0 3 2 */
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "index 3 into a dictionary of 2");
    struct reading run = {0};
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 2}, ints(1, 2));
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = RLE_DICTIONARY},
               bytes(2, 8, 2)); /* 4 times 2 */
    expect_failure(&run, int32_required, &pages, E_CORRUPT, "index 2 into a dictionary of 2");
}

static void indexes_without_a_dictionary_are_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = RLE_DICTIONARY}, bytes(0));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "no dictionary page");
}

static void a_dictionary_of_more_entries_than_bytes_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 1000000000}, ints(1, 2));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "dictionary of 1000000000 values");
}

static void a_wrong_checksum_is_corrupt_unless_it_is_not_verified(void **state)
{
    (void)state;
    for (int verify = 0; verify < 2; verify++) {
        struct reading r = {.limits = pq_limits_default()};
        struct buf pages = {0};
        r.limits.verify_crc = verify;
        uint32_t crc = libdeflate_crc32(0, ints(1, 2, 3, 4).ptr, 16);
        build_page(&pages, (struct build_page){.n_values = 4, .has_crc = true, .crc = (int32_t)crc},
                   ints(1, 2, 3, 5));
        if (verify) {
            expect_failure(&r, int32_required, &pages, E_CORRUPT, "checksum");
        } else {
            assert_int_equal(read_to_end(&r, int32_required, &pages), OK);
            reading_done(&r);
        }
    }
}

static void an_int8_that_does_not_fit_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    struct build_column col = {INT32, INT_8, false, 0, 4};
    build_page(&pages, (struct build_page){.n_values = 4}, ints(-128, 127, 128, 0));
    expect_failure(&r, col, &pages, E_CORRUPT, "128 does not fit int8");
}

static void text_that_is_not_utf8_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    AUTO(buf) struct buf body = {0};
    put_text(&body, "ok");
    put_text(&body, "\xC3"); /* the other half begins the next string */
    put_text(&body, "\xA9");
    put_text(&body, "ok");
    build_page(&pages, (struct build_page){.n_values = 4}, buf_view(&body));
    expect_failure(&r, utf8_required, &pages, E_CORRUPT, "not UTF-8: \\xc3");
}

static void text_of_a_dictionary_that_is_not_utf8_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    AUTO(buf) struct buf body = {0};
    put_text(&body, "ok");
    put_text(&body, "\xED\xA0\x80"); /* a surrogate */
    build_page(&pages, (struct build_page){.type = DICT, .n_values = 2}, buf_view(&body));
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = RLE_DICTIONARY}, bytes(0));
    expect_failure(&r, utf8_required, &pages, E_CORRUPT, "not UTF-8: \\xed");
}

static void negative_counts_and_sizes_are_corrupt(void **state)
{
    (void)state;
    struct reading count = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = -4}, ints(1, 2, 3, 4));
    build_page(&pages, (struct build_page){.n_values = 4}, ints(1, 2, 3, 4));
    expect_failure(&count, int32_required, &pages, E_CORRUPT, "negative");
    struct reading size = {0};
    build_page(&pages, (struct build_page){.n_values = 0, .plain_bytes = -16}, view_of("", 0));
    build_page(&pages, (struct build_page){.n_values = 4}, ints(1, 2, 3, 4));
    expect_failure(&size, int32_required, &pages, E_CORRUPT, "negative");
}

static void levels_longer_than_their_v2_page_are_corrupt(void **state)
{
    (void)state;
    struct reading beyond = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.type = DATA_V2, .n_values = 4, .def_bytes = 3},
               bytes(8, 0));
    expect_failure(&beyond, int32_optional, &pages, E_CORRUPT, "levels of 3 bytes");
    struct reading plain = {0};
    build_page(
        &pages,
        (struct build_page){.type = DATA_V2, .n_values = 4, .def_bytes = 2, .plain_bytes = 1},
        bytes(8, 0));
    expect_failure(&plain, int32_optional, &pages, E_CORRUPT, "levels of 2 bytes");
}

static void what_is_not_supported_is_named_with_its_number(void **state)
{
    (void)state;
    struct reading alp = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = 10}, ints(1, 2, 3, 4));
    expect_failure(&alp, int32_required, &pages, E_UNSUPPORTED, "ALP (10)");
    struct reading unknown = {0};
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = 77}, ints(1, 2, 3, 4));
    expect_failure(&unknown, int32_required, &pages, E_UNSUPPORTED, "unknown (77)");
    struct reading lzo = {0};
    struct build_column col = int32_required;
    col.codec = LZO;
    build_page(&pages, (struct build_page){.n_values = 4}, ints(1, 2, 3, 4));
    expect_failure(&lzo, col, &pages, E_UNSUPPORTED, "LZO (3)");
}

static void a_page_above_the_limit_is_refused_before_it_is_decompressed(void **state)
{
    (void)state;
    struct reading r = {.limits = pq_limits_default()};
    struct buf pages = {0};
    struct build_column col = int32_required;
    col.codec = ZSTD;
    r.limits.page_bytes = 1000;
    build_page(&pages, (struct build_page){.n_values = 4, .plain_bytes = 1001}, bytes(1));
    expect_failure(&r, col, &pages, E_LIMIT, "1001 bytes, the limit is 1000");
}

static void pages_held_for_their_strings_are_limited(void **state)
{
    (void)state;
    struct reading r = {.limits = pq_limits_default()};
    struct buf pages = {0};
    r.limits.held_bytes = 20;
    for (int i = 0; i < 4; i++) {
        AUTO(buf) struct buf body = {0};
        put_text(&body, "seven b");
        put_snappy(&pages, (struct build_page){.n_values = 1}, buf_view(&body));
    }
    struct build_column col = utf8_required;
    col.codec = SNAPPY;
    expect_failure(&r, col, &pages, E_LIMIT, "the limit is 20");
}

static void snappy_of_another_size_is_corrupt(void **state)
{
    (void)state;
    struct build_column col = int32_required;
    col.codec = SNAPPY;
    for (int64_t announced = 15; announced < 18; announced += 2) {
        struct reading r = {0};
        struct buf pages = {0};
        char packed[64];
        size_t len = sizeof(packed);
        snappy_compress((const char *)ints(1, 2, 3, 4).ptr, 16, packed, &len);
        build_page(&pages, (struct build_page){.n_values = 4, .plain_bytes = announced},
                   view_of(packed, len));
        expect_failure(&r, col, &pages, E_CORRUPT, "SNAPPY");
    }
}

static void an_uncompressed_page_of_another_size_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    build_page(&pages, (struct build_page){.n_values = 4, .plain_bytes = 17}, ints(1, 2, 3, 4));
    expect_failure(&r, int32_required, &pages, E_CORRUPT, "page of 16 bytes, 17 announced");
}

static void a_prefix_longer_than_the_string_before_is_corrupt(void **state)
{
    (void)state;
    struct reading r = {0};
    struct buf pages = {0};
    /* prefixes 0 2 2 2 in one block of 128 in 4 miniblocks: first 0, least 0, width 2: 2 0 0 0 */
    AUTO(buf) struct buf body = {0};
    struct view head = bytes(0x80, 1, 4, 4, 0);
    struct view prefix_block = bytes(0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0);
    struct view length_block = bytes(0, 0, 0, 0, 0);
    buf_put(&body, head.ptr, head.len);
    buf_put(&body, prefix_block.ptr, prefix_block.len);
    buf_put(&body, bytes(0x80, 1, 4, 4, 2).ptr, 5); /* suffixes of 1 byte each */
    buf_put(&body, length_block.ptr, length_block.len);
    buf_puts(&body, "abcd");
    build_page(&pages, (struct build_page){.n_values = 4, .encoding = DELTA_BYTE_ARRAY},
               buf_view(&body));
    expect_failure(&r, utf8_required, &pages, E_CORRUPT, "shares 2 bytes with one of 1");
}

/* Each string is the one before and a letter: few bytes in the file, many together. */
static void joined_strings_are_limited(void **state)
{
    (void)state;
    struct reading r = {.limits = pq_limits_default()};
    struct buf pages = {0};
    struct build_column col = utf8_required;
    AUTO(buf) struct buf body = {0};
    r.limits.page_bytes = 64;
    col.n_rows = 33;
    /* prefixes 0 1 2 ...: first 0, least difference 1, width 0 */
    buf_put(&body, bytes(0x80, 1, 4, 33, 0, 2, 0, 0, 0, 0).ptr, 10);
    buf_put(&body, bytes(0x80, 1, 4, 33, 2, 0, 0, 0, 0, 0).ptr, 10); /* suffixes of 1 byte */
    while (body.len < 20 + 33)
        buf_put_u8(&body, 'x');
    build_page(&pages, (struct build_page){.n_values = 33, .encoding = DELTA_BYTE_ARRAY},
               buf_view(&body));
    expect_failure(&r, col, &pages, E_LIMIT, "more than 64 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_pages_follow_one_another),
        cmocka_unit_test(nulls_are_zeros_between_values),
        cmocka_unit_test(legacy_bit_packed_levels_are_most_significant_first),
        cmocka_unit_test(a_v2_page_of_nulls_has_no_bytes_to_decompress),
        cmocka_unit_test(strings_of_several_pages_last_until_the_next_read),
        cmocka_unit_test(strings_last_over_a_page_of_nulls),
        cmocka_unit_test(dictionary_of_one_entry_needs_no_index_bits),
        cmocka_unit_test(a_decoder_is_used_again_after_a_failure),
        cmocka_unit_test(fewer_values_than_rows_are_corrupt),
        cmocka_unit_test(more_values_than_rows_are_corrupt),
        cmocka_unit_test(another_page_behind_the_last_row_is_corrupt),
        cmocka_unit_test(a_page_of_too_few_bytes_is_corrupt),
        cmocka_unit_test(a_second_dictionary_is_corrupt),
        cmocka_unit_test(an_index_outside_the_dictionary_is_corrupt),
        cmocka_unit_test(indexes_without_a_dictionary_are_corrupt),
        cmocka_unit_test(a_dictionary_of_more_entries_than_bytes_is_corrupt),
        cmocka_unit_test(a_wrong_checksum_is_corrupt_unless_it_is_not_verified),
        cmocka_unit_test(an_int8_that_does_not_fit_is_corrupt),
        cmocka_unit_test(text_that_is_not_utf8_is_corrupt),
        cmocka_unit_test(text_of_a_dictionary_that_is_not_utf8_is_corrupt),
        cmocka_unit_test(negative_counts_and_sizes_are_corrupt),
        cmocka_unit_test(levels_longer_than_their_v2_page_are_corrupt),
        cmocka_unit_test(what_is_not_supported_is_named_with_its_number),
        cmocka_unit_test(a_page_above_the_limit_is_refused_before_it_is_decompressed),
        cmocka_unit_test(pages_held_for_their_strings_are_limited),
        cmocka_unit_test(snappy_of_another_size_is_corrupt),
        cmocka_unit_test(an_uncompressed_page_of_another_size_is_corrupt),
        cmocka_unit_test(joined_strings_are_limited),
        cmocka_unit_test(a_prefix_longer_than_the_string_before_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
