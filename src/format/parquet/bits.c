#include "format/parquet/bits.h"

#include <string.h>

#define always_inline static inline __attribute__((always_inline))

/*
 * With a constant width, the compiler leaves one load, one shift and one mask for each number. Each
 * number is taken from an 8-byte window that never leaves the 4 * width bytes: the window slides
 * back at their end.
 */
always_inline void unpack_const(const uint8_t *in, const unsigned width, uint32_t *out)
{
    const unsigned total = 4 * width;
    const uint32_t mask = (uint32_t)((1ull << width) - 1);
#pragma GCC unroll 32
    for (unsigned i = 0; i < 32; i++) {
        unsigned bit = i * width;
        unsigned byte = bit / 8;
        if (byte > total - 8)
            byte = total - 8;
        uint64_t window;
        memcpy(&window, in + byte, sizeof(window));
        out[i] = (uint32_t)(window >> (bit - byte * 8)) & mask;
    }
}

always_inline void unpack_ones(const uint8_t *in, uint32_t *out)
{
    uint32_t word;
    memcpy(&word, in, sizeof(word));
    for (unsigned i = 0; i < 32; i++)
        out[i] = word >> i & 1;
}

#define CASE(w)                   \
    case w:                       \
        unpack_const(in, w, out); \
        break

void bits_unpack32(const uint8_t *in, unsigned width, uint32_t out[static 32])
{
    switch (width) {
    case 0:
        memset(out, 0, 32 * sizeof(*out));
        break;
    case 1:
        unpack_ones(in, out);
        break;
        CASE(2);
        CASE(3);
        CASE(4);
        CASE(5);
        CASE(6);
        CASE(7);
        CASE(8);
        CASE(9);
        CASE(10);
        CASE(11);
        CASE(12);
        CASE(13);
        CASE(14);
        CASE(15);
        CASE(16);
        CASE(17);
        CASE(18);
        CASE(19);
        CASE(20);
        CASE(21);
        CASE(22);
        CASE(23);
        CASE(24);
        CASE(25);
        CASE(26);
        CASE(27);
        CASE(28);
        CASE(29);
        CASE(30);
        CASE(31);
        CASE(32);
    default:
        __builtin_unreachable();
    }
}

/* 33 to 64 bits from bit `bit` on, of `total` bytes: an 8-byte window, which slides back at the
 * end, and a ninth byte where the number reaches into it. */
always_inline uint64_t wide_at(const uint8_t *in, size_t total, size_t bit, unsigned width)
{
    size_t byte = bit / 8 < total - 8 ? bit / 8 : total - 8;
    size_t shift = bit - byte * 8;
    uint64_t window;
    memcpy(&window, in + byte, sizeof(window));
    window >>= shift;
    if (shift + width > 64)
        window |= (uint64_t)in[byte + 8] << (64 - shift);
    return window & (UINT64_MAX >> (64 - width));
}

void bits_unpack32_wide(const uint8_t *in, unsigned width, uint64_t out[static 32])
{
    if (width <= 32) {
        uint32_t narrow[32];
        bits_unpack32(in, width, narrow);
        for (unsigned i = 0; i < 32; i++)
            out[i] = narrow[i];
        return;
    }
    for (unsigned i = 0; i < 32; i++)
        out[i] = wide_at(in, 4 * (size_t)width, (size_t)i * width, width);
}

/* The 8 bits of a byte as 8 bytes 0/1, the least significant first. The multiplication copies the
 * byte into all eight, the mask keeps bit i in byte i, and adding 0x7F carries any bit that is set
 * to the top of its byte. */
always_inline uint64_t spread_byte(uint8_t b)
{
    uint64_t each = (b * 0x0101010101010101u) & 0x8040201008040201u;
    return ((each + 0x7F7F7F7F7F7F7F7Fu) >> 7) & 0x0101010101010101u;
}

void bits_to_bytes(const uint8_t *in, size_t first, size_t n, uint8_t *out)
{
    size_t i = 0;
    for (; i < n && (first + i) % 8 != 0; i++)
        out[i] = in[(first + i) / 8] >> ((first + i) % 8) & 1;
    const uint8_t *p = in + (first + i) / 8;
    for (; i + 8 <= n; i += 8) {
        uint64_t eight = spread_byte(*p++);
        memcpy(out + i, &eight, sizeof(eight));
    }
    for (unsigned bit = 0; i < n; i++, bit++)
        out[i] = *p >> bit & 1;
}
