#include "format/codec/decompress.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <libdeflate.h>
#include <snappy-c.h>
#include <zstd.h>
#include <zstd_errors.h>

/*
 * The result's size is not known, and neither libdeflate nor one call of Zstandard can go on where
 * the room ended. So everything is decompressed again into a larger room until it fits, which costs
 * a third more at worst with rooms that grow fourfold. Zstandard's streams could go on, but
 * allocate the window that a frame asks for, 128 MiB for a frame of 20 bytes.
 */
static const size_t first_room_bytes = 64u << 10;
static const size_t growth = 4;

enum outcome { FITS, TOO_SMALL, BROKEN };

typedef enum outcome (*run_fn)(struct decompressor *d, struct view in, uint8_t *out, size_t cap,
                               size_t *out_len);

static enum outcome outcome_of(enum libdeflate_result rc)
{
    return rc == LIBDEFLATE_SUCCESS              ? FITS
           : rc == LIBDEFLATE_INSUFFICIENT_SPACE ? TOO_SMALL
                                                 : BROKEN;
}

/* Some writers of Avro cut a zlib stream out of its frame and leave up to 4 bytes of its checksum
 * at the end. */
static enum outcome run_deflate(struct decompressor *d, struct view in, uint8_t *out, size_t cap,
                                size_t *out_len)
{
    size_t used = 0;
    enum outcome rc = outcome_of(
        libdeflate_deflate_decompress_ex(d->deflate, in.ptr, in.len, out, cap, &used, out_len));
    return rc == FITS && in.len - used > 4 ? BROKEN : rc;
}

static enum outcome run_gzip(struct decompressor *d, struct view in, uint8_t *out, size_t cap,
                             size_t *out_len)
{
    struct cursor cur = cur_of(in);
    size_t done = 0;
    do {
        size_t used, got;
        enum outcome rc = outcome_of(libdeflate_gzip_decompress_ex(
            d->deflate, cur.pos, cur_left(&cur), out + done, cap - done, &used, &got));
        if (rc != FITS || !cur_skip(&cur, used))
            return rc == FITS ? BROKEN : rc;
        done += got;
    } while (cur_left(&cur));
    *out_len = done;
    return FITS;
}

/* A block says its size, which no more than 64 times as many bytes can have. */
static enum outcome run_snappy(struct decompressor *d, struct view in, uint8_t *out, size_t cap,
                               size_t *out_len)
{
    (void)d;
    size_t len;
    const char *from = (const char *)in.ptr;
    if (snappy_uncompressed_length(from, in.len, &len) != SNAPPY_OK || len / 64 > in.len)
        return BROKEN;
    if (len > cap)
        return TOO_SMALL;
    *out_len = len;
    return snappy_uncompress(from, in.len, (char *)out, out_len) == SNAPPY_OK ? FITS : BROKEN;
}

static enum outcome run_zstd(struct decompressor *d, struct view in, uint8_t *out, size_t cap,
                             size_t *out_len)
{
    size_t rc = ZSTD_decompressDCtx(d->zstd, out, cap, in.ptr, in.len);
    if (ZSTD_getErrorCode(rc) == ZSTD_error_dstSize_tooSmall)
        return TOO_SMALL;
    *out_len = rc;
    return ZSTD_isError(rc) ? BROKEN : FITS;
}

static const struct {
    const char *name;
    run_fn run;
} codecs[] = {
    [CODEC_DEFLATE] = {"deflate", run_deflate},
    [CODEC_GZIP] = {"gzip", run_gzip},
    [CODEC_SNAPPY] = {"Snappy", run_snappy},
    [CODEC_ZSTD] = {"Zstandard", run_zstd},
};

void decompressor_done(struct decompressor *d)
{
    ZSTD_freeDCtx(d->zstd);
    libdeflate_free_decompressor(d->deflate);
    *d = (struct decompressor){0};
}

must_use static enum code make_contexts(struct decompressor *d, struct err *err)
{
    if (!d->deflate)
        d->deflate = libdeflate_alloc_decompressor();
    if (!d->zstd)
        d->zstd = ZSTD_createDCtx();
    return d->deflate && d->zstd ? OK : err_set(err, E_NOMEM, "no memory to decompress");
}

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum code decompressor_run(struct decompressor *d, enum codec codec, struct view in,
                           size_t max_bytes, struct buf *out, struct err *err)
{
    TRY(make_contexts(d, err));
    size_t cap = in.len < first_room_bytes / growth ? first_room_bytes : in.len * growth;
    for (;; cap *= growth) {
        size_t room = min_of(cap, max_bytes), len = 0;
        buf_reset(out);
        switch (codecs[codec].run(d, in, buf_reserve(out, room), room, &len)) {
        case FITS:
            out->len = len;
            return OK;
        case BROKEN:
            return err_set(err, E_CORRUPT, "%zu bytes of %s do not decompress", in.len,
                           codecs[codec].name);
        case TOO_SMALL:
            if (room == max_bytes)
                return err_set(err, E_LIMIT,
                               "%zu bytes of %s decompress to more than the %zu allowed", in.len,
                               codecs[codec].name, max_bytes);
        }
    }
}

bool codec_of_magic(struct view bytes, enum codec *out)
{
    static const uint8_t gzip[] = {0x1F, 0x8B}, zstd[] = {0x28, 0xB5, 0x2F, 0xFD};
    bool is_gzip = bytes.len >= sizeof(gzip) && memcmp(bytes.ptr, gzip, sizeof(gzip)) == 0;
    bool is_zstd = bytes.len >= sizeof(zstd) && memcmp(bytes.ptr, zstd, sizeof(zstd)) == 0;
    if (is_gzip || is_zstd)
        *out = is_gzip ? CODEC_GZIP : CODEC_ZSTD;
    return is_gzip || is_zstd;
}
