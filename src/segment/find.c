#include "segment/find.h"

#include "model/fill.h"

/*
 * Why runs. A lookup is three dependent reads: block descriptor, pilot, row. The first is in cache,
 * the second often, the third rarely, and a miss costs about as much as all of the arithmetic.
 * Looking up keys one by one would leave the processor waiting most of the time, since it cannot
 * look past a compare and branch that depends on the row. So every pass is a loop without
 * data-dependent branches over a short run, and the passes are staggered:
 *
 *     step k      hash run k          prefetches its pilots
 *                 slots of run k-1    prefetches its rows
 *                 compare run k-3     rows have arrived
 *
 * Runs are short so that the state of four of them stays in L1, and long enough to pay for the
 * switch between passes.
 */

/* Keys of one run, and by how many runs the second and third pass trail the first: about a hundred
 * cache misses are in flight. A run has at most 64 keys, since their presence is collected in one
 * word. */
enum { RUN_KEYS = 32, SLOT_LAG = 1, COMPARE_LAG = 3, N_RUNS = 4 };

/* memcmp of short keys without the call: two words that overlap cover any length from 8 to 16, two
 * pairs from 17 to 32. */
static inline bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    typedef uint64_t pair __attribute__((vector_size(16)));
    if (n - 17 <= 32 - 17) {
        pair x[2], y[2];
        memcpy(&x[0], a, 16);
        memcpy(&y[0], b, 16);
        memcpy(&x[1], a + n - 16, 16);
        memcpy(&y[1], b + n - 16, 16);
        pair differ = (x[0] ^ y[0]) | (x[1] ^ y[1]);
        return (differ[0] | differ[1]) == 0;
    }
    if (n < 8 || n > 32)
        return memcmp(a, b, n) == 0;
    uint64_t x[2], y[2];
    memcpy(&x[0], a, 8);
    memcpy(&y[0], b, 8);
    memcpy(&x[1], a + n - 8, 8);
    memcpy(&y[1], b + n - 8, 8);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Whether a row with a variable key cell holds the key. For a long key, length and half of the hash
 * are compared first, which nearly always makes a look into the heap unnecessary. */
static inline bool holds_key(const struct seg_set *set, const struct seg_block *block,
                             const uint8_t *row, struct view key)
{
    const struct seg_layout *layout = set->layout;
    if (layout->key_fixed)
        return key.len == layout->key_width && bytes_equal(row, key.ptr, key.len);
    if (row[0] != SEG_KEY_LONG)
        return row[0] == key.len && key.len <= layout->key_width &&
               bytes_equal(row + 1, key.ptr, key.len);
    uint32_t len, low;
    if (layout->key_width < SEG_KEY_LONG_BYTES)
        return false;
    memcpy(&len, row + 1, sizeof(len));
    memcpy(&low, row + 5, sizeof(low));
    return len == key.len && low == (uint32_t)key_hasher_hash(&set->hasher, key) &&
           view_eq(seg_row_key(layout, block, row), key);
}

/* Check the pages of a row, and of its key if that lies in the heap. */
static bool row_is_right(const struct seg_set *set, const struct seg_block *block,
                         const uint8_t *row)
{
    const struct seg_layout *layout = set->layout;
    if (!seg_pages_check(set->pages, row, layout->groups[0].stride))
        return false;
    if (layout->key_fixed || row[0] != SEG_KEY_LONG)
        return true;
    struct view key = seg_row_key(layout, block, row);
    return key.len == 0 || seg_pages_check(set->pages, key.ptr, key.len);
}

/* The slow way for a key that its indexed slot does not hold: it may be an extra. */
static bool find_extra(const struct seg_set *set, const struct seg_block *b, struct view key,
                       uint64_t hash, uint32_t *out_slot, bool *is_damaged)
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
        *is_damaged |= set->pages && !row_is_right(set, b, row);
        if (holds_key(set, b, row, key)) {
            *out_slot = (uint32_t)slot;
            return true;
        }
    }
    return false;
}

/* Note that bytes `from` to `to` of a row will be read: one bit for each unit of 64 or 32 bytes. */
static void touch(uint64_t *bits, uint32_t from, uint32_t to, uint32_t shift)
{
    for (uint32_t i = from >> shift; i <= to >> shift && i < 64; i++)
        *bits |= 1ull << i;
}

/*
 * Rows whose size is a multiple of a cache line begin on one, and rows whose size divides a line
 * lie within one. Other rows begin anywhere, so for them half lines are noted; the half after one
 * that is prefetched is left out, since every second one is in the same line.
 */
struct seg_touch seg_touch_of(const struct seg_set *set, const size_t *fields, size_t n_fields)
{
    struct seg_touch t = {0};
    const struct seg_layout *layout = set->layout;
    uint32_t stride = layout->groups[0].stride, shift = stride % 64 == 0 ? 6 : 5, key_bytes;
    uint64_t bits = 0;
    if (64 % stride == 0)
        return t;
    key_bytes = seg_key_bytes(layout);
    touch(&bits, 0, key_bytes ? key_bytes - 1 : 0, shift);
    for (size_t i = 0; i < n_fields; i++) {
        const struct seg_cell *cell = &layout->cells[fields[i]];
        if (!cell->in_key && cell->group == 0)
            touch(&bits, cell->offset,
                  cell->offset + seg_cell_bytes(&set->schema->fields[fields[i]].type) - 1, shift);
    }
    for (bits &= ~1ull; bits && t.n < SEG_TOUCH_MAX; bits &= bits - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(bits);
        t.offsets[t.n++] = i << shift;
        if (shift == 5)
            bits &= ~(2ull << i);
    }
    return t;
}

/* A run of keys on its way through the passes, and where its results go. */
struct run {
    size_t n;
    const struct view *keys;
    const uint64_t *hashes; /* NULL: not known */
    uint32_t *block;
    uint32_t *slot;
    const uint8_t **row;
    uint8_t *present;
    bool is_damaged;
    uint64_t mixed[RUN_KEYS];
    const uint8_t *pilot[RUN_KEYS];
};

static void run_init(struct run *run, const struct view *keys, const uint64_t *hashes,
                     const struct seg_rows *rows, size_t at)
{
    run->is_damaged = false;
    run->n = rows->n - at < RUN_KEYS ? rows->n - at : RUN_KEYS;
    run->keys = keys + at;
    run->hashes = hashes ? hashes + at : NULL;
    run->block = rows->block + at;
    run->slot = rows->slot + at;
    run->row = rows->row + at;
    run->present = rows->present + at / 8;
}

/* One multiplication gives both: the block is the high half of the product, the place in the block
 * the low half. */
static inline __attribute__((always_inline)) void hash_keys(const struct seg_set *set,
                                                            struct run *run, const uint64_t *hashes,
                                                            size_t width, bool has_seeds)
{
    const struct seg_block *blocks = set->blocks;
    const struct view *keys = run->keys;
    uint64_t n_blocks = set->n_blocks, *restrict out_mixed = run->mixed;
    const uint8_t **restrict out_pilot = run->pilot;
    uint32_t *restrict out_block = run->block;
    for (size_t i = 0, n = run->n; i < n; i++) {
        struct view key = view_of(keys[i].ptr, width ? width : keys[i].len);
        uint64_t hash = hashes ? hashes[i] : key_hasher_hash(&set->hasher, key);
        unsigned __int128 product = (unsigned __int128)hash * n_blocks;
        const struct seg_block *b = &blocks[(uint64_t)(product >> 64)];
        uint64_t mixed = (uint64_t)product;
        if (has_seeds)
            mixed = index_mix(mixed, b->seed);
        const uint8_t *pilot = b->pilots + index_bucket(mixed, b->n_buckets);
        __builtin_prefetch(pilot);
        out_mixed[i] = mixed;
        out_pilot[i] = pilot;
        out_block[i] = (uint32_t)(product >> 64);
    }
}

/* If all keys of a table have one length, those of a request usually have it too. The loop is then
 * compiled for this length. */
static bool all_have_length(const struct view *keys, size_t n, size_t len)
{
    size_t differ = 0;
    for (size_t i = 0; i < n; i++)
        differ |= keys[i].len ^ len;
    return differ == 0;
}

void seg_hash_keys(const struct seg_set *set, const struct view *keys, size_t n, uint64_t *out)
{
    size_t width = set->layout->key_fixed ? set->layout->key_width : 0;
    if (width >= 17 && width <= 32 && all_have_length(keys, n, width))
        for (size_t i = 0; i < n; i++)
            out[i] = key_hasher_hash(&set->hasher, view_of(keys[i].ptr, width));
    else
        for (size_t i = 0; i < n; i++)
            out[i] = key_hasher_hash(&set->hasher, keys[i]);
}

/* Keys of 17 to 32 bytes, such as UUIDs, take one branch of XXH3; with a constant length the
 * compiler drops the others. */
static void pass_hash(const struct seg_set *set, struct run *run)
{
    size_t width = set->layout->key_fixed ? set->layout->key_width : 0;
    if (run->hashes)
        hash_keys(set, run, run->hashes, 0, set->has_seeds);
    else if (width >= 17 && width <= 32 && !set->has_seeds &&
             all_have_length(run->keys, run->n, width))
        hash_keys(set, run, NULL, width, false);
    else
        hash_keys(set, run, NULL, 0, set->has_seeds);
}

static void pass_slot(const struct seg_set *set, const struct seg_touch *touch, struct run *run)
{
    const struct seg_block *blocks = set->blocks;
    const uint32_t *block = run->block;
    uint32_t stride = set->layout->groups[0].stride, *restrict out_slot = run->slot;
    const uint8_t **restrict out_row = run->row;
    for (size_t i = 0, n = run->n; i < n; i++) {
        const struct seg_block *b = &blocks[block[i]];
        uint32_t slot = index_slot(run->mixed[i], *run->pilot[i], b->n_index_slots);
        const uint8_t *row = b->rows + (uint64_t)slot * stride;
        __builtin_prefetch(row);
        for (uint32_t k = 0; k < touch->n; k++)
            __builtin_prefetch(row + touch->offsets[k]);
        out_slot[i] = slot;
        out_row[i] = row;
    }
}

/* The key is not in its indexed slot: an extra or absent. */
static bool resolve_miss(const struct seg_set *set, struct run *run, size_t i)
{
    const struct seg_block *b = &set->blocks[run->block[i]];
    uint64_t hash = b->n_extras ? key_hasher_hash(&set->hasher, run->keys[i]) : 0;
    if (b->n_extras && find_extra(set, b, run->keys[i], hash, &run->slot[i], &run->is_damaged)) {
        run->row[i] = b->rows + (uint64_t)run->slot[i] * set->layout->groups[0].stride;
        return true;
    }
    run->row[i] = set->absent_row;
    run->block[i] = run->slot[i] = 0;
    return false;
}

/* Which of a run's rows hold their keys, one bit each, where all keys have one length: the loop
 * that nearly every key of nearly every table goes through. */
static uint64_t compare_fixed(const struct run *run, size_t width)
{
    const struct view *keys = run->keys;
    const uint8_t *const *rows = run->row;
    uint64_t found_bits = 0;
    for (size_t i = 0, n = run->n; i < n; i++) {
        bool found = keys[i].len == width && bytes_equal(rows[i], keys[i].ptr, width);
        found_bits |= (uint64_t)found << i;
    }
    return found_bits;
}

static uint64_t compare_variable(const struct seg_set *set, const struct run *run)
{
    uint64_t found_bits = 0;
    for (size_t i = 0; i < run->n; i++) {
        bool found = holds_key(set, &set->blocks[run->block[i]], run->row[i], run->keys[i]);
        found_bits |= (uint64_t)found << i;
    }
    return found_bits;
}

/* An empty block leads to the absent row, whose zeros may equal a key. */
static uint64_t clear_empty(const struct seg_set *set, const struct run *run, uint64_t found_bits)
{
    for (size_t i = 0; i < run->n; i++)
        if (set->blocks[run->block[i]].n_buckets == 0)
            found_bits &= ~(1ull << i);
    return found_bits;
}

/* Check the pages of all rows of the run before reading any of them. */
static void check_rows(const struct seg_set *set, struct run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        const struct seg_block *b = &set->blocks[run->block[i]];
        if (b->n_buckets && !row_is_right(set, b, run->row[i]))
            run->is_damaged = true;
    }
}

static void pass_compare(const struct seg_set *set, bool checks, struct run *run,
                         struct seg_rows *rows)
{
    const struct seg_layout *layout = set->layout;
    uint64_t all = run->n == 64 ? UINT64_MAX : (1ull << run->n) - 1;
    if (checks)
        check_rows(set, run);
    uint64_t found_bits =
        layout->key_fixed ? compare_fixed(run, layout->key_width) : compare_variable(set, run);
    if (set->has_empty_blocks)
        found_bits = clear_empty(set, run, found_bits);
    for (uint64_t missed = all & ~found_bits; missed; missed &= missed - 1) {
        unsigned i = (unsigned)__builtin_ctzll(missed);
        found_bits |= (uint64_t)resolve_miss(set, run, i) << i;
    }
    /* Runs begin at multiples of 32 keys, so a run owns whole bytes of the bitmap. */
    memcpy(run->present, &found_bits, (run->n + 7) / 8);
    rows->n_absent += run->n - (size_t)__builtin_popcountll(found_bits);
    rows->is_damaged |= run->is_damaged;
}

/* For a table larger than memory: compute where all rows are, bring them in at once, then
 * compare. */
static void find_ahead(const struct seg_set *set, const struct view *keys, const uint64_t *hashes,
                       struct seg_rows *rows)
{
    struct run run;
    uint32_t stride = set->layout->groups[0].stride;
    for (size_t at = 0; at < rows->n; at += RUN_KEYS) {
        run_init(&run, keys, hashes, rows, at);
        pass_hash(set, &run);
        pass_slot(set, &rows->touch, &run);
    }
    struct read_batch batch = read_batch_begin(set->ahead);
    for (size_t i = 0; i < rows->n; i++)
        if (set->blocks[rows->block[i]].n_buckets)
            read_batch_add(&batch, rows->block[i] / set->blocks_of_part, rows->row[i], stride);
    read_batch_end(&batch);
    for (size_t at = 0; at < rows->n; at += RUN_KEYS) {
        run_init(&run, keys, hashes, rows, at);
        pass_compare(set, true, &run, rows);
    }
}

/*
 * A pipeline of short runs. While the rows of one run travel into the cache, later keys are hashed
 * and their pilots fetched, so the processor works instead of waiting.
 */
void seg_find(const struct seg_set *set, const struct view *keys, const uint64_t *hashes,
              struct seg_rows *rows)
{
    struct run ring[N_RUNS];
    size_t n_runs = (rows->n + RUN_KEYS - 1) / RUN_KEYS;
    rows->n_absent = 0;
    rows->is_damaged = false;
    if (set->pages) {
        seg_pages_begin(set->pages);
        rows->is_damaged = atomic_load_explicit(&set->pages->is_lost, memory_order_relaxed);
    }
    if (set->ahead) {
        find_ahead(set, keys, hashes, rows);
        return;
    }
    bool checks = set->pages && seg_pages_has_unchecked(set->pages);
    for (size_t k = 0; k < n_runs + COMPARE_LAG; k++) {
        if (k < n_runs) {
            run_init(&ring[k % N_RUNS], keys, hashes, rows, k * RUN_KEYS);
            pass_hash(set, &ring[k % N_RUNS]);
        }
        if (k >= SLOT_LAG && k - SLOT_LAG < n_runs)
            pass_slot(set, &rows->touch, &ring[(k - SLOT_LAG) % N_RUNS]);
        if (k >= COMPARE_LAG)
            pass_compare(set, checks, &ring[(k - COMPARE_LAG) % N_RUNS], rows);
    }
}

/* In place: a row only ever moves to the front. */
void seg_rows_drop_absent(struct seg_rows *rows, uint32_t *positions)
{
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (!(rows->present[i / 8] >> (i % 8) & 1))
            continue;
        positions[n] = (uint32_t)i;
        rows->row[n] = rows->row[i];
        rows->block[n] = rows->block[i];
        rows->slot[n] = rows->slot[i];
        if (rows->layer)
            rows->layer[n] = rows->layer[i];
        n++;
    }
    rows->n = n;
    rows->n_absent = 0;
    fill_ones(rows->present, 0, n);
}

/* ------------------------------------------------------------------------- each in its own set */

/*
 * With layers, neighbouring keys are looked up in different sets, so nothing can be hoisted out of
 * the loops, and runs would not pay. Two passes with a ring of RUN_KEYS keys between them overlap
 * the misses all the same; the third is seg_search_end, which the caller delays by searching the
 * base first.
 */

/* What is known of a key between the steps. */
struct step {
    const struct seg_block *block;
    const uint8_t *pilot;
    uint64_t mixed;
};

static void search_hash(const struct seg_search *s, struct seg_rows *rows, size_t i,
                        struct step *out)
{
    const struct seg_set *set = s->sets[s->which[i]];
    unsigned __int128 product = (unsigned __int128)s->hashes[s->numbers[i]] * set->n_blocks;
    const struct seg_block *b = &set->blocks[(uint64_t)(product >> 64)];
    uint64_t mixed = index_mix((uint64_t)product, b->seed);
    *out = (struct step){b, b->pilots + index_bucket(mixed, b->n_buckets), mixed};
    rows->block[i] = (uint32_t)(product >> 64);
    __builtin_prefetch(out->pilot);
}

static void search_slot(const struct seg_search *s, struct seg_rows *rows, size_t i,
                        const struct step *step)
{
    const struct seg_touch *touch = &s->touches[s->which[i]];
    uint32_t stride = s->sets[s->which[i]]->layout->groups[0].stride;
    rows->slot[i] = index_slot(step->mixed, *step->pilot, step->block->n_index_slots);
    rows->row[i] = step->block->rows + (uint64_t)rows->slot[i] * stride;
    __builtin_prefetch(rows->row[i]);
    for (uint32_t k = 0; k < touch->n; k++)
        __builtin_prefetch(rows->row[i] + touch->offsets[k]);
}

void seg_search_begin(const struct seg_search *s, struct seg_rows *rows)
{
    struct step ring[RUN_KEYS];
    for (size_t i = 0; i < rows->n + RUN_KEYS; i++) {
        if (i >= RUN_KEYS && i - RUN_KEYS < rows->n)
            search_slot(s, rows, i - RUN_KEYS, &ring[i % RUN_KEYS]);
        if (i < rows->n)
            search_hash(s, rows, i, &ring[i % RUN_KEYS]);
    }
}

/* An extra, or absent. */
static bool search_extra(const struct seg_search *s, struct seg_rows *rows, size_t i)
{
    const struct seg_set *set = s->sets[s->which[i]];
    const struct seg_block *b = &set->blocks[rows->block[i]];
    uint32_t key = s->numbers[i];
    if (!find_extra(set, b, s->keys[key], s->hashes[key], &rows->slot[i], &rows->is_damaged))
        return false;
    rows->row[i] = b->rows + (uint64_t)rows->slot[i] * set->layout->groups[0].stride;
    return true;
}

static bool found_is_right(const struct seg_set *set, const struct seg_block *b, const uint8_t *row)
{
    const struct seg_pages *g = set->pages;
    if (atomic_load_explicit(&g->is_lost, memory_order_relaxed))
        return false;
    return !b->n_buckets || !seg_pages_has_unchecked(g) || row_is_right(set, b, row);
}

void seg_search_end(const struct seg_search *s, struct seg_rows *rows)
{
    rows->n_absent = 0;
    rows->is_damaged = false;
    memset(rows->present, 0, (rows->n + 7) / 8);
    for (size_t i = 0; i < rows->n; i++) {
        const struct seg_set *set = s->sets[s->which[i]];
        const struct seg_block *b = &set->blocks[rows->block[i]];
        if (set->pages)
            rows->is_damaged |= !found_is_right(set, b, rows->row[i]);
        bool found = b->n_buckets && holds_key(set, b, rows->row[i], s->keys[s->numbers[i]]);
        if (!found && b->n_extras)
            found = search_extra(s, rows, i);
        rows->present[i / 8] |= (uint8_t)(found << i % 8);
        rows->n_absent += !found;
    }
}
