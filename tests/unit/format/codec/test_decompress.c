#include "format/codec/decompress.h"

#include "base/mem.h"
#include "test.h"

#include <libdeflate.h>
#include <snappy-c.h>
#include <zstd.h>

static const enum codec all_codecs[] = {CODEC_DEFLATE, CODEC_GZIP, CODEC_SNAPPY, CODEC_ZSTD};

static void put_libdeflate(struct buf *to, struct view plain, bool gzip)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t cap = libdeflate_gzip_compress_bound(c, plain.len);
    uint8_t *at = buf_reserve(to, cap);
    to->len += gzip ? libdeflate_gzip_compress(c, plain.ptr, plain.len, at, cap)
                    : libdeflate_deflate_compress(c, plain.ptr, plain.len, at, cap);
    libdeflate_free_compressor(c);
}

/* As a stream does it: the frame does not say its content size. */
static void put_zstd(struct buf *to, struct view plain)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t cap = ZSTD_compressBound(plain.len);
    ZSTD_outBuffer out = {buf_reserve(to, cap), cap, 0};
    ZSTD_inBuffer in = {plain.ptr, plain.len, 0};
    while (in.pos < in.size)
        ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue);
    while (ZSTD_compressStream2(c, &out, &in, ZSTD_e_end))
        continue;
    to->len += out.pos;
    ZSTD_freeCCtx(c);
}

static void put(struct buf *to, enum codec codec, struct view plain)
{
    size_t len = snappy_max_compressed_length(plain.len);
    switch (codec) {
    case CODEC_DEFLATE:
    case CODEC_GZIP:
        put_libdeflate(to, plain, codec == CODEC_GZIP);
        break;
    case CODEC_SNAPPY:
        snappy_compress((const char *)plain.ptr, plain.len, (char *)buf_reserve(to, len), &len);
        to->len += len;
        break;
    case CODEC_ZSTD:
        put_zstd(to, plain);
        break;
    }
}

static void put_plain(struct buf *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_put_u8(to, (uint8_t)(i * i >> 7));
}

static const size_t lengths[] = {0, 1, 1000, 65536, 300000};
enum { n_lengths = sizeof(lengths) / sizeof(lengths[0]), LARGEST = 300000 };

static void what_is_compressed_comes_back(void **state)
{
    (void)state;
    struct decompressor d = {0};
    struct err err;
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < n_lengths; i++) {
            AUTO(buf) struct buf plain = {0}, in = {0}, out = {0};
            put_plain(&plain, lengths[i]);
            put(&in, all_codecs[k], buf_view(&plain));
            assert_ok(decompressor_run(&d, all_codecs[k], buf_view(&in), LARGEST, &out, &err));
            assert_int_equal(out.len, lengths[i]);
            assert_true(view_eq(buf_view(&out), buf_view(&plain)));
        }
    decompressor_done(&d);
}

static void what_would_become_too_large_is_a_limit(void **state)
{
    (void)state;
    struct decompressor d = {0};
    struct err err;
    for (size_t k = 0; k < 4; k++) {
        AUTO(buf) struct buf plain = {0}, in = {0}, out = {0};
        buf_put_zeros(&plain, LARGEST);
        put(&in, all_codecs[k], buf_view(&plain));
        assert_fails(decompressor_run(&d, all_codecs[k], buf_view(&in), LARGEST - 1, &out, &err),
                     E_LIMIT, "more than the 299999 allowed");
    }
    decompressor_done(&d);
}

static void cut_or_foreign_bytes_are_corrupt(void **state)
{
    (void)state;
    struct decompressor d = {0};
    struct err err;
    for (size_t k = 0; k < 4; k++) {
        AUTO(buf) struct buf plain = {0}, in = {0}, out = {0};
        put_plain(&plain, 1000);
        put(&in, all_codecs[k], buf_view(&plain));
        for (size_t len = 1; len < in.len; len++)
            assert_fails(
                decompressor_run(&d, all_codecs[k], view_of(in.ptr, len), LARGEST, &out, &err),
                E_CORRUPT, "do not decompress");
        assert_fails(decompressor_run(&d, all_codecs[k], view_cstr("\xFF\xFE\xFD what is this"),
                                      LARGEST, &out, &err),
                     E_CORRUPT, "do not decompress");
    }
    decompressor_done(&d);
}

static void members_and_frames_follow_each_other(void **state)
{
    (void)state;
    struct decompressor d = {0};
    struct err err;
    for (size_t k = 0; k < 2; k++) {
        enum codec codec = k ? CODEC_ZSTD : CODEC_GZIP;
        AUTO(buf) struct buf in = {0}, out = {0};
        put(&in, codec, view_cstr("one and "));
        put(&in, codec, view_cstr("another"));
        assert_ok(decompressor_run(&d, codec, buf_view(&in), 100, &out, &err));
        assert_true(view_eq_cstr(buf_view(&out), "one and another"));
    }
    decompressor_done(&d);
}

/* zlib.compress(data)[2:-1] of Python, as some writers of Avro do it, leaves 3 bytes. */
static void deflate_may_end_in_the_rest_of_a_checksum(void **state)
{
    (void)state;
    struct decompressor d = {0};
    struct err err;
    AUTO(buf) struct buf in = {0}, out = {0};
    put(&in, CODEC_DEFLATE, view_cstr("some text"));
    buf_put(&in, "abcd", 4);
    assert_ok(decompressor_run(&d, CODEC_DEFLATE, buf_view(&in), 100, &out, &err));
    assert_true(view_eq_cstr(buf_view(&out), "some text"));
    buf_put_u8(&in, 'e');
    assert_fails(decompressor_run(&d, CODEC_DEFLATE, buf_view(&in), 100, &out, &err), E_CORRUPT,
                 "do not decompress");
    decompressor_done(&d);
}

/* 4 GiB are announced in 5 bytes. */
static void a_bomb_of_snappy_is_corrupt_at_once(void **state)
{
    (void)state;
    struct decompressor d = {0};
    struct err err;
    AUTO(buf) struct buf out = {0};
    assert_fails(decompressor_run(&d, CODEC_SNAPPY, view_of("\xFF\xFF\xFF\xFF\x0F", 5), SIZE_MAX,
                                  &out, &err),
                 E_CORRUPT, "do not decompress");
    decompressor_done(&d);
}

static void gzip_and_zstandard_are_known_by_their_first_bytes(void **state)
{
    (void)state;
    enum codec codec;
    AUTO(buf) struct buf gzip = {0}, zstd = {0};
    put(&gzip, CODEC_GZIP, view_cstr("{}"));
    put(&zstd, CODEC_ZSTD, view_cstr("{}"));
    assert_true(codec_of_magic(buf_view(&gzip), &codec));
    assert_int_equal(codec, CODEC_GZIP);
    assert_true(codec_of_magic(buf_view(&zstd), &codec));
    assert_int_equal(codec, CODEC_ZSTD);
    assert_false(codec_of_magic(view_cstr("{}"), &codec));
    assert_false(codec_of_magic(view_cstr(""), &codec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_compressed_comes_back),
        cmocka_unit_test(what_would_become_too_large_is_a_limit),
        cmocka_unit_test(cut_or_foreign_bytes_are_corrupt),
        cmocka_unit_test(members_and_frames_follow_each_other),
        cmocka_unit_test(deflate_may_end_in_the_rest_of_a_checksum),
        cmocka_unit_test(a_bomb_of_snappy_is_corrupt_at_once),
        cmocka_unit_test(gzip_and_zstandard_are_known_by_their_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
