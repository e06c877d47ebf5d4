/*
 * Finding the rows of a batch of keys: the hot path of Murr.
 *
 * One key costs a few computed addresses and one cache miss, on its row. Keys are taken in short
 * runs through three passes, so that the misses overlap: each pass computes the address that the
 * next one reads, and prefetches it.
 *
 *     1. hash the key, choose its block, mix            prefetch the pilot
 *     2. read the pilot, compute the slot               prefetch the row
 *     3. compare the key stored in the row              the row, or "absent"
 */
#ifndef MURR_SEGMENT_FIND_H
#define MURR_SEGMENT_FIND_H

#include "segment/set.h"

/*
 * Which parts of a row will be read besides its first byte: one offset for each cache line, so that
 * the search prefetches these lines and no others. Where a wide row is read at more places than fit
 * here, the rest is loaded on demand.
 */
enum { SEG_TOUCH_MAX = 8 };
struct seg_touch {
    uint32_t n;
    uint32_t offsets[SEG_TOUCH_MAX];
};

/* For reading the key and these fields. */
struct seg_touch seg_touch_of(const struct seg_set *set, const size_t *fields, size_t n_fields);

/* Where the rows of n keys are. Arrays of n, the caller's. */
struct seg_rows {
    size_t n;
    struct seg_touch touch; /* set by the caller */
    /* The row in group 0; absent_row where the key is absent. Of a stack: shifted
     * (segment/stack.h). */
    const uint8_t **row;
    uint32_t *block; /* block and slot: for other groups and the heap; 0 when absent */
    uint32_t *slot;
    uint8_t *present; /* bitmap of n bits, unused bits 0 */
    /* Of a stack: the layer that holds the row; for absent rows, the base. NULL with the base
     * alone. */
    uint8_t *layer;
    size_t n_absent;
    /* Of a stack, by field of the base: the rows that have this column, if they differ from these,
     * else NULL. NULL: all columns are in these rows (segment/patch.h). */
    struct seg_rows **of_field;
    bool is_damaged; /* some row is damaged: none of this may be used */
};

/*
 * Fill `rows` (arrays allocated by the caller, n and touch set) for n keys in canonical bytes.
 * `hashes` are theirs, where the caller has them already; else NULL.
 *
 * Threads   any; no lock, no allocation.
 * Cost      about 30 ns a key while rows miss the cache.
 */
void seg_find(const struct seg_set *set, const struct view *keys, const uint64_t *hashes,
              struct seg_rows *rows);

/*
 * After a search, keep only the rows that were found, in their order. `positions`, with room for n,
 * receives the old index of each. Call it before rows->of_field is set.
 */
void seg_rows_drop_absent(struct seg_rows *rows, uint32_t *positions);

/*
 * The same, but each key is looked for in its own set: key numbers[i] in sets[which[i]], whose rows
 * are read at touches[which[i]]. All sets have the same hash seed. There are two steps, so that the
 * caller can do other work between them: _begin computes where the rows are and prefetches them,
 * _end checks whether they hold the keys. Rows of absent keys are undefined.
 */
struct seg_search {
    const struct seg_set *const *sets;
    const struct seg_touch *touches;
    const uint8_t *which;
    const uint32_t *numbers;
    const struct view *keys; /* by number */
    const uint64_t *hashes;
};
void seg_search_begin(const struct seg_search *s, struct seg_rows *rows);
void seg_search_end(const struct seg_search *s, struct seg_rows *rows);

/* The hashes of n keys, in the form that seg_find and seg_search take. */
void seg_hash_keys(const struct seg_set *set, const struct view *keys, size_t n, uint64_t *out);

#endif
