/* The input is a codec (u8), the size to decompress to (u16), and the compressed bytes. */
#include "base/cursor.h"
#include "base/mem.h"
#include "format/parquet/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cur_of(view_of(data, size));
    uint8_t codec, low, high;
    struct err err;
    if (!cur_u8(&c, &codec) || !cur_u8(&c, &low) || !cur_u8(&c, &high))
        return 0;
    size_t out_len = (size_t)(low | high << 8) + 1;
    struct view in = view_of(c.pos, cur_left(&c));
    if (codec == PQ_CODEC_NONE || pq_codec_check(codec, &err) ||
        pq_codec_plausible(codec, in, out_len, &err))
        return 0;
    struct pq_codec decoder = {0};
    AUTO(ptr) uint8_t *out = mem_alloc(out_len);
    enum code rc = pq_codec_decode(&decoder, codec, in, out, out_len, &err);
    (void)rc;
    pq_codec_done(&decoder);
    return 0;
}
