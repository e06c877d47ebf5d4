/*
 * DELTA_BINARY_PACKED: integers as differences, packed in blocks.
 *
 *   head   ULEB128 values a block, miniblocks a block, values in all; zigzag first value
 *   block  zigzag least difference; a bit width (u8) for each miniblock; the miniblocks:
 * differences minus the least, packed. Miniblocks after the last value have a width (which may be
 *          garbage) and no bytes.
 *
 * All arithmetic wraps around in 64 bits; 32-bit columns take the low half, which comes to the
 * same.
 */
#ifndef MURR_FORMAT_PARQUET_DELTA_H
#define MURR_FORMAT_PARQUET_DELTA_H

#include "base/cursor.h"

struct pq_delta {
    struct cursor cur;     /* after what was read */
    uint64_t n_left;       /* values not handed out */
    uint64_t per_mini;     /* values of a miniblock, a multiple of 32 */
    uint64_t n_minis;      /* in a block */
    const uint8_t *widths; /* of the block's miniblocks, n_minis of them */
    uint64_t mini_idx;     /* next miniblock of the block; n_minis: a new block comes first */
    uint64_t mini_left;    /* values of the current miniblock not unpacked */
    unsigned width;        /* of the current miniblock */
    uint64_t least;        /* difference of the block */
    uint64_t last;         /* value */
    bool first;            /* `last` is the first value and was not handed out */
    unsigned n_ready;      /* values in ready[], from ready_at on */
    unsigned ready_at;
    uint64_t ready[32];
};

/* Borrows `bytes`, which may continue after the last value: see pq_delta_tail. Fails E_CORRUPT. */
must_use enum code pq_delta_init(struct pq_delta *d, struct view bytes, struct err *err);

/* The next `n` values, as the bits of an int64. Fails E_CORRUPT when there are fewer. */
must_use enum code pq_delta_read(struct pq_delta *d, uint64_t *out, size_t n, struct err *err);

/* What comes after the last value, whichever was read so far. Fails E_CORRUPT. */
must_use enum code pq_delta_tail(const struct pq_delta *d, struct view *out_tail, struct err *err);

#endif
