#include "format/arrow/ipc_body.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "format/arrow/fbs.h"

#include <lz4frame.h>
#include <zstd.h>

/* From Arrow's format/Message.fbs. */
enum { NOT_COMPRESSED = -1, CODEC_LZ4_FRAME = 0, CODEC_ZSTD = 1, METHOD_BUFFER = 0 };

/*
 * A few bytes of a compressed stream may announce gigabytes. So the announced length is charged to
 * the budget before memory is allocated, and the decompressor writes into exactly this memory. The
 * budget covers a batch and all dictionaries of the stream together; a batch gives its share back
 * when the next one is read.
 */

static const uint8_t nothing[1];

struct ipc_block {
    struct ipc_block *older;
    uint8_t bytes[];
};

void ipc_memory_reset(struct ipc_memory *m)
{
    while (m->blocks) {
        struct ipc_block *older = m->blocks->older;
        free(m->blocks);
        m->blocks = older;
    }
    if (m->charged)
        m->budget->used -= m->charged;
    m->charged = 0;
}

enum code ipc_memory_charge(struct ipc_memory *m, size_t bytes, struct err *err)
{
    struct ipc_budget *b = m->budget;
    if (bytes > b->most - b->used)
        return err_set(
            err, E_LIMIT,
            "a batch of the Arrow stream, with its dictionaries, takes more than %zu bytes "
            "decompressed; write smaller batches",
            b->most);
    b->used += bytes;
    m->charged += bytes;
    return OK;
}

must_use static enum code memory_alloc(struct ipc_memory *m, size_t bytes, uint8_t **out,
                                       struct err *err)
{
    TRY(ipc_memory_charge(m, bytes, err));
    struct ipc_block *block = malloc(sizeof(*block) + bytes);
    if (!block)
        return err_set(err, E_NOMEM, "no memory for an Arrow buffer of %zu bytes", bytes);
    block->older = m->blocks;
    m->blocks = block;
    *out = block->bytes;
    return OK;
}

void ipc_codec_done(struct ipc_codec *c)
{
    ZSTD_freeDCtx(c->zstd);
    LZ4F_freeDecompressionContext(c->lz4);
    *c = (struct ipc_codec){0};
}

/* To exactly out_len bytes, or false. */
static bool decode_zstd(struct ipc_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    if (!c->zstd)
        c->zstd = ZSTD_createDCtx();
    return c->zstd && ZSTD_decompressDCtx(c->zstd, out, out_len, in.ptr, in.len) == out_len;
}

static bool decode_lz4(struct ipc_codec *c, struct view in, uint8_t *out, size_t out_len)
{
    if (!c->lz4 && LZ4F_isError(LZ4F_createDecompressionContext(&c->lz4, LZ4F_VERSION)))
        return false;
    size_t got = out_len, used = in.len;
    LZ4F_resetDecompressionContext(c->lz4);
    size_t left = LZ4F_decompress(c->lz4, out, &got, in.ptr, &used, NULL);
    return left == 0 && got == out_len && used == in.len;
}

must_use static enum code read_compression(const struct fb_table *batch, int *out, struct err *err)
{
    struct fb_table compression;
    uint64_t codec, method;
    *out = NOT_COMPRESSED;
    if (!fb_table(batch, BATCH_COMPRESSION, &compression))
        return err_set(err, E_INVALID, "not an Arrow IPC stream: a compression is damaged");
    if (!compression.present)
        return OK;
    if (!fb_scalar(&compression, COMPRESSION_CODEC, 1, CODEC_LZ4_FRAME, &codec) ||
        !fb_scalar(&compression, COMPRESSION_METHOD, 1, METHOD_BUFFER, &method))
        return err_set(err, E_INVALID, "not an Arrow IPC stream: a compression is damaged");
    if (codec > CODEC_ZSTD || method != METHOD_BUFFER)
        return err_set(err, E_UNSUPPORTED,
                       "the Arrow stream is compressed with codec %u, method %u; LZ4 (0) and "
                       "Zstandard (1) by buffer (0) are read",
                       (unsigned)codec, (unsigned)method);
    *out = (int)codec;
    return OK;
}

enum code ipc_body_init(struct ipc_body *b, const struct fb_table *batch, struct view bytes,
                        struct ipc_codec *codec, struct ipc_memory *memory, struct err *err)
{
    *b = (struct ipc_body){.bytes = bytes, .codec = codec, .memory = memory};
    if (!fb_vector(batch, BATCH_BUFFERS, BUFFER_BYTES, &b->buffers))
        return err_set(err, E_INVALID,
                       "not an Arrow IPC stream: the buffers of a batch are damaged");
    return read_compression(batch, &b->compression, err);
}

must_use static enum code decompress(struct ipc_body *b, struct view *buffer, struct err *err)
{
    struct cursor c = cur_of(*buffer);
    uint64_t len;
    uint8_t *out;
    if (!cur_u64le(&c, &len))
        return err_set(err, E_INVALID, "a compressed Arrow buffer has only %zu bytes", buffer->len);
    struct view in = view_of(c.pos, cur_left(&c));
    if (len == UINT64_MAX) { /* -1 */
        *buffer = in;
        return OK;
    }
    if (len > SIZE_MAX / 2)
        return err_set(err, E_INVALID, "a compressed Arrow buffer announces %lld bytes",
                       (long long)len);
    TRY(memory_alloc(b->memory, len, &out, err));
    bool good = b->compression == CODEC_ZSTD ? decode_zstd(b->codec, in, out, len)
                                             : decode_lz4(b->codec, in, out, len);
    if (!good)
        return err_set(err, E_INVALID,
                       "an Arrow buffer of %zu bytes does not decompress to the %llu announced",
                       in.len, (unsigned long long)len);
    *buffer = view_of(out, len);
    return OK;
}

must_use static enum code take(struct ipc_body *b, struct view *out, struct err *err)
{
    if (b->next == b->buffers.n)
        return err_set(err, E_INVALID, "the batch has only %zu buffers", b->buffers.n);
    uint64_t offset = fb_vector_u64(&b->buffers, b->next, BUFFER_BYTES, BUFFER_OFFSET_AT);
    uint64_t len = fb_vector_u64(&b->buffers, b->next, BUFFER_BYTES, BUFFER_LENGTH_AT);
    b->next++;
    *out = view_of(nothing, 0);
    if (len == 0)
        return OK;
    if (offset > b->bytes.len || len > b->bytes.len - offset)
        return err_set(err, E_INVALID,
                       "an Arrow buffer of %lld bytes at %lld is not in a body of %zu",
                       (long long)len, (long long)offset, b->bytes.len);
    *out = view_of(b->bytes.ptr + offset, len);
    return OK;
}

enum code ipc_body_next(struct ipc_body *b, struct view *out, struct err *err)
{
    TRY(take(b, out, err));
    return b->compression == NOT_COMPRESSED || out->len == 0 ? OK : decompress(b, out, err);
}

enum code ipc_body_skip(struct ipc_body *b, size_t n, struct err *err)
{
    struct view unwanted;
    for (size_t i = 0; i < n; i++)
        TRY(take(b, &unwanted, err));
    return OK;
}
