/*
 * What loads that run side by side have between them: memory, and turns of workers.
 *
 * A load takes half of the memory that is left, so that the first is fast and the next ones have some; where less
 * than a useful share is left it waits. Only with all of it does a load fail for want of memory: whether data loads
 * must not depend on what else does. Each load has workers of its own, which take turns: a worker that waits for its
 * source has none, so a source that drips costs itself.
 */
#ifndef MURR_ENGINE_LOAD_LOAD_SHARES_H
#define MURR_ENGINE_LOAD_LOAD_SHARES_H

#include "base/pool.h"
#include "engine/spec/budget.h"

#include <stdatomic.h>

struct load_shares;

struct load_share {
    uint64_t memory_bytes;
    bool is_all;
    struct pool *pool;
};

struct load_shares *load_shares_new(const struct load_config *config, size_t n_tables);
void load_shares_free(struct load_shares *s); /* all were given back; NULL is fine */

/* Waits for one. Threads: any. Fails E_CANCELLED soon after that is set. */
must_use enum code load_shares_take(struct load_shares *s, bool all, const _Atomic bool *cancelled,
                                    struct load_share *out_share, struct err *err);
void load_shares_give_back(struct load_shares *s, struct load_share *share);

#endif
