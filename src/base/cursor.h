/*
 * Checked reads over foreign bytes: every read says whether the bytes were there. No pointer
 * arithmetic over file or network bytes happens anywhere else.
 *
 * A read that fails consumes nothing and leaves its output alone.
 */
#ifndef MURR_BASE_CURSOR_H
#define MURR_BASE_CURSOR_H

#include "base/err.h"
#include "base/view.h"

struct cursor {
    const uint8_t *pos;
    const uint8_t *end;
};

static inline struct cursor cur_of(struct view v)
{
    return (struct cursor){v.ptr, v.ptr + v.len};
}

static inline size_t cur_left(const struct cursor *c)
{
    return (size_t)(c->end - c->pos);
}

/* The next `len` bytes, borrowed. */
must_use static inline bool cur_bytes(struct cursor *c, uint64_t len, struct view *out)
{
    if (len > cur_left(c))
        return false;
    *out = view_of(c->pos, (size_t)len);
    c->pos += len;
    return true;
}

must_use static inline bool cur_skip(struct cursor *c, uint64_t len)
{
    if (len > cur_left(c))
        return false;
    c->pos += len;
    return true;
}

must_use static inline bool cur_u8(struct cursor *c, uint8_t *out)
{
    if (c->pos == c->end)
        return false;
    *out = *c->pos++;
    return true;
}

must_use static inline bool cur_u16le(struct cursor *c, uint16_t *out)
{
    if (cur_left(c) < sizeof(*out))
        return false;
    memcpy(out, c->pos, sizeof(*out));
    c->pos += sizeof(*out);
    return true;
}

must_use static inline bool cur_u32le(struct cursor *c, uint32_t *out)
{
    if (cur_left(c) < sizeof(*out))
        return false;
    memcpy(out, c->pos, sizeof(*out));
    c->pos += sizeof(*out);
    return true;
}

must_use static inline bool cur_u32be(struct cursor *c, uint32_t *out)
{
    if (!cur_u32le(c, out))
        return false;
    *out = __builtin_bswap32(*out);
    return true;
}

must_use static inline bool cur_u64le(struct cursor *c, uint64_t *out)
{
    if (cur_left(c) < sizeof(*out))
        return false;
    memcpy(out, c->pos, sizeof(*out));
    c->pos += sizeof(*out);
    return true;
}

/* ULEB128 of at most 64 bits; a longer one, or bits beyond the 64th, is refused. */
must_use static inline bool cur_uleb(struct cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    const uint8_t *p = c->pos;
    for (unsigned shift = 0; shift < 64 && p < c->end; shift += 7) {
        uint8_t b = *p++;
        if (shift == 63 && b > 1)
            return false;
        value |= (uint64_t)(b & 0x7F) << shift;
        if (b < 0x80) {
            *out = value;
            c->pos = p;
            return true;
        }
    }
    return false;
}

/* Zigzag ULEB128, as Thrift's compact protocol and Parquet's delta encodings write signed
 * numbers. */
must_use static inline bool cur_zigzag(struct cursor *c, int64_t *out)
{
    uint64_t raw;
    if (!cur_uleb(c, &raw))
        return false;
    *out = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
    return true;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "file formats are read in place");

#endif
