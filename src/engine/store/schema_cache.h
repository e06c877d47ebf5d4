/*
 * The encoded Arrow schemas of the answers that one snapshot gives. Clients ask for the same columns again
 * and again, and encoding ten of them takes as long as finding a hundred keys.
 *
 * A few slots, filled once by whoever comes first and never changed or emptied until the snapshot ends, so
 * that readers need no lock. When all are taken, others encode for themselves.
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
