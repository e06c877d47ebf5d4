#include "segment/index.h"

#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

/*
 * Building, in the order of index_build:
 *
 *     1. Group keys by bucket (counting sort), and order buckets by size, largest first: a large
 *        bucket needs many free slots at once, which exist only while the table is empty.
 *     2. For each bucket, try all 256 pilots for one that sends its keys to free slots.
 *     3. If there is none, take the pilot that displaces the cheapest buckets. These go on a stack
 *        and are placed again, by 2. The search for the cheapest starts at a random pilot, and
 *        buckets placed just now are not displaced; both keep two buckets from displacing each
 *        other forever.
 *     4. Each attempt has a budget of displacements. When it is used up, everything starts over
 *        with another seed.
 *
 * Nearly all buckets end in 2; displacing is for the last few percent, when most slots are taken.
 */

/* 8 bits of pilot for 3 keys are 2.7 bits a key. Smaller buckets build faster, larger ones need
 * fewer pilots; 3 is a good compromise. */
static const size_t keys_per_bucket = 3;
/* One slot in 65 stays empty. A fuller table builds slower, since the last buckets find few free
 * slots. */
static const size_t keys_per_empty_slot = 64;
static const unsigned max_seeds = 64;
enum { MAX_BUCKET_KEYS = 64, N_PILOTS = 256, N_RECENT = 16 };

/* The state of one attempt. Arrays belong to the builder. */
struct attempt {
    struct index_builder *b;
    struct index_params params;
    uint8_t *pilots;
    bool is_grouped; /* keys lie by bucket in the builder */
    size_t n_pending;
    uint64_t rng;
    uint64_t displaced_left; /* displacements until we give up on this seed */
    /* The buckets placed last. They are not displaced again at once, to get out of cycles. */
    uint32_t recent[N_RECENT];
    unsigned recent_at;
};

void index_builder_done(struct index_builder *b)
{
    free(b->mixed);
    free(b->bucket_start);
    free(b->order);
    free(b->owner);
    free(b->taken);
    free(b->pending);
    *b = (struct index_builder){0};
}

uint32_t index_n_buckets(size_t n)
{
    return (uint32_t)((n + keys_per_bucket - 1) / keys_per_bucket);
}

static uint32_t n_slots_for(size_t n)
{
    return (uint32_t)(n + (n + keys_per_empty_slot - 1) / keys_per_empty_slot);
}

static void reserve(struct index_builder *b, size_t n)
{
    if (n <= b->cap_keys)
        return;
    index_builder_done(b);
    size_t n_buckets = index_n_buckets(n), n_slots = n_slots_for(n);
    b->mixed = mem_alloc(n * sizeof(*b->mixed));
    b->bucket_start = mem_alloc((n_buckets + 1) * sizeof(*b->bucket_start));
    b->order = mem_alloc(n_buckets * sizeof(*b->order));
    b->pending = mem_alloc(n_buckets * sizeof(*b->pending));
    b->owner = mem_alloc(n_slots * sizeof(*b->owner));
    b->taken = mem_alloc((n_slots + 63) / 64 * sizeof(*b->taken));
    b->cap_keys = n;
}

static uint32_t bucket_size(const struct index_builder *b, uint32_t bucket)
{
    return b->bucket_start[bucket + 1] - b->bucket_start[bucket];
}

/* Counting sort of the mixed hashes by bucket. False when a bucket is hopelessly large. */
static bool group_by_bucket(struct attempt *a, const uint64_t *hashes, size_t n)
{
    struct index_builder *b = a->b;
    uint32_t n_buckets = a->params.n_buckets;
    uint32_t *start = b->bucket_start;
    memset(start, 0, (n_buckets + 1) * sizeof(*start));
    for (size_t i = 0; i < n; i++)
        start[index_bucket(index_mix(hashes[i], a->params.seed), n_buckets) + 1]++;
    bool fits = true;
    for (uint32_t k = 1; k <= n_buckets; k++) {
        fits &= start[k] <= MAX_BUCKET_KEYS;
        start[k] += start[k - 1];
    }
    if (!fits)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint64_t mixed = index_mix(hashes[i], a->params.seed);
        b->mixed[start[index_bucket(mixed, n_buckets)]++] = mixed;
    }
    /* Each start has moved to its end, which is the start of the next. */
    memmove(start + 1, start, n_buckets * sizeof(*start));
    start[0] = 0;
    return true;
}

static void order_by_size(struct attempt *a)
{
    struct index_builder *b = a->b;
    uint32_t at[MAX_BUCKET_KEYS + 2] = {0}; /* at[s]: where the next bucket of size s goes */
    for (uint32_t k = 0; k < a->params.n_buckets; k++)
        at[MAX_BUCKET_KEYS - bucket_size(b, k) + 1]++;
    for (unsigned s = 1; s < MAX_BUCKET_KEYS + 2; s++)
        at[s] += at[s - 1];
    for (uint32_t k = 0; k < a->params.n_buckets; k++)
        b->order[at[MAX_BUCKET_KEYS - bucket_size(b, k)]++] = k;
}

static bool is_taken(const struct index_builder *b, uint32_t slot)
{
    return b->taken[slot / 64] >> (slot % 64) & 1;
}

/* Two keys of one bucket in one slot rule a pilot out. Buckets are tiny: compare all pairs. */
static bool has_repeat(const uint32_t *slots, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (slots[i] == slots[j])
                return true;
    return false;
}

static bool find_free_pilot(const struct attempt *a, const uint64_t *keys, uint32_t n,
                            uint32_t *slots, uint8_t *out_pilot)
{
    for (unsigned p = 0; p < N_PILOTS; p++) {
        uint32_t i = 0;
        for (; i < n; i++) {
            slots[i] = index_slot(keys[i], (uint8_t)p, a->params.n_slots);
            if (is_taken(a->b, slots[i]))
                break;
        }
        if (i == n && !has_repeat(slots, n)) {
            *out_pilot = (uint8_t)p;
            return true;
        }
    }
    return false;
}

static bool is_recent(const struct attempt *a, uint32_t bucket)
{
    for (unsigned i = 0; i < N_RECENT; i++)
        if (a->recent[i] == bucket)
            return true;
    return false;
}

/* The cost of what a pilot would displace: the sum of squared bucket sizes, since large buckets are
 * hard to place again. UINT64_MAX when it would displace one that was placed just now. */
static uint64_t displacement_cost(const struct attempt *a, const uint32_t *slots, uint32_t n,
                                  uint64_t best)
{
    uint64_t cost = 0;
    for (uint32_t i = 0; i < n && cost < best; i++) {
        if (!is_taken(a->b, slots[i]))
            continue;
        uint32_t bucket = a->b->owner[slots[i]];
        if (is_recent(a, bucket))
            return UINT64_MAX;
        uint64_t size = bucket_size(a->b, bucket);
        cost += size * size;
    }
    return cost;
}

/* Counting stops at the best cost so far, so most pilots are given up after a slot or two. */
static bool find_cheapest_pilot(struct attempt *a, const uint64_t *keys, uint32_t n,
                                uint32_t *slots, uint8_t *out_pilot)
{
    uint64_t best = UINT64_MAX;
    a->rng = a->rng * 6364136223846793005u + 1442695040888963407u;
    unsigned first = (unsigned)(a->rng >> 56);
    for (unsigned i = 0; i < N_PILOTS; i++) {
        uint8_t p = (uint8_t)(first + i);
        for (uint32_t k = 0; k < n; k++)
            slots[k] = index_slot(keys[k], p, a->params.n_slots);
        uint64_t cost = displacement_cost(a, slots, n, best);
        if (cost < best && !has_repeat(slots, n)) {
            best = cost;
            *out_pilot = p;
        }
    }
    return best != UINT64_MAX;
}

/* Free the slots of a bucket, by its current pilot, and put it on the stack. */
static void displace(struct attempt *a, uint32_t bucket)
{
    struct index_builder *b = a->b;
    for (uint32_t i = b->bucket_start[bucket]; i < b->bucket_start[bucket + 1]; i++) {
        uint32_t slot = index_slot(b->mixed[i], a->pilots[bucket], a->params.n_slots);
        b->taken[slot / 64] &= ~(1ull << (slot % 64));
    }
    b->pending[a->n_pending++] = bucket;
}

static bool place(struct attempt *a, uint32_t bucket)
{
    struct index_builder *b = a->b;
    const uint64_t *keys = b->mixed + b->bucket_start[bucket];
    uint32_t n = bucket_size(b, bucket);
    uint32_t slots[MAX_BUCKET_KEYS];
    uint8_t pilot = 0;
    bool is_free = find_free_pilot(a, keys, n, slots, &pilot);
    if (!is_free && !find_cheapest_pilot(a, keys, n, slots, &pilot))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        slots[i] = index_slot(keys[i], pilot, a->params.n_slots);
        if (is_taken(b, slots[i])) {
            if (a->displaced_left-- == 0)
                return false;
            displace(a, b->owner[slots[i]]);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        b->taken[slots[i] / 64] |= 1ull << (slots[i] % 64);
        b->owner[slots[i]] = bucket;
    }
    a->pilots[bucket] = pilot;
    a->recent[a->recent_at++ % N_RECENT] = bucket;
    return true;
}

static bool build_with_seed(struct attempt *a, const uint64_t *hashes, size_t n)
{
    struct index_builder *b = a->b;
    a->is_grouped = group_by_bucket(a, hashes, n);
    if (!a->is_grouped)
        return false;
    order_by_size(a);
    memset(b->taken, 0, (a->params.n_slots + 63) / 64 * sizeof(*b->taken));
    memset(a->pilots, 0, a->params.n_buckets);
    memset(a->recent, 0xFF, sizeof(a->recent));
    a->displaced_left = 16 * (uint64_t)a->params.n_buckets + 1024;
    for (uint32_t k = 0; k < a->params.n_buckets && bucket_size(b, b->order[k]) > 0; k++) {
        b->pending[a->n_pending++] = b->order[k];
        while (a->n_pending > 0)
            if (!place(a, b->pending[--a->n_pending]))
                return false;
    }
    return true;
}

/* Equal hashes fail with every seed; this tells them apart from bad luck. Keys are grouped by
 * bucket. */
static bool has_equal_hashes(const struct index_builder *b, uint32_t n_buckets)
{
    for (uint32_t k = 0; k < n_buckets; k++)
        for (uint32_t i = b->bucket_start[k]; i < b->bucket_start[k + 1]; i++)
            for (uint32_t j = b->bucket_start[k]; j < i; j++)
                if (b->mixed[i] == b->mixed[j])
                    return true;
    return false;
}

enum code index_build(struct index_builder *b, const uint64_t *hashes, size_t n,
                      struct index_params *out_params, uint8_t *pilots, struct err *err)
{
    if (n > INDEX_MAX_KEYS)
        return err_set(err, E_LIMIT, "%zu keys in one block, at most %d fit", n, INDEX_MAX_KEYS);
    if (n == 0) {
        *out_params = (struct index_params){0};
        return OK;
    }
    reserve(b, n);
    struct index_params params = {.n_buckets = index_n_buckets(n), .n_slots = n_slots_for(n)};
    for (unsigned i = 0; i < max_seeds; i++) {
        params.seed = i * 0x9E3779B97F4A7C15u;
        struct attempt a = {.b = b, .params = params, .pilots = pilots, .rng = params.seed};
        if (build_with_seed(&a, hashes, n)) {
            *out_params = params;
            return OK;
        }
        if (i <= 1 && a.is_grouped && has_equal_hashes(b, params.n_buckets))
            break;
    }
    return err_set(err, E_INVALID, "no perfect hash for %zu keys: equal hashes among them", n);
}
