/*
 * Which of up to eight segments may hold a key: one look, one cache line, however many segments lie
 * on top of a table. A key that none of them holds (nearly every key, where little was written)
 * costs no further probe.
 *
 * It is eight Bloom filters laid over each other. Every byte is a place, every bit of it a segment.
 * A key has four places in one 64-byte line; the AND of their bytes has the bits of the segments
 * that may hold it:
 *
 *     x = hash * odd;  line = x * n_lines >> 64;  places = four times six of the low bits of x
 *
 * With at most SEG_FILTER_LINE_ROWS rows of one segment a line, a segment says "maybe" to about one
 * key in 430 that it does not hold (measured by tests/unit/segment/test_filter.c).
 *
 * Bits are only ever added, and readers mask them by the segments that their snapshot has. So one
 * filter serves old and new snapshots at once: a write adds its bit while others read. When the
 * bits are used up, or a segment is too large for it, a new filter is made.
 */
#ifndef MURR_SEGMENT_FILTER_H
#define MURR_SEGMENT_FILTER_H

#include "base/huge.h"
#include "segment/reader.h"

enum { SEG_FILTER_BITS = 8, SEG_FILTER_LINE_ROWS = 3, SEG_FILTER_PLACES = 4 };

struct seg_filter {
    uint64_t n_lines;
    uint8_t *lines; /* 64-byte aligned; bytes are written and read as relaxed atomics */
    struct huge_memory memory;
    uint8_t *scarce; /* the allocation where memory was scarce; else NULL */
};

/* A filter for segments of at most n_rows rows. It never takes more than 64 MiB, or 1 MiB where
 * memory is scarce; for more rows it says "maybe" more often. */
void seg_filter_init(struct seg_filter *f, uint64_t n_rows);
void seg_filter_done(struct seg_filter *f);

/* Whether a segment of n_rows rows may be added. */
bool seg_filter_fits(const struct seg_filter *f, uint64_t n_rows);

/* Add all keys of a segment as `bit`. Threads: one adds at a time; readers go on. Cost: about 20 ns
 * a row. */
void seg_filter_add(struct seg_filter *f, unsigned bit, const struct segment *s);

static inline uint64_t seg_filter_mix(uint64_t hash)
{
    return hash * 0x9E6C63D0876A9A47u;
}

static inline const uint8_t *seg_filter_line(const struct seg_filter *f, uint64_t mixed)
{
    return f->lines + 64 * index_reduce(mixed, f->n_lines);
}

/* Bits of the segments that may hold the key. */
static inline uint8_t seg_filter_get(const uint8_t *line, uint64_t mixed)
{
    uint8_t bits = 0xFF;
#pragma GCC unroll 4
    for (unsigned k = 0; k < SEG_FILTER_PLACES; k++)
        bits &= __atomic_load_n(&line[mixed >> 6 * k & 63], __ATOMIC_RELAXED);
    return bits;
}

#endif
