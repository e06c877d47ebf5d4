/*
 * A block: the rows of one contiguous range of key hashes, with an index of their own. Blocks are
 * the unit of building, writing and checking, small enough (about 128k rows) for one to be put
 * together in cache while the rest waits.
 *
 * Key hashes are spread over the blocks of a whole generation: block = hash * n_blocks >> 64. The
 * low half of that product is the *place* of the key in its block, uniform and different for
 * different hashes: the hash that the block's index is built of. Part p of n holds the p-th of n
 * equal runs of blocks.
 *
 *     data = [group 0: n_slots rows][group 1: n_slots rows] ... [heap]      each 64-byte aligned
 *
 * Slots 0 .. n_index_slots-1 are what the index leads to. A slot that no key owns holds the key of
 * another slot: looking that key up leads elsewhere, so it never matches, and no bit is needed to
 * tell empty slots. The slots after these belong to the *extras*, in their order: keys that share
 * all 64 bits of their hash with another key, which a perfect hash cannot separate. There are
 * practically none, but they are right.
 */
#ifndef MURR_SEGMENT_BLOCK_H
#define MURR_SEGMENT_BLOCK_H

#include "segment/index.h"
#include "segment/layout.h"
#include "segment/record.h"

struct seg_extra {
    uint64_t hash;
    uint64_t slot;
};

/* Sizes of a block's parts; part of what the blocks payload of a segment stores. */
struct block_shape {
    struct index_params index;
    uint32_t n_rows;
    uint32_t n_extras;
    uint64_t heap_offset; /* in the data */
    uint64_t data_bytes;
};

static inline uint64_t block_n_slots(const struct block_shape *s)
{
    return (uint64_t)s->index.n_slots + s->n_extras;
}

/* Offset of a group in the data of a block of n_slots slots; for g = n_groups, of the heap. Counts
 * that lie and would overflow give UINT64_MAX. */
static inline uint64_t block_group_offset(const struct seg_layout *l, uint32_t g, uint64_t n_slots)
{
    uint64_t at = 0, bytes;
    for (uint32_t i = 0; i < g; i++) {
        if (__builtin_mul_overflow(l->groups[i].stride, n_slots, &bytes) ||
            __builtin_add_overflow(at, bytes, &at) || at > UINT64_MAX - 63)
            return UINT64_MAX;
        at = (at + 63) & ~(uint64_t)63;
    }
    return at;
}

static inline uint64_t block_of_hash(uint64_t hash, uint64_t n_blocks)
{
    return index_reduce(hash, n_blocks);
}

static inline uint64_t place_of_hash(uint64_t hash, uint64_t n_blocks)
{
    return hash * n_blocks;
}

/* What build made. The views live in the builder until its next build. */
struct built_block {
    struct block_shape shape;
    struct view data;
    struct view pilots;
    const struct seg_extra *extras; /* sorted by hash */
    uint64_t key_bytes;             /* of the rows kept, for statistics */
    uint64_t value_bytes;
    const uint64_t *n_nulls; /* by field */
};

/* One a thread; borrows layout and format. `n_blocks` is that of the whole generation. */
struct block_builder;
struct block_builder *block_builder_new(const struct seg_layout *layout,
                                        const struct record_format *format, uint64_t n_blocks);
void block_builder_free(struct block_builder *b);

/*
 * Keep, of records with equal keys, the one with the largest ordinal: rearranges `records` and
 * returns how many are left. Building does this too; it is here for callers that cannot hold all at
 * once.
 */
size_t block_drop_replaced(struct block_builder *b, const struct record **records, size_t n);

/*
 * Build a block from the n records whose hashes fall into it, in any order. Of records with equal
 * keys the one with the largest ordinal is kept.
 *
 * Cost      about 120 ns a row of key + 10 float32.
 * Fails     E_LIMIT for more rows than an index takes.
 */
must_use enum code block_build(struct block_builder *b, const struct record *const *records,
                               size_t n, struct built_block *out_block, struct err *err);

#endif
