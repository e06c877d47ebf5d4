/* The input is an IPC schema message before base64, as Arrow writers leave it in a Parquet
 * footer. */
#include "format/arrow/schema_hint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned seen; /* so that bytes are really read */

static struct view base64_of(struct view bytes, struct arena *arena)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *out = arena_alloc(arena, bytes.len * 4 / 3 + 4);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | bytes.ptr[i];
        for (n_bits += 8; n_bits >= 6; n_bits -= 6)
            out[n++] = (uint8_t)letters[bits >> (n_bits - 6) & 63];
    }
    if (n_bits)
        out[n++] = (uint8_t)letters[bits << (6 - n_bits) & 63];
    return view_of(out, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena arena = {0};
    struct arrow_field_hint *hints = NULL;
    size_t n = arrow_schema_hints(base64_of(view_of(data, size), &arena), &arena, &hints);
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < hints[i].own.zone.len; k++)
            sum += hints[i].own.zone.ptr[k];
        for (size_t k = 0; k < hints[i].name.len; k++)
            sum += hints[i].name.ptr[k];
    }
    seen += sum;
    return 0;
}
