/*
 * Parquet's mixture of run lengths and bit-packed groups: definition levels, dictionary indexes and
 * RLE booleans.
 *
 *   run   ULEB128 header; lowest bit 0: header >> 1 times one value of ceil(width / 8) bytes
 *                         lowest bit 1: (header >> 1) * 8 values, packed in width bits each
 *
 * A bit-packed run at the end may be cut off after the last value that anybody asks for.
 */
#ifndef MURR_FORMAT_PARQUET_HYBRID_H
#define MURR_FORMAT_PARQUET_HYBRID_H

#include "base/cursor.h"

struct pq_hybrid {
    struct cursor cur; /* after the current run */
    unsigned width;    /* bits of a value, 0 .. 32 */
    uint64_t n_same;   /* left of a run of one value */
    uint32_t same;
    uint64_t n_packed; /* left of a packed run */
    const uint8_t *packed;
    uint64_t packed_idx; /* values of the packed run that are gone */
    size_t packed_bytes; /* of the whole run */
    uint32_t ahead[32];  /* the packed values around packed_idx, where ahead_at says so */
    uint64_t ahead_at;   /* packed_idx of ahead[0]; UINT64_MAX: nothing there */
};

/* Borrows `bytes`. A width above 32 is E_CORRUPT. */
must_use enum code pq_hybrid_init(struct pq_hybrid *h, struct view bytes, unsigned width,
                                  struct err *err);

/*
 * How many of the next `n` values are one and the same: 0 when the next run is packed, and then
 * pq_hybrid_read gets at them. Consumes what it returns. Fails E_CORRUPT at the end of the bytes.
 */
must_use enum code pq_hybrid_same(struct pq_hybrid *h, size_t n, size_t *out_n, uint32_t *out_value,
                                  struct err *err);

/* The next values of a packed run, at most `n`; *out_n of them, which is 0 only between runs. */
void pq_hybrid_packed(struct pq_hybrid *h, uint32_t *out, size_t n, size_t *out_n);

/* Exactly `n` values of width 1 as bytes 0/1, and how many of them are 1. */
must_use enum code pq_hybrid_bools(struct pq_hybrid *h, uint8_t *out, size_t n, size_t *out_set,
                                   struct err *err);

#endif
