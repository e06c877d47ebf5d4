/* Numbers of a fixed count of bits, packed least significant bit first. */
#ifndef MURR_FORMAT_PARQUET_BITS_H
#define MURR_FORMAT_PARQUET_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 32 numbers of `width` (0 .. 32) bits from exactly 4 * width bytes. */
void bits_unpack32(const uint8_t *in, unsigned width, uint32_t out[static 32]);

/* 32 numbers of `width` (0 .. 64) bits from exactly 4 * width bytes. */
void bits_unpack32_wide(const uint8_t *in, unsigned width, uint64_t out[static 32]);

/* `n` bits, from bit `first` on, as bytes 0/1. The bytes that hold them must be there. */
void bits_to_bytes(const uint8_t *in, size_t first, size_t n, uint8_t *out);

/* Bytes that `n` bits take. */
static inline size_t bits_bytes(size_t n)
{
    return n / 8 + (n % 8 != 0);
}

#endif
