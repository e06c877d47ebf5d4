/*
 * Decompression of pages. To add a codec, write one function and one row of the table in codec.c.
 *
 * Zeroed memory is a valid, empty struct. Contexts are made when first needed and kept.
 */
#ifndef MURR_FORMAT_PARQUET_CODEC_H
#define MURR_FORMAT_PARQUET_CODEC_H

#include "base/err.h"
#include "base/view.h"

enum { PQ_CODEC_NONE = 0 };

struct pq_codec {
    struct ZSTD_DCtx_s *zstd;
    struct libdeflate_decompressor *deflate;
};

void pq_codec_done(struct pq_codec *c);

/* Whether pages of this CompressionCodec can be read. Fails E_UNSUPPORTED with name and number. */
must_use enum code pq_codec_check(int32_t codec, struct err *err);

/*
 * Whether `in` could possibly decompress to `out_len` bytes. Ask before allocating memory for them.
 * Fails E_CORRUPT.
 */
must_use enum code pq_codec_plausible(int32_t codec, struct view in, size_t out_len,
                                      struct err *err);

/* Decompress to exactly `out_len` bytes, not 0 of them. More or less is E_CORRUPT. */
must_use enum code pq_codec_decode(struct pq_codec *c, int32_t codec, struct view in, uint8_t *out,
                                   size_t out_len, struct err *err);

#endif
