#include "format/parquet/budget.h"

void pq_budget_init(struct pq_budget *b, size_t max_held, uint64_t file_bytes,
                    uint64_t memory_bytes)
{
    uint64_t by_size, by_memory;
    if (__builtin_mul_overflow(file_bytes, PQ_MAX_EXPANSION, &by_size))
        by_size = UINT64_MAX;
    if (__builtin_mul_overflow(memory_bytes, 2, &by_memory))
        by_memory = UINT64_MAX;
    b->max_held = max_held;
    b->max_decoded = by_size > by_memory ? by_size : by_memory;
    atomic_init(&b->held, 0);
    atomic_init(&b->decoded, 0);
}

void pq_budget_give(struct pq_budget *b, size_t bytes)
{
    if (b)
        atomic_fetch_sub_explicit(&b->held, bytes, memory_order_relaxed);
}

/*
 * Add first, then look: two threads may both exceed the limit for a moment and both fail, though
 * one alone would fit. That is fine, since a load that is so close to its limit fails anyway, and
 * there is no lock.
 */
enum code pq_budget_resize(struct pq_budget *b, size_t have, size_t want, struct err *err)
{
    if (!b)
        return OK;
    if (want <= have) {
        pq_budget_give(b, have - want);
        return OK;
    }
    size_t more = want - have;
    size_t held = atomic_fetch_add_explicit(&b->held, more, memory_order_relaxed) + more;
    if (held <= b->max_held)
        return OK;
    pq_budget_give(b, more);
    return err_set(err, E_LIMIT,
                   "decoded pages would take %zu bytes of memory at a time, the limit is %zu; "
                   "load.memory (murr cat: --memory) raises it",
                   held, b->max_held);
}

static enum code too_much(const struct pq_budget *b, uint64_t bytes, struct err *err)
{
    return err_set(
        err, E_LIMIT,
        "%llu bytes decoded, the limit is %llu: %d times the bytes of the files, or twice "
        "the memory",
        (unsigned long long)bytes, (unsigned long long)b->max_decoded, PQ_MAX_EXPANSION);
}

enum code pq_budget_announce(const struct pq_budget *b, uint64_t bytes, struct err *err)
{
    return b && bytes > b->max_decoded ? too_much(b, bytes, err) : OK;
}

enum code pq_budget_charge(struct pq_budget *b, uint64_t bytes, struct err *err)
{
    if (!b)
        return OK;
    uint64_t all = atomic_fetch_add_explicit(&b->decoded, bytes, memory_order_relaxed) + bytes;
    return all > b->max_decoded ? too_much(b, all, err) : OK;
}
