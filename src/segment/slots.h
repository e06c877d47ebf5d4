/* Telling rows from empty slots, for code that walks all slots of a block. */
#ifndef MURR_SEGMENT_SLOTS_H
#define MURR_SEGMENT_SLOTS_H

#include "segment/reader.h"

/* Whether a lookup of the key stored in a slot leads to this slot: then the slot is a row.
 * `n_blocks` is that of the whole generation. */
static inline bool seg_owns_slot(const struct seg_block *b, uint64_t hash, uint64_t n_blocks,
                                 uint64_t slot)
{
    if (slot >= b->n_index_slots) {
        const struct seg_extra *extra = &b->extras[slot - b->n_index_slots];
        return extra->slot == slot && extra->hash == hash;
    }
    uint64_t mixed = index_mix(place_of_hash(hash, n_blocks), b->seed);
    uint8_t pilot = b->pilots[index_bucket(mixed, b->n_buckets)];
    return index_slot(mixed, pilot, b->n_index_slots) == slot;
}

#endif
