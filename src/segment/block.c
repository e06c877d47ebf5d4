#include "segment/block.h"

#include "base/mem.h"

#include <assert.h>

/* A record in the order of hashes. The hash is repeated here so that sorting does not touch
 * records. */
struct item {
    uint64_t hash;
    const struct record *record;
};

/* Cells that are neighbours both in the record and in the row, so that one copy moves them all. */
struct copy_run {
    uint32_t from; /* offset in the record */
    uint32_t group;
    uint32_t to; /* offset in the row */
    uint32_t len;
};

struct block_builder {
    const struct seg_layout *layout;
    const struct record_format *format;
    uint64_t n_blocks;
    struct copy_run *runs;
    size_t n_runs;
    size_t *heap_fields; /* fields whose cells are not plain copies */
    size_t n_heap;
    struct index_builder index;
    struct item *items; /* cap_rows, then as many again as sort space */
    uint32_t *starts;   /* cap_rows + 2 */
    uint64_t *hashes;   /* of the indexed rows */
    uint32_t *slots;    /* by item */
    size_t cap_rows;
    struct buf pilots;
    struct buf data;
    struct buf extras;
    uint64_t *n_nulls; /* by field */
};

static bool continues(const struct copy_run *r, const struct copy_run *next)
{
    return r->group == next->group && r->from + r->len == next->from && r->to + r->len == next->to;
}

static void plan_copies(struct block_builder *b)
{
    const struct schema *schema = b->format->schema;
    b->runs = mem_zalloc(schema->n_fields * sizeof(*b->runs));
    b->heap_fields = mem_zalloc(schema->n_fields * sizeof(*b->heap_fields));
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct seg_cell *cell = &b->layout->cells[i];
        const struct type *t = &schema->fields[i].type;
        if (cell->in_key)
            continue;
        if (type_is_variable(t)) {
            b->heap_fields[b->n_heap++] = i;
            continue;
        }
        struct copy_run run = {b->format->cell_offset[i], cell->group, cell->offset,
                               seg_cell_bytes(t)};
        if (b->n_runs && continues(&b->runs[b->n_runs - 1], &run))
            b->runs[b->n_runs - 1].len += run.len;
        else
            b->runs[b->n_runs++] = run;
    }
}

struct block_builder *block_builder_new(const struct seg_layout *layout,
                                        const struct record_format *format, uint64_t n_blocks)
{
    struct block_builder *b = mem_zalloc(sizeof(*b));
    b->layout = layout;
    b->format = format;
    b->n_blocks = n_blocks;
    b->n_nulls = mem_zalloc(layout->n_cells * sizeof(*b->n_nulls));
    plan_copies(b);
    return b;
}

void block_builder_free(struct block_builder *b)
{
    if (!b)
        return;
    index_builder_done(&b->index);
    buf_done(&b->pilots);
    buf_done(&b->data);
    buf_done(&b->extras);
    free(b->runs);
    free(b->heap_fields);
    free(b->items);
    free(b->starts);
    free(b->hashes);
    free(b->slots);
    free(b->n_nulls);
    free(b);
}

static void reserve_rows(struct block_builder *b, size_t n)
{
    if (n <= b->cap_rows)
        return;
    b->items = mem_realloc(b->items, 2 * n * sizeof(*b->items));
    b->starts = mem_realloc(b->starts, (n + 2) * sizeof(*b->starts));
    b->hashes = mem_realloc(b->hashes, n * sizeof(*b->hashes));
    b->slots = mem_realloc(b->slots, n * sizeof(*b->slots));
    b->cap_rows = n;
}

static bool comes_before(const struct item *a, const struct item *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash;
    return a->record->ordinal < b->record->ordinal;
}

/* Hashes are uniform, so one counting pass over as many bins as there are rows leaves runs of a few
 * items, which an insertion sort finishes. Repeated keys make long runs of equal hashes, but these
 * are mostly in order already, because the rows of one worker arrive in order. */
static void sort_run(struct item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct item it = items[i];
        size_t k = i;
        for (; k > 0 && comes_before(&it, &items[k - 1]); k--)
            items[k] = items[k - 1];
        items[k] = it;
    }
}

static int compare_items(const void *a, const void *b)
{
    return comes_before(a, b) ? -1 : comes_before(b, a);
}

/* The items of a block lie in a narrow range of hashes; spread by the distance from the
 * smallest. */
static struct item *sort_items(struct block_builder *b, size_t n)
{
    struct item *from = b->items, *to = b->items + n;
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; i < n; i++) {
        low = from[i].hash < low ? from[i].hash : low;
        high = from[i].hash > high ? from[i].hash : high;
    }
    unsigned shift = high > low ? (unsigned)__builtin_clzll(high - low) : 0;
    memset(b->starts, 0, (n + 2) * sizeof(*b->starts));
    for (size_t i = 0; i < n; i++)
        b->starts[index_reduce((from[i].hash - low) << shift, n) + 2]++;
    for (size_t i = 2; i < n + 2; i++)
        b->starts[i] += b->starts[i - 1];
    for (size_t i = 0; i < n; i++)
        to[b->starts[index_reduce((from[i].hash - low) << shift, n) + 1]++] = from[i];
    for (size_t i = 0; i < n; i++) {
        size_t run = b->starts[i + 1] - b->starts[i];
        /* Long runs are repeated keys. Insertion would be quadratic if they were not in order. */
        if (run > 32)
            qsort(to + b->starts[i], run, sizeof(*to), compare_items);
        else
            sort_run(to + b->starts[i], run);
    }
    return to;
}

/* Whether an item between `first` and `i`, all of one hash, has the same key as item `i`; then item
 * `i` replaces it, unless it is older by the column that decides. */
static bool replace_equal_key(const struct block_builder *b, struct item *items, size_t first,
                              size_t n_kept, const struct item *it)
{
    struct view key = record_key(b->format, it->record);
    for (size_t k = first; k < n_kept; k++)
        if (view_eq(record_key(b->format, items[k].record), key)) {
            if (!record_is_older(b->format, it->record, items[k].record))
                items[k] = *it;
            return true;
        }
    return false;
}

/* Keep the newest record of every key. Sorted by hash and ordinal, so a later item is a newer row. */
static size_t drop_replaced(const struct block_builder *b, struct item *items, size_t n)
{
    size_t n_kept = 0, first_of_hash = 0;
    for (size_t i = 0; i < n; i++) {
        if (n_kept == 0 || items[n_kept - 1].hash != items[i].hash)
            first_of_hash = n_kept;
        if (!replace_equal_key(b, items, first_of_hash, n_kept, &items[i]))
            items[n_kept++] = items[i];
    }
    return n_kept;
}

/* Give every item its slot: through the index, or, when an earlier item has the same hash, after
 * the slots of the index. */
must_use static enum code assign_slots(struct block_builder *b, const struct item *items, size_t n,
                                       struct block_shape *shape, struct err *err)
{
    size_t n_indexed = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || items[i].hash != items[i - 1].hash)
            b->hashes[n_indexed++] = place_of_hash(items[i].hash, b->n_blocks);
    buf_reset(&b->pilots);
    uint8_t *pilots = buf_reserve(&b->pilots, index_n_buckets(n_indexed));
    TRY(index_build(&b->index, b->hashes, n_indexed, &shape->index, pilots, err));
    b->pilots.len = shape->index.n_buckets;
    buf_reset(&b->extras);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && items[i].hash == items[i - 1].hash) {
            struct seg_extra extra = {items[i].hash, shape->index.n_slots + shape->n_extras++};
            buf_put(&b->extras, &extra, sizeof(extra));
            b->slots[i] = (uint32_t)extra.slot;
            continue;
        }
        uint64_t mixed = index_mix(place_of_hash(items[i].hash, b->n_blocks), shape->index.seed);
        uint8_t pilot = pilots[index_bucket(mixed, shape->index.n_buckets)];
        b->slots[i] = index_slot(mixed, pilot, shape->index.n_slots);
    }
    return OK;
}

/* Append to the heap and return the offset there. This may move the data, so addresses of rows must
 * be computed again. */
static uint64_t put_heap(struct block_builder *b, struct view bytes, uint64_t heap_offset)
{
    uint64_t at = b->data.len - heap_offset;
    buf_put(&b->data, bytes.ptr, bytes.len);
    return at;
}

static uint8_t *row_at(const struct block_builder *b, const uint64_t *group_offset, uint32_t group,
                       uint32_t slot)
{
    return b->data.ptr + group_offset[group] + (uint64_t)slot * b->layout->groups[group].stride;
}

/* `hash` is stored with long keys, so that a lookup of another key need not read the heap. */
static void put_key(struct block_builder *b, const uint64_t *group_offset, uint64_t heap_offset,
                    uint32_t slot, struct view key, uint64_t hash)
{
    const struct seg_layout *l = b->layout;
    if (l->key_fixed) {
        memcpy(row_at(b, group_offset, 0, slot), key.ptr, key.len);
    } else if (key.len <= l->key_width) {
        uint8_t *cell = row_at(b, group_offset, 0, slot);
        cell[0] = (uint8_t)key.len;
        memcpy(cell + 1, key.ptr, key.len);
    } else {
        uint64_t at = put_heap(b, key, heap_offset);
        uint8_t *cell = row_at(b, group_offset, 0, slot);
        uint32_t len = (uint32_t)key.len, low = (uint32_t)hash;
        cell[0] = SEG_KEY_LONG;
        memcpy(cell + 1, &len, sizeof(len));
        memcpy(cell + 5, &low, sizeof(low));
        memcpy(cell + 9, &at, sizeof(at));
    }
}

static void put_bytes(struct block_builder *b, const uint64_t *group_offset, uint64_t heap_offset,
                      uint32_t slot, size_t field_idx, struct view value)
{
    const struct seg_cell *cell = &b->layout->cells[field_idx];
    uint64_t at = value.len > SEG_VIEW_INLINE ? put_heap(b, value, heap_offset) : 0;
    uint8_t *to = row_at(b, group_offset, cell->group, slot) + cell->offset;
    uint32_t len = (uint32_t)value.len;
    memcpy(to, &len, sizeof(len));
    if (value.len > SEG_VIEW_INLINE) {
        memcpy(to + 4, value.ptr, 4);
        memcpy(to + 8, &at, sizeof(at));
    } else if (value.len) {
        memcpy(to + 4, value.ptr, value.len);
    }
}

static void put_nulls(struct block_builder *b, const uint64_t *group_offset, uint32_t slot,
                      const struct record *r)
{
    for (size_t i = 0; i < b->layout->n_cells; i++) {
        const struct seg_cell *cell = &b->layout->cells[i];
        if (!record_is_null(r, i))
            continue;
        assert(cell->null_bit >= 0); /* the layout was chosen after all nulls were counted */
        uint8_t *bits =
            row_at(b, group_offset, cell->group, slot) + b->layout->groups[cell->group].null_offset;
        bits[cell->null_bit / 8] |= (uint8_t)(1u << (cell->null_bit % 8));
        b->n_nulls[i]++;
    }
}

static bool has_nulls(const struct record *r, size_t n_fields)
{
    uint8_t any = 0;
    for (size_t i = 0; i < (n_fields + 7) / 8; i++)
        any |= r->body[i];
    return any != 0;
}

/* Put one record into its slot; returns the bytes of its values. */
static uint64_t put_row(struct block_builder *b, const uint64_t *group_offset, uint64_t heap_offset,
                        uint32_t slot, const struct record *r)
{
    uint64_t value_bytes = 0;
    put_key(b, group_offset, heap_offset, slot, record_key(b->format, r), r->hash);
    for (size_t i = 0; i < b->n_runs; i++) {
        const struct copy_run *run = &b->runs[i];
        memcpy(row_at(b, group_offset, run->group, slot) + run->to, (const uint8_t *)r + run->from,
               run->len);
        value_bytes += run->len;
    }
    for (size_t i = 0; i < b->n_heap; i++) {
        struct view value = record_bytes(b->format, r, b->heap_fields[i]);
        put_bytes(b, group_offset, heap_offset, slot, b->heap_fields[i], value);
        value_bytes += value.len;
    }
    if (has_nulls(r, b->layout->n_cells))
        put_nulls(b, group_offset, slot, r);
    return value_bytes;
}

/* Copy the key of some owned slot into every empty slot (see block.h: lookups of that key lead
 * elsewhere). */
static void fill_empty_slots(struct block_builder *b, size_t n, uint64_t n_slots)
{
    if (n == 0 || n == n_slots)
        return;
    AUTO(ptr) uint8_t *owned = mem_zalloc(n_slots);
    for (size_t i = 0; i < n; i++)
        owned[b->slots[i]] = 1;
    uint32_t stride = b->layout->groups[0].stride;
    const uint8_t *copied = b->data.ptr + (uint64_t)b->slots[0] * stride;
    for (uint64_t slot = 0; slot < n_slots; slot++)
        if (!owned[slot])
            memcpy(b->data.ptr + slot * stride, copied, seg_key_bytes(b->layout));
}

static void put_rows(struct block_builder *b, const struct item *items, size_t n,
                     struct built_block *out)
{
    const struct seg_layout *l = b->layout;
    uint64_t n_slots = block_n_slots(&out->shape);
    AUTO(ptr) uint64_t *group_offset = mem_alloc((l->n_groups + 1) * sizeof(*group_offset));
    for (uint32_t g = 0; g <= l->n_groups; g++)
        group_offset[g] = block_group_offset(l, g, n_slots);
    uint64_t heap_offset = group_offset[l->n_groups];
    out->shape.heap_offset = heap_offset;
    buf_reset(&b->data);
    buf_put_zeros(&b->data, heap_offset);
    memset(b->n_nulls, 0, l->n_cells * sizeof(*b->n_nulls));
    for (size_t i = 0; i < n; i++) {
        /* Records and slots are in random order: without the prefetch, each row costs two cache
         * misses. */
        if (i + 8 < n) {
            __builtin_prefetch(items[i + 8].record);
            __builtin_prefetch(row_at(b, group_offset, 0, b->slots[i + 8]), 1);
        }
        out->key_bytes += items[i].record->key_len;
        out->value_bytes += put_row(b, group_offset, heap_offset, b->slots[i], items[i].record);
    }
    fill_empty_slots(b, n, n_slots);
}

/* Sort the records by hash and leave the last one of every key; the items are the builder's. */
static struct item *newest_items(struct block_builder *b, const struct record *const *records,
                                 size_t *n)
{
    reserve_rows(b, *n);
    for (size_t i = 0; i < *n; i++)
        b->items[i] = (struct item){records[i]->hash, records[i]};
    struct item *items = *n ? sort_items(b, *n) : b->items;
    *n = drop_replaced(b, items, *n);
    return items;
}

size_t block_drop_replaced(struct block_builder *b, const struct record **records, size_t n)
{
    const struct item *items = newest_items(b, records, &n);
    for (size_t i = 0; i < n; i++)
        records[i] = items[i].record;
    return n;
}

enum code block_build(struct block_builder *b, const struct record *const *records, size_t n,
                      struct built_block *out_block, struct err *err)
{
    struct item *items = newest_items(b, records, &n);
    struct built_block block = {.shape.n_rows = (uint32_t)n};
    TRY(assign_slots(b, items, n, &block.shape, err));
    put_rows(b, items, n, &block);
    block.shape.data_bytes = b->data.len;
    block.data = buf_view(&b->data);
    block.pilots = buf_view(&b->pilots);
    block.extras = (const struct seg_extra *)b->extras.ptr;
    block.n_nulls = b->n_nulls;
    *out_block = block;
    return OK;
}
