/*
 * Decompression of bytes that do not say how large they become: blocks of Avro, metadata of
 * Iceberg. (Pages of Parquet announce their size: format/parquet/codec.h.) To add a codec, write
 * one function and one row of the table in decompress.c.
 */
#ifndef MURR_FORMAT_CODEC_DECOMPRESS_H
#define MURR_FORMAT_CODEC_DECOMPRESS_H

#include "base/buf.h"

enum codec {
    CODEC_DEFLATE, /* RFC 1951, without a frame */
    CODEC_GZIP,    /* members in a row */
    CODEC_SNAPPY,  /* one raw block */
    CODEC_ZSTD,    /* frames in a row, with and without their content size */
};

/* Zeroed memory is a valid, empty struct. Contexts are made when first needed and kept. */
struct decompressor {
    struct ZSTD_DCtx_s *zstd;
    struct libdeflate_decompressor *deflate;
};

void decompressor_done(struct decompressor *d);

/*
 * Replace what `out` holds by what `in` decompresses to.
 *
 * Cost      decompresses at most twice as much as comes out; allocates for a cap of 4 times the
 *           result, and never more than max_bytes.
 * Fails     E_CORRUPT; E_LIMIT more than max_bytes would come out.
 */
must_use enum code decompressor_run(struct decompressor *d, enum codec codec, struct view in,
                                    size_t max_bytes, struct buf *out, struct err *err);

/* The codec that the first bytes tell (gzip or Zstandard); false for bytes of neither. */
must_use bool codec_of_magic(struct view bytes, enum codec *out);

#endif
