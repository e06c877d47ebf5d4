/*
 * Load shares: how loads that run side by side divide memory and processor time.
 *
 * (1) A load takes half of the memory that is left. The first load is then fast, and later ones
 *     still get some. If less than a useful share is left, a load waits.
 * (2) A load that fails with E_LIMIT in its share runs again with all memory, alone. So whether
 *     data loads does not depend on what else is loading.
 * (3) Each load has its own workers, one for each turn, and all loads share the turns. A worker
 *     gives its turn back while it waits for its source. A slow source therefore delays only its
 *     own load.
 */
#ifndef MURR_ENGINE_LOAD_LOAD_SHARES_H
#define MURR_ENGINE_LOAD_LOAD_SHARES_H

#include "base/pool.h"
#include "engine/spec/budget.h"

#include <stdatomic.h>

struct load_shares;

struct load_share {
    uint64_t memory_bytes;
    bool is_all; /* it is all memory there is (2) */
    struct pool *pool;
};

struct load_shares *load_shares_new(const struct load_config *config, size_t n_tables);
void load_shares_free(struct load_shares *s); /* after all were given back; NULL is fine */

/* Wait for a share, or with `all` for all memory. Threads: any. Fails E_CANCELLED, within 50 ms
 * after it is set. */
must_use enum code load_shares_take(struct load_shares *s, bool all, const _Atomic bool *cancelled,
                                    struct load_share *out_share, struct err *err);
void load_shares_give_back(struct load_shares *s, struct load_share *share);

#endif
