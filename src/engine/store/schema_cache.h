/*
 * The encoded Arrow schemas of the answers from one base. Clients ask for the same columns again
 * and again, and encoding ten of them takes as long as finding a hundred keys.
 *
 * The cache has 16 slots. The first request for a projection fills a free slot, which then stays as
 * it is until the base is freed, so readers need no lock. Once all slots are taken, requests for
 * other projections encode their own.
 */
#ifndef MURR_ENGINE_STORE_SCHEMA_CACHE_H
#define MURR_ENGINE_STORE_SCHEMA_CACHE_H

#include "engine/store/projection.h"

#include <stdatomic.h>

enum { SCHEMA_CACHE_SLOTS = 16 };

/* Zeroed memory is empty. */
struct schema_cache {
    struct schema_entry *_Atomic slots[SCHEMA_CACHE_SLOTS];
};

void schema_cache_done(struct schema_cache *c);

/* The schema message for these columns: from the cache, or encoded in the arena. Threads: any. */
struct view schema_cache_get(struct schema_cache *c, const struct schema *schema,
                             const struct projection *columns, struct arena *arena);

#endif
