#include "format/puffin/dv.h"

#include <inttypes.h>
#include <libdeflate.h>

/*
 * Layout: u32 length of magic and vector, big endian; magic; vector, a Roaring bitmap of 64 bits;
 * u32 CRC-32 of magic and vector, big endian.
 */
static const uint8_t magic[4] = {0xD1, 0xD3, 0x39, 0x64};

enum code dv_read(struct view blob, uint64_t n_rows, roaring_fn fn, void *arg, struct err *err)
{
    struct cursor cur = cur_of(blob);
    struct view body;
    uint32_t len, crc;
    if (!cur_u32be(&cur, &len) || !cur_bytes(&cur, len, &body) || !cur_u32be(&cur, &crc) ||
        cur_left(&cur))
        return err_set(err, E_CORRUPT, "a blob of %zu bytes does not hold the vector it announces",
                       blob.len);
    struct cursor vector = cur_of(body);
    struct view found;
    if (!cur_bytes(&vector, sizeof(magic), &found) || memcmp(found.ptr, magic, sizeof(magic)) != 0)
        return err_set(err, E_CORRUPT, "a blob of %zu bytes is not a deletion vector", blob.len);
    uint32_t is = libdeflate_crc32(0, body.ptr, body.len);
    if (is != crc)
        return err_set(err, E_CORRUPT,
                       "checksum of the vector is %08" PRIx32 " instead of %08" PRIx32, is, crc);
    return roaring64_read(view_of(vector.pos, cur_left(&vector)), n_rows, fn, arg, err);
}
