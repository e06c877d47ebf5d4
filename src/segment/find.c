#include "segment/find.h"

#include "base/hash.h"
#include "base/mem.h"

/* Keys of one run of passes: enough misses in flight, and all of its state stays in L1. */
enum { RUN_KEYS = 128 };

void seg_set_done(struct seg_set *set)
{
    free(set->blocks);
    free(set->group_rows);
    free(set->absent_row);
    *set = (struct seg_set){0};
}

must_use static enum code check_part(struct segment *const *segments, size_t n, size_t i,
                                     struct err *err)
{
    const struct segment *s = segments[i], *first = segments[0];
    if (s->part != i || s->n_parts != n)
        return err_set(err, E_CORRUPT, "segment %zu of %zu says that it is part %u of %u", i, n,
                       s->part, s->n_parts);
    if (s->hash_seed != first->hash_seed || s->n_blocks != first->n_blocks ||
        !schema_eq(&s->schema, &first->schema))
        return err_set(err, E_CORRUPT, "segments 0 and %zu are not of one generation", i);
    AUTO(buf) struct buf a = {0};
    AUTO(buf) struct buf b = {0};
    seg_layout_put(&s->layout, &a);
    seg_layout_put(&first->layout, &b);
    if (!view_eq(buf_view(&a), buf_view(&b)))
        return err_set(err, E_CORRUPT, "segments 0 and %zu have different layouts", i);
    return OK;
}

enum code seg_set_init(struct seg_set *set, struct segment *const *segments, size_t n_segments,
                       struct err *err)
{
    if (n_segments == 0)
        return err_set(err, E_INVALID, "no segments");
    for (size_t i = 0; i < n_segments; i++)
        TRY(check_part(segments, n_segments, i, err));
    const struct segment *first = segments[0];
    uint32_t n_groups = first->layout.n_groups, longest = 0;
    for (uint32_t g = 0; g < n_groups; g++)
        if (first->layout.groups[g].stride > longest)
            longest = first->layout.groups[g].stride;
    *set = (struct seg_set){
        .schema = &first->schema,
        .layout = &first->layout,
        .hash_seed = first->hash_seed,
        .n_blocks = (uint64_t)n_segments * first->n_blocks,
        .absent_row = mem_zalloc(longest + 64),
    };
    set->blocks = mem_alloc(set->n_blocks * sizeof(*set->blocks));
    set->group_rows = mem_alloc(set->n_blocks * n_groups * sizeof(*set->group_rows));
    size_t at = 0;
    for (size_t i = 0; i < n_segments; i++)
        for (uint32_t k = 0; k < segments[i]->n_blocks; k++, at++) {
            set->blocks[at] = segments[i]->blocks[k];
            for (uint32_t g = 0; g < n_groups; g++)
                set->group_rows[at * n_groups + g] = seg_group_rows(segments[i], k, g);
        }
    return OK;
}

struct view seg_row_key(const struct seg_layout *layout, const struct seg_block *block,
                        const uint8_t *row)
{
    if (layout->key_fixed)
        return view_of(row, layout->key_width);
    if (row[0] != SEG_KEY_LONG)
        return view_of(row + 1, row[0] <= layout->key_width ? row[0] : layout->key_width);
    if (layout->key_width < SEG_KEY_LONG_BYTES)
        return view_of(row + 1, 0);
    uint32_t len;
    uint64_t at;
    memcpy(&len, row + 1, sizeof(len));
    memcpy(&at, row + 9, sizeof(at));
    if (at > block->heap_bytes || len > block->heap_bytes - at)
        return view_of(row + 1, 0);
    return view_of(block->heap + at, len);
}

/* Whether the row holds the key. A long key is told by length and half its hash before the heap. */
static bool holds_key(const struct seg_layout *layout, const struct seg_block *block,
                      const uint8_t *row, struct view key, uint64_t hash)
{
    if (layout->key_fixed)
        return key.len == layout->key_width && memcmp(row, key.ptr, key.len) == 0;
    if (row[0] != SEG_KEY_LONG)
        return row[0] == key.len && key.len <= layout->key_width &&
               memcmp(row + 1, key.ptr, key.len) == 0;
    uint32_t len, low;
    if (layout->key_width < SEG_KEY_LONG_BYTES)
        return false;
    memcpy(&len, row + 1, sizeof(len));
    memcpy(&low, row + 5, sizeof(low));
    return len == key.len && low == (uint32_t)hash && view_eq(seg_row_key(layout, block, row), key);
}

/* The slow way for a key that its indexed slot does not hold: it may be an extra. */
static bool find_extra(const struct seg_set *set, const struct seg_block *b, struct view key,
                       uint64_t hash, uint32_t *out_slot)
{
    uint32_t lo = 0, hi = b->n_extras;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (b->extras[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < b->n_extras && b->extras[lo].hash == hash; lo++) {
        uint64_t slot = b->extras[lo].slot;
        if (slot >= seg_block_n_slots(b))
            return false;
        const uint8_t *row = b->rows + slot * set->layout->groups[0].stride;
        if (holds_key(set->layout, b, row, key, hash)) {
            *out_slot = (uint32_t)slot;
            return true;
        }
    }
    return false;
}

/* The state of a run between its passes. */
struct run {
    uint64_t hash[RUN_KEYS];
    uint64_t mixed[RUN_KEYS];
    const uint8_t *pilot[RUN_KEYS];
};

static const uint8_t no_pilot = 0; /* for keys of empty blocks */

static void pass_hash(const struct seg_set *set, const struct view *keys, size_t n, struct run *run,
                      uint32_t *block)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hash_key(keys[i], set->hash_seed);
        uint64_t g = block_of_hash(hash, set->n_blocks);
        const struct seg_block *b = &set->blocks[g];
        run->hash[i] = hash;
        run->mixed[i] = index_mix(hash, b->seed);
        run->pilot[i] =
            b->n_buckets ? b->pilots + index_bucket(run->mixed[i], b->n_buckets) : &no_pilot;
        __builtin_prefetch(run->pilot[i]);
        block[i] = (uint32_t)g;
    }
}

static void pass_slot(const struct seg_set *set, size_t n, const struct run *run,
                      const uint32_t *block, uint32_t *slot, const uint8_t **row)
{
    uint32_t stride = set->layout->groups[0].stride;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *b = &set->blocks[block[i]];
        slot[i] = index_slot(run->mixed[i], *run->pilot[i], b->n_index_slots);
        row[i] = b->n_buckets ? b->rows + (uint64_t)slot[i] * stride : set->absent_row;
        __builtin_prefetch(row[i]);
        if (stride > 64 || 64 % stride != 0)
            __builtin_prefetch(row[i] + stride - 1);
    }
}

static size_t pass_compare(const struct seg_set *set, const struct view *keys, size_t n,
                           const struct run *run, uint32_t *block, uint32_t *slot,
                           const uint8_t **row, uint8_t *present)
{
    size_t n_absent = 0;
    for (size_t i = 0; i < n; i++) {
        const struct seg_block *b = &set->blocks[block[i]];
        bool found = b->n_buckets && holds_key(set->layout, b, row[i], keys[i], run->hash[i]);
        if (!found && b->n_extras && find_extra(set, b, keys[i], run->hash[i], &slot[i])) {
            row[i] = b->rows + (uint64_t)slot[i] * set->layout->groups[0].stride;
            found = true;
        }
        if (!found) {
            row[i] = set->absent_row;
            block[i] = slot[i] = 0;
            n_absent++;
        }
        present[i / 8] |= (uint8_t)(found << (i % 8));
    }
    return n_absent;
}

void seg_find(const struct seg_set *set, const struct view *keys, struct seg_rows *rows)
{
    struct run run;
    memset(rows->present, 0, (rows->n + 7) / 8);
    rows->n_absent = 0;
    for (size_t at = 0; at < rows->n; at += RUN_KEYS) {
        size_t n = rows->n - at < RUN_KEYS ? rows->n - at : RUN_KEYS;
        pass_hash(set, keys + at, n, &run, rows->block + at);
        pass_slot(set, n, &run, rows->block + at, rows->slot + at, rows->row + at);
        rows->n_absent += pass_compare(set, keys + at, n, &run, rows->block + at, rows->slot + at,
                                       rows->row + at, rows->present + at / 8);
    }
}
