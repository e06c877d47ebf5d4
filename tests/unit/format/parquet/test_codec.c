#include "format/parquet/codec.h"

#include "base/buf.h"
#include "base/mem.h"

#include <libdeflate.h>
#include <lz4.h>
#include <lz4frame.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <zstd.h>

#include <cmocka.h>

enum { GZIP = 2, LZO = 3, LZ4 = 5, ZSTD = 6, LZ4_RAW = 7 };

static const char text[] = "0123456789 0123456789 0123456789 the same again 0123456789 0123456789";
enum { text_bytes = sizeof(text) - 1 };

/* Whether `in` becomes the text `times` times over, and nothing else. */
static void expect_text(int codec, const struct buf *in, size_t times)
{
    struct pq_codec c = {0};
    struct err err;
    size_t len = times * text_bytes;
    AUTO(ptr) uint8_t *out = mem_alloc(len);
    assert_int_equal(pq_codec_plausible(codec, buf_view(in), len, &err), OK);
    assert_int_equal(pq_codec_decode(&c, codec, buf_view(in), out, len, &err), OK);
    for (size_t i = 0; i < times; i++)
        assert_memory_equal(out + i * text_bytes, text, text_bytes);
    assert_int_equal(pq_codec_decode(&c, codec, buf_view(in), out, len - 1, &err), E_CORRUPT);
    AUTO(ptr) uint8_t *more = mem_alloc(len + 1);
    assert_int_equal(pq_codec_decode(&c, codec, buf_view(in), more, len + 1, &err), E_CORRUPT);
    pq_codec_done(&c);
}

static void put_gzip(struct buf *to, bool zlib)
{
    struct libdeflate_compressor *d = libdeflate_alloc_compressor(6);
    uint8_t *out = buf_reserve(to, 500);
    if (zlib)
        to->len += libdeflate_zlib_compress(d, text, text_bytes, out, 500);
    else
        to->len += libdeflate_gzip_compress(d, text, text_bytes, out, 500);
    libdeflate_free_compressor(d);
}

static void gzip_of_several_members_is_read(void **state)
{
    (void)state;
    AUTO(buf) struct buf in = {0};
    put_gzip(&in, false);
    expect_text(GZIP, &in, 1);
    put_gzip(&in, false);
    put_gzip(&in, false);
    expect_text(GZIP, &in, 3);
}

static void zlib_under_the_name_of_gzip_is_read(void **state)
{
    (void)state;
    AUTO(buf) struct buf in = {0};
    put_gzip(&in, true);
    expect_text(GZIP, &in, 1);
}

static void put_zstd(struct buf *to, bool with_size)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, with_size);
    uint8_t *out = buf_reserve(to, 500);
    to->len += ZSTD_compress2(z, out, 500, text, text_bytes);
    ZSTD_freeCCtx(z);
}

static void zstd_of_several_frames_and_without_sizes_is_read(void **state)
{
    (void)state;
    AUTO(buf) struct buf in = {0};
    put_zstd(&in, false);
    expect_text(ZSTD, &in, 1);
    put_zstd(&in, true);
    expect_text(ZSTD, &in, 2);
}

static void put_u32be(struct buf *to, uint32_t v)
{
    v = __builtin_bswap32(v);
    buf_put(to, &v, sizeof(v));
}

static void put_lz4_block(struct buf *to)
{
    uint8_t *out = buf_reserve(to, 500);
    to->len += (size_t)LZ4_compress_default(text, (char *)out, text_bytes, 500);
}

static void put_lz4_hadoop(struct buf *to)
{
    AUTO(buf) struct buf block = {0};
    put_lz4_block(&block);
    put_u32be(to, text_bytes);
    put_u32be(to, (uint32_t)block.len);
    buf_put(to, block.ptr, block.len);
}

static void lz4_is_read_in_all_three_framings(void **state)
{
    (void)state;
    AUTO(buf) struct buf raw = {0};
    AUTO(buf) struct buf hadoop = {0};
    AUTO(buf) struct buf frame = {0};
    put_lz4_block(&raw);
    expect_text(LZ4_RAW, &raw, 1);
    expect_text(LZ4, &raw, 1);
    put_lz4_hadoop(&hadoop);
    expect_text(LZ4, &hadoop, 1);
    put_lz4_hadoop(&hadoop);
    expect_text(LZ4, &hadoop, 2);
    frame.len += LZ4F_compressFrame(buf_reserve(&frame, 500), 500, text, text_bytes, NULL);
    expect_text(LZ4, &frame, 1);
}

static void sizes_out_of_proportion_are_refused_before_memory_is_taken(void **state)
{
    (void)state;
    struct err err;
    AUTO(buf) struct buf in = {0};
    put_zstd(&in, true);
    assert_int_equal(pq_codec_plausible(ZSTD, buf_view(&in), text_bytes, &err), OK);
    assert_int_equal(pq_codec_plausible(ZSTD, buf_view(&in), text_bytes - 1, &err), E_CORRUPT);
    assert_int_equal(pq_codec_plausible(ZSTD, view_of("", 0), 100, &err), E_CORRUPT);
    static const int bounded[] = {1, GZIP, LZ4, LZ4_RAW};
    for (size_t i = 0; i < sizeof(bounded) / sizeof(bounded[0]); i++)
        assert_int_equal(pq_codec_plausible(bounded[i], view_of("abcdefgh", 8), 100000, &err),
                         E_CORRUPT);
}

static void unknown_codecs_are_named(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(pq_codec_check(LZO, &err), E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "LZO (3)"));
    assert_int_equal(pq_codec_check(8, &err), E_UNSUPPORTED);
    assert_int_equal(pq_codec_check(-1, &err), E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "-1"));
    assert_int_equal(pq_codec_check(PQ_CODEC_NONE, &err), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_of_several_members_is_read),
        cmocka_unit_test(zlib_under_the_name_of_gzip_is_read),
        cmocka_unit_test(zstd_of_several_frames_and_without_sizes_is_read),
        cmocka_unit_test(lz4_is_read_in_all_three_framings),
        cmocka_unit_test(sizes_out_of_proportion_are_refused_before_memory_is_taken),
        cmocka_unit_test(unknown_codecs_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
