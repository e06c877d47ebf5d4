#include "format/parquet/codec.h"

#include "base/cursor.h"

#include <brotli/decode.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zstd.h>

/* Decompress to exactly out_len bytes, or say false. */
typedef bool (*decode_fn)(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len);

static bool decode_snappy(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    (void)c;
    size_t got;
    return snappy_uncompressed_length((const char *)in.ptr, in.len, &got) == SNAPPY_OK &&
           got == out_len &&
           snappy_uncompress((const char *)in.ptr, in.len, (char *)out, &got) == SNAPPY_OK &&
           got == out_len;
}

/* One gzip member, or a zlib stream as some old writers have it. */
static bool inflate_one(struct libdeflate_decompressor *d, struct cursor *in, uint8_t *out,
                        size_t cap, size_t *out_got)
{
    size_t used;
    enum libdeflate_result rc;
    bool is_gzip = cur_left(in) >= 2 && in->pos[0] == 0x1F && in->pos[1] == 0x8B;
    if (is_gzip)
        rc = libdeflate_gzip_decompress_ex(d, in->pos, cur_left(in), out, cap, &used, out_got);
    else
        rc = libdeflate_zlib_decompress_ex(d, in->pos, cur_left(in), out, cap, &used, out_got);
    return rc == LIBDEFLATE_SUCCESS && cur_skip(in, used);
}

/* A page may be several gzip members in a row, as some parallel compressors write it. */
static bool decode_gzip(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    if (!c->deflate)
        c->deflate = libdeflate_alloc_decompressor();
    struct cursor cur = cur_of(in);
    size_t done = 0;
    while (c->deflate && cur_left(&cur)) {
        size_t got;
        if (!inflate_one(c->deflate, &cur, out + done, out_len - done, &got))
            return false;
        done += got;
    }
    return done == out_len;
}

static bool decode_brotli(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    (void)c;
    size_t got = out_len;
    return BrotliDecoderDecompress(in.len, in.ptr, &got, out) == BROTLI_DECODER_RESULT_SUCCESS &&
           got == out_len;
}

static bool decode_zstd(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    if (!c->zstd)
        c->zstd = ZSTD_createDCtx();
    return c->zstd && ZSTD_decompressDCtx(c->zstd, out, out_len, in.ptr, in.len) == out_len;
}

static bool decode_lz4_raw(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    (void)c;
    if (in.len > INT32_MAX || out_len > INT32_MAX)
        return false;
    int got = LZ4_decompress_safe((const char *)in.ptr, (char *)out, (int)in.len, (int)out_len);
    return got >= 0 && (size_t)got == out_len;
}

/* Hadoop's framing: the plain size, then blocks, each preceded by its size, until the plain size is
 * reached. This repeats until the input ends. Sizes are u32, big endian. */
static bool decode_lz4_hadoop(struct view in, uint8_t *out, size_t out_len)
{
    struct cursor cur = cur_of(in);
    size_t done = 0;
    while (cur_left(&cur)) {
        uint32_t plain;
        if (!cur_u32be(&cur, &plain) || plain > out_len - done)
            return false;
        for (size_t end = done + plain; done < end;) {
            uint32_t len;
            struct view block;
            if (!cur_u32be(&cur, &len) || !cur_bytes(&cur, len, &block) || len > INT32_MAX)
                return false;
            int got = LZ4_decompress_safe((const char *)block.ptr, (char *)out + done, (int)len,
                                          (int)(end - done));
            if (got <= 0)
                return false;
            done += (size_t)got;
        }
    }
    return done == out_len;
}

static bool decode_lz4_frame(struct view in, uint8_t *out, size_t out_len)
{
    LZ4F_dctx *d;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)))
        return false;
    size_t got = out_len;
    size_t used = in.len;
    size_t rc = LZ4F_decompress(d, out, &got, in.ptr, &used, NULL);
    LZ4F_freeDecompressionContext(d);
    return rc == 0 && got == out_len && used == in.len;
}

/* Codec 5 (LZ4) was never specified; files have one of three encodings under this number. */
static bool decode_lz4(struct pq_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    return (out_len <= INT32_MAX && decode_lz4_hadoop(in, out, out_len)) ||
           decode_lz4_frame(in, out, out_len) || decode_lz4_raw(c, in, out, out_len);
}

/*
 * The most that a byte of these formats can become, rounded up: Snappy copies up to 64 bytes with
 * 2 or 3, deflate reaches 1032, LZ4 255. A page that announces more is refused before memory is
 * allocated. Brotli and Zstandard have no such bound, but a Zstandard frame says its size.
 */
static const struct {
    const char *name;
    decode_fn decode; /* NULL: not supported */
    uint32_t ratio;   /* no input byte becomes more bytes than that; 0: no such bound */
} codecs[] = {
    [0] = {"UNCOMPRESSED", NULL, 0},    [1] = {"SNAPPY", decode_snappy, 64},
    [2] = {"GZIP", decode_gzip, 1040},  [3] = {"LZO", NULL, 0},
    [4] = {"BROTLI", decode_brotli, 0}, [5] = {"LZ4", decode_lz4, 256},
    [6] = {"ZSTD", decode_zstd, 0},     [7] = {"LZ4_RAW", decode_lz4_raw, 256},
};
enum { n_codecs = sizeof(codecs) / sizeof(codecs[0]) };

void pq_codec_done(struct pq_codec *c)
{
    ZSTD_freeDCtx(c->zstd);
    libdeflate_free_decompressor(c->deflate);
    *c = (struct pq_codec){0};
}

enum code pq_codec_check(int32_t codec, struct err *err)
{
    if (codec < 0 || codec >= n_codecs)
        return err_set(err, E_UNSUPPORTED, "compression codec %d is not known", codec);
    if (codec != PQ_CODEC_NONE && !codecs[codec].decode)
        return err_set(err, E_UNSUPPORTED, "compression codec %s (%d) is not supported",
                       codecs[codec].name, codec);
    return OK;
}

enum code pq_codec_plausible(int32_t codec, struct view in, size_t out_len, struct err *err)
{
    unsigned long long announced = ZSTD_CONTENTSIZE_UNKNOWN;
    if (codecs[codec].decode == decode_zstd)
        announced = ZSTD_getFrameContentSize(in.ptr, in.len);
    bool too_much = codecs[codec].ratio && out_len / codecs[codec].ratio > in.len;
    bool less = announced < ZSTD_CONTENTSIZE_ERROR && announced > out_len;
    if (too_much || less || announced == ZSTD_CONTENTSIZE_ERROR)
        return err_set(err, E_CORRUPT, "%zu bytes of %s cannot be %zu decompressed", in.len,
                       codecs[codec].name, out_len);
    return OK;
}

enum code pq_codec_decode(struct pq_codec *c, int32_t codec, struct view in, uint8_t *out,
                          size_t out_len, struct err *err)
{
    if (!codecs[codec].decode(c, in, out, out_len))
        return err_set(err, E_CORRUPT, "%zu bytes of %s do not decompress to the %zu announced",
                       in.len, codecs[codec].name, out_len);
    return OK;
}
