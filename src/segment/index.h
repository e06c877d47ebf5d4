/*
 * The key index of one block: a perfect hash from the hashes of its keys to its slots.
 *
 * A lookup happens a thousand times a request and must not miss the cache: it reads one byte, the
 * *pilot* of the key's bucket, and computes the slot from it. All pilots of 100M keys are 33 MB.
 *
 *     mixed  = hash, or mix(hash, seed) where the block needed a seed
 *     bucket = mixed * n_buckets >> 64                          (about 3 keys a bucket)
 *     slot   = f(mixed, pilot[bucket]) in 0 .. n_slots-1
 *
 * The index says where a key would be, not whether it exists: the caller compares the key that is
 * stored in the slot.
 *
 * Building finds for each bucket one of 256 pilots that sends its keys to free slots, largest
 * buckets first. Where none is free, the pilot that displaces the least is taken and the displaced
 * buckets are placed anew, as in PtrHash (Groot Koerkamp, "PtrHash: Minimal Perfect Hashing at RAM
 * Throughput", 2025), whose sharding and remapping we do not need: blocks are small enough to build
 * in L2, and one slot in 65 stays empty. If the displacing does not end, it starts over with
 * another seed.
 */
#ifndef MURR_SEGMENT_INDEX_H
#define MURR_SEGMENT_INDEX_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct index_params {
    uint64_t seed;
    uint32_t n_buckets; /* also the number of pilots; 0 only for an empty index */
    uint32_t n_slots;
};

/* High half of a 64 x 64 bit product: maps a uniform `x` onto 0 .. n-1. */
static inline uint64_t index_reduce(uint64_t x, uint64_t n)
{
    return (uint64_t)((unsigned __int128)x * n >> 64);
}

/*
 * Hashes are uniform already, so seed 0 leaves them unchanged. Other seeds are for blocks that
 * could not be built, for example because their hashes share high or low bits: a bijection of 64
 * bits (the finalizer of MurmurHash3 after adding the seed) spreads them.
 */
static inline uint64_t index_mix(uint64_t hash, uint64_t seed)
{
    uint64_t x = hash ^ seed;
    if (__builtin_expect(seed == 0, 1))
        return hash;
    x ^= x >> 33;
    x *= 0xFF51AFD7ED558CCDu;
    x ^= x >> 33;
    x *= 0xC4CEB9FE1A85EC53u;
    return x ^ x >> 33;
}

static inline uint32_t index_bucket(uint64_t mixed, uint32_t n_buckets)
{
    return (uint32_t)index_reduce(mixed, n_buckets);
}

/* Keys of one bucket share the high bits of `mixed`; the multiplication brings the low ones up. */
static inline uint32_t index_slot(uint64_t mixed, uint8_t pilot, uint32_t n_slots)
{
    uint64_t x = (mixed ^ (pilot + 1) * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    return (uint32_t)((x >> 32) * n_slots >> 32);
}

/* Scratch of a builder thread, kept from block to block. Zeroed memory is valid and empty. */
struct index_builder {
    uint64_t *mixed;        /* keys, grouped by bucket */
    uint32_t *bucket_start; /* n_buckets + 1 */
    uint32_t *order;        /* buckets, largest first */
    uint32_t *owner;        /* bucket that took a slot */
    uint64_t *taken;        /* bitmap of slots */
    uint32_t *pending;      /* displaced buckets, a stack */
    size_t cap_keys;
};

void index_builder_done(struct index_builder *b);

enum { INDEX_MAX_KEYS = 1 << 28 };

/* Pilots that index_build writes for `n` keys. */
uint32_t index_n_buckets(size_t n);

/*
 * Build the index of `n` different hashes; `pilots` has room for index_n_buckets(n).
 *
 * Cost      about 40 ns a key while the block fits in L2.
 * Fails     E_INVALID when two hashes are equal; E_LIMIT beyond INDEX_MAX_KEYS.
 */
must_use enum code index_build(struct index_builder *b, const uint64_t *hashes, size_t n,
                               struct index_params *out_params, uint8_t *pilots, struct err *err);

#endif
