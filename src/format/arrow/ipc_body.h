/*
 * The buffers in the body of a message, in order: where they are, and decompressed where the
 * message says so. Uncompressed buffers are lent from the stream. A compressed buffer is an i64,
 * the bytes after decompression (-1: the rest is not compressed), and one LZ4 or Zstandard frame;
 * an empty buffer stays empty.
 */
#ifndef MURR_FORMAT_ARROW_IPC_BODY_H
#define MURR_FORMAT_ARROW_IPC_BODY_H

#include "format/arrow/flatbuf_reader.h"

/* Bytes that all of a reader may have decompressed at a time. */
struct ipc_budget {
    size_t most;
    size_t used;
};

/* Decompressed buffers that are freed together. Zeroed memory is empty but for its budget. */
struct ipc_memory {
    struct ipc_budget *budget;
    size_t charged;
    struct ipc_block *blocks;
};

void ipc_memory_reset(struct ipc_memory *m);
/* Charge what is kept elsewhere, until the reset. Fails E_LIMIT. */
must_use enum code ipc_memory_charge(struct ipc_memory *m, size_t bytes, struct err *err);

/* Contexts of decompression, made when first needed and kept. Zeroed memory is empty. */
struct ipc_codec {
    struct ZSTD_DCtx_s *zstd;
    struct LZ4F_dctx_s *lz4;
};

void ipc_codec_done(struct ipc_codec *c);

struct ipc_body {
    struct view bytes;
    struct fb_vector buffers; /* 16 bytes each: i64 offset into the body, i64 length */
    size_t next;
    int compression; /* -1: none, else as in CompressionType */
    struct ipc_codec *codec;
    struct ipc_memory *memory;
};

/* Of a RecordBatch table. Fails E_INVALID, E_UNSUPPORTED. */
must_use enum code ipc_body_init(struct ipc_body *b, const struct fb_table *batch,
                                 struct view bytes, struct ipc_codec *codec,
                                 struct ipc_memory *memory, struct err *err);

static inline size_t ipc_body_left(const struct ipc_body *b)
{
    return b->buffers.n - b->next;
}

/*
 * The next buffer; its pointer is never NULL.
 *
 * Lends     from the stream or from b->memory.
 * Fails     E_INVALID where there is none, or it is not in the body or not what was compressed;
 *           E_LIMIT beyond the budget; E_NOMEM.
 */
must_use enum code ipc_body_next(struct ipc_body *b, struct view *out, struct err *err);
/* Skip a buffer that nobody wants. */
must_use enum code ipc_body_skip(struct ipc_body *b, size_t n, struct err *err);

#endif
