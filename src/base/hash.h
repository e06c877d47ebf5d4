/* XXH3, as checksums of payloads and as the hash of keys. One place, so that both stay the same. */
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

/* The hash of a key's canonical bytes. */
static inline uint64_t hash_key(struct view key, uint64_t seed)
{
    return XXH3_64bits_withSeed(key.ptr, key.len, seed);
}

#endif
