/* XXH3, for the checksums of payloads and for the hashes of keys. Both are part of the file format,
 * so they are defined here and nowhere else. */
#ifndef MURR_BASE_HASH_H
#define MURR_BASE_HASH_H

#include "base/view.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The checksum of a payload in a segment or manifest: XXH3 64-bit, seed 0. */
static inline uint64_t hash_checksum(struct view bytes)
{
    return XXH3_64bits(bytes.ptr, bytes.len);
}

/* The checksum of one page of a segment: the low half of the same. */
static inline uint32_t hash_page(const uint8_t *page, size_t len)
{
    return (uint32_t)XXH3_64bits(page, len);
}

/* The hash of a key's canonical bytes. */
static inline uint64_t hash_key(struct view key, uint64_t seed)
{
    return XXH3_64bits_withSeed(key.ptr, key.len, seed);
}

/*
 * hash_key for many keys and one seed. For 17 to 128 bytes, XXH3 adds the seed to some words of its
 * secret and subtracts it from others. Doing that once for all keys saves a third of the work for
 * each.
 */
struct key_hasher {
    uint64_t seed;
    uint8_t secret[XXH_SECRET_DEFAULT_SIZE]; /* with the seed worked in */
};

static inline void key_hasher_init(struct key_hasher *h, uint64_t seed)
{
    h->seed = seed;
    XXH3_generateSecret_fromSeed(h->secret, seed);
}

/* The same number as hash_key(key, h->seed). XXH3_64bits_withSecret gives the same number but
 * branches on the length again. */
static inline uint64_t key_hasher_hash(const struct key_hasher *h, struct view key)
{
    if (key.len < 17 || key.len > 128)
        return hash_key(key, h->seed);
    return XXH3_len_17to128_64b(key.ptr, key.len, h->secret, sizeof(h->secret), 0);
}

#endif
