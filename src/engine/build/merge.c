#include "engine/build/merge.h"

#include "base/fault.h"
#include "base/mem.h"
#include "engine/build/build.h"
#include "engine/spec/memory_shares.h"
#include "engine/store/layer.h"
#include "segment/patch.h"
#include "segment/slots.h"
#include "segment/unpack.h"

#include <assert.h>

/*
 * A merge is a build (engine/build/build.c) whose records come from segments instead of a spill. It
 * runs every few writes (engine/table/compaction.c decides when), and never needs sorting or a
 * spill file:
 *
 * (1) All segments of a table hash with one seed, and a block holds one range of hashes. The
 *     records of new block b of n_new come from the old blocks that overlap b/n_new .. (b+1)/n_new
 *     of the hash range: usually one or two a layer.
 * (2) Each record gets an ordinal by the age of its layer, newest largest, odd for deletes. The
 *     build keeps the largest ordinal of a key, as it does in a load.
 * (3) Rows below the floor of their layer do not count and are left out. A base's own rows always
 *     count.
 * (4) A patch takes the columns that it leaves open from the layers below it that are merged,
 *     newest first. Columns that none of them has stay open in the output, or become null if the
 *     base was merged too.
 * (5) What is copied gets new checksums. So every byte that is read is compared with its old
 *     checksum first: all of it once before the merge, and afterwards those pages again that may
 *     have been read from disk anew.
 *
 * A row in two slots of its block counts once: seg_owns_slot says in which.
 */

/* Records that a new block is built from, at most. About half of them remain when others replace
 * them, which makes the usual 128k rows. */
static const uint64_t block_rows = 262144;
static const uint64_t times_blocks_max = 512;

/* A worker's place in the bin that it takes. */
struct bin_cursor {
    size_t bin;
    size_t next_layer; /* to take records from */
};

struct merge {
    struct record_source source; /* first: a source is cast back */
    const struct merge_config *config;
    bool has_masks;       /* of the output (segment/patch.h) */
    bool has_stamps;      /* of the output: rows have their own */
    struct schema schema; /* of the output */
    struct record_format format;
    struct seg_layout layout;
    struct unpack **unpacks;    /* by layer */
    struct bin_cursor *cursors; /* by worker */
    uint64_t n_blocks;
    uint64_t times_blocks; /* factor on the blocks that evenly sized rows would need (merge_run) */
};

static bool is_base(const struct merge_config *c, size_t layer)
{
    return c->has_base && layer == c->n_layers - 1;
}

static uint64_t block_slots(const struct seg_set *set, uint64_t i)
{
    return seg_block_n_slots(&set->blocks[i]);
}

/* ------------------------------------------------------------------------------------ records */

/* The stamp that decides by (3); an even number, since a base has no deletes. */
static int64_t stamp_of(const struct merge_config *c, size_t layer, const uint8_t *row)
{
    return is_base(c, layer) ? INT64_MAX - 1 : seg_row_stamp(&c->layers[layer], row);
}

/* The number of fields in front of the table's own. */
static size_t n_hidden(const struct merge *m)
{
    return (size_t)m->has_masks + m->has_stamps;
}

/* Set the stamp, and clear the null bits of mask and stamp, which are set if the layer had no such
 * fields. */
static void set_stamp(const struct merge *m, struct record *r, int64_t stamp)
{
    memcpy((uint8_t *)r + m->format.cell_offset[m->has_masks], &stamp, sizeof(stamp));
    r->body[0] &= (uint8_t) ~((1u << n_hidden(m)) - 1);
}

/* ------------------------------------------------------------------------------------ patches */

/* What a lower layer has for a key. */
struct lower {
    const uint8_t *row; /* NULL: no row that counts */
    uint32_t block, slot;
    bool is_deleted;
};

must_use static enum code look_lower(const struct merge *m, size_t layer, struct view key,
                                     struct lower *out, struct err *err)
{
    uint8_t present[8] = {0};
    struct lower l = {0};
    struct seg_rows rows = {
        .n = 1, .row = &l.row, .block = &l.block, .slot = &l.slot, .present = present};
    seg_find(m->config->layers[layer].set, &key, NULL, &rows);
    if (rows.is_damaged)
        return err_set(err, E_CORRUPT,
                       "rows below a patch are damaged on disk (checksum mismatch)");
    int64_t stamp = present[0] & 1 ? stamp_of(m->config, layer, l.row) : INT64_MIN;
    bool counts = (present[0] & 1) && stamp > m->config->layers[layer].floor;
    l.is_deleted = counts && (stamp & 1);
    if (!counts || l.is_deleted)
        l.row = NULL;
    *out = l;
    return OK;
}

/* Fill those open columns that a row below has. */
must_use static enum code take_lower(struct merge *m, size_t layer, const struct lower *lower,
                                     struct view key, bool *is_open, struct buf *out, size_t *at,
                                     struct err *err)
{
    AUTO(buf) struct buf below = {0};
    AUTO(buf) struct buf top = {0};
    AUTO(ptr) bool *takes = mem_zalloc(m->schema.n_fields * sizeof(bool));
    size_t below_at, hidden = n_hidden(m);
    for (size_t i = 0; i < m->config->schema->n_fields; i++) {
        bool stays = is_open[i] && seg_row_is_below(&m->config->layers[layer], lower->row, i);
        takes[hidden + i] = is_open[i] && !stays;
        is_open[i] = stays;
    }
    TRY(unpack_row(m->unpacks[layer], lower->block, lower->slot, key, &below, &below_at, err));
    buf_put(&top, out->ptr + *at, out->len - *at);
    out->len = *at;
    return seg_patch_combine(&m->format, (const struct record *)top.ptr,
                             (const struct record *)(below.ptr + below_at), takes, out, at, err);
}

static bool any_open(const bool *is_open, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= is_open[i];
    return any;
}

/* Fill the open columns of a patch, by (4). The patch is the last record of `out`, and begins at
 * *at. */
must_use static enum code fill_patch(struct merge *m, size_t layer, const uint8_t *row,
                                     struct view key, struct buf *out, size_t *at, struct err *err)
{
    const struct merge_config *c = m->config;
    size_t n = c->schema->n_fields;
    AUTO(ptr) bool *is_open = mem_alloc(n * sizeof(bool));
    for (size_t i = 0; i < n; i++)
        is_open[i] = !schema_is_key(c->schema, i) && seg_row_is_below(&c->layers[layer], row, i);
    for (size_t j = layer + 1; j < c->n_layers && any_open(is_open, n); j++) {
        struct lower lower;
        TRY(look_lower(m, j, key, &lower, err));
        if (lower.is_deleted)
            memset(is_open, 0, n * sizeof(bool));
        else if (lower.row)
            TRY(take_lower(m, j, &lower, key, is_open, out, at, err));
    }
    uint8_t *mask = out->ptr + *at + m->format.cell_offset[0];
    if (m->has_masks)
        memset(mask, 0, m->schema.fields[0].type.fixed_width);
    for (size_t i = 0; i < n && m->has_masks; i++)
        mask[i / 8] |= (uint8_t)(is_open[i] << i % 8);
    return OK;
}

/* Append the record of a slot, if it belongs to the bin and counts. */
must_use static enum code take_slot(struct merge *m, size_t layer, uint64_t block, uint64_t slot,
                                    size_t bin, struct buf *out, struct err *err)
{
    const struct seg_set *set = m->config->layers[layer].set;
    const struct seg_block *b = &set->blocks[block];
    const uint8_t *row = b->rows + slot * set->layout->groups[0].stride;
    struct view key = seg_row_key(set->layout, b, row);
    uint64_t hash = key_hasher_hash(&set->hasher, key);
    if (block_of_hash(hash, m->n_blocks) != bin || !seg_owns_slot(b, hash, set->n_blocks, slot))
        return OK;
    int64_t stamp = stamp_of(m->config, layer, row);
    if (stamp <= m->config->layers[layer].floor)
        return OK;
    size_t at;
    TRY(unpack_row(m->unpacks[layer], block, slot, key, out, &at, err));
    if (m->config->layers[layer].has_masks && seg_row_has_below(&m->config->layers[layer], row))
        TRY(fill_patch(m, layer, row, key, out, &at, err));
    struct record *r = (struct record *)(out->ptr + at);
    r->hash = hash;
    r->ordinal = record_merge_ordinal(m->config->n_layers - layer, stamp & 1);
    if (m->has_stamps)
        set_stamp(m, r, stamp);
    return OK;
}

/* Reserve room for the rows of these blocks that fall into one bin, so that the buffer rarely
 * grows. */
static void reserve(const struct merge *m, const struct seg_set *set, uint64_t first, uint64_t end,
                    struct buf *out)
{
    uint64_t n_slots = 0, n_bins = m->n_blocks / set->n_blocks;
    for (uint64_t block = first; block < end; block++)
        n_slots += block_slots(set, block);
    uint64_t row_bytes = m->format.key_offset + set->layout->key_width + 8;
    buf_reserve(out, n_slots / (n_bins ? n_bins : 1) * row_bytes);
}

static enum code refuse_damage(struct err *err)
{
    return err_set(err, E_CORRUPT,
                   "rows that should be merged are damaged on disk (checksum mismatch)");
}

static size_t data_bytes(const struct seg_block *b)
{
    return (size_t)(b->heap - b->rows) + b->heap_bytes;
}

/* (5), before the merge. Pages that were compared earlier may have been evicted and read from disk
 * again, so all are compared once more. */
must_use static enum code check_layers(const struct merge_config *c, struct err *err)
{
    for (size_t i = 0; i < c->n_layers; i++) {
        const struct seg_set *set = c->layers[i].set;
        for (uint64_t k = 0; set->pages && k < set->n_blocks; k++) {
            const struct seg_block *b = &set->blocks[k];
            if (b->n_buckets && !seg_pages_verify(set->pages, b->rows, data_bytes(b)))
                return refuse_damage(err);
        }
    }
    return OK;
}

/* (5), during the merge. An old block is visited once for each new block that it overlaps; only
 * pages whose bit was cleared since are compared. */
static bool is_still_right(const struct seg_set *set, uint64_t block)
{
    const struct seg_block *b = &set->blocks[block];
    return !set->pages || b->n_buckets == 0 || seg_pages_check(set->pages, b->rows, data_bytes(b));
}

/* Append all rows of a layer that fall into the bin; they are in the blocks of (1). The products
 * need 128 bits. */
must_use static enum code take_layer(struct merge *m, size_t layer, size_t bin, struct buf *out,
                                     struct err *err)
{
    const struct seg_set *set = m->config->layers[layer].set;
    unsigned __int128 n_old = set->n_blocks, n_new = m->n_blocks;
    uint64_t first = (uint64_t)(bin * n_old / n_new);
    uint64_t end = (uint64_t)(((bin + 1) * n_old + n_new - 1) / n_new);
    reserve(m, set, first, end, out);
    for (uint64_t block = first; block < end; block++) {
        if (!is_still_right(set, block))
            return refuse_damage(err);
        for (uint64_t slot = 0, n = block_slots(set, block); slot < n; slot++)
            TRY(take_slot(m, layer, block, slot, bin, out, err));
    }
    return OK;
}

static enum code take(struct record_source *source, unsigned worker, size_t bin,
                      uint8_t **out_bytes, size_t *out_len, struct err *err)
{
    struct merge *m = (struct merge *)source;
    struct bin_cursor *c = &m->cursors[worker];
    AUTO(buf) struct buf records = {0};
    if (c->bin != bin)
        *c = (struct bin_cursor){bin, 0};
    while (records.len == 0 && c->next_layer < m->config->n_layers)
        TRY(take_layer(m, c->next_layer++, bin, &records, err));
    *out_len = records.len;
    *out_bytes = records.len ? buf_detach(&records) : NULL;
    return OK;
}

/* ------------------------------------------------------------------------------------- layout */

static void add_key_lengths(const struct seg_set *set, struct key_lengths *lengths)
{
    for (uint64_t i = 0; i < set->n_blocks; i++) {
        const struct seg_block *b = &set->blocks[i];
        const uint8_t *row = b->rows;
        for (uint64_t slot = 0, n = block_slots(set, i); slot < n; slot++) {
            key_lengths_add(lengths, seg_row_key(set->layout, b, row).len);
            row += set->layout->groups[0].stride;
        }
    }
}

/* A column of the output may have nulls if it has nulls in a layer or is missing there. */
static void add_nulls(const struct merge *m, size_t layer, const size_t *field_of,
                      uint64_t *n_nulls)
{
    const struct seg_set *set = m->config->layers[layer].set;
    for (size_t i = 0; i < m->schema.n_fields; i++)
        if (!schema_is_key(&m->schema, i) && i >= n_hidden(m))
            n_nulls[i] += field_of[i] == SIZE_MAX || set->layout->cells[field_of[i]].null_bit >= 0;
}

/* For each field of the output the field of the layer; SIZE_MAX if there is none. */
static void match_fields(const struct merge *m, size_t layer, size_t *out)
{
    const struct merge_config *c = m->config;
    const struct seg_layer *l = &c->layers[layer];
    for (size_t i = 0; i < c->schema->n_fields; i++)
        out[n_hidden(m) + i] = seg_layer_field(l, i);
    if (m->has_masks) /* fill_patch writes masks anew: the layer's may be for other columns */
        out[0] = SIZE_MAX;
    if (m->has_stamps)
        out[m->has_masks] = l->has_stamps ? (size_t)l->has_masks : SIZE_MAX;
}

/* Rows of the output need their own stamps if some are deletes, or if a new base may turn out to be
 * newer than some of them. */
static bool needs_stamps(const struct merge_config *c)
{
    bool needs = c->has_source;
    for (size_t i = 0; i < c->n_layers; i++)
        needs |= c->layers[i].has_stamps;
    return needs && !c->has_base;
}

/* Over a merged base every patch is complete (4). */
static bool needs_masks(const struct merge_config *c)
{
    bool needs = false;
    for (size_t i = 0; i < c->n_layers; i++)
        needs |= c->layers[i].has_masks;
    return needs && !c->has_base;
}

must_use static enum code plan_layout(struct merge *m, struct err *err)
{
    const struct merge_config *c = m->config;
    struct key_lengths *lengths = mem_zalloc(sizeof(*lengths));
    AUTO(ptr) uint64_t *n_nulls = mem_zalloc(m->schema.n_fields * sizeof(*n_nulls));
    AUTO(ptr) size_t *field_of = mem_alloc(m->schema.n_fields * sizeof(*field_of));
    m->unpacks = mem_zalloc(c->n_layers * sizeof(struct unpack *));
    for (size_t i = 0; i < c->n_layers; i++) {
        match_fields(m, i, field_of);
        add_nulls(m, i, field_of, n_nulls);
        add_key_lengths(c->layers[i].set, lengths);
        m->unpacks[i] = unpack_new(c->layers[i].set, &m->format, field_of);
    }
    enum code rc = seg_layout_choose(&m->schema, c->columnar && c->has_base, lengths, n_nulls,
                                     &m->layout, err);
    free(lengths);
    return rc;
}

/* The number of new blocks. A multiple of the largest layer's number makes each of its blocks feed
 * whole new blocks, so that no block is visited more often than it has to be. */
static uint64_t choose_blocks(const struct merge *m)
{
    const struct merge_config *c = m->config;
    assert(c->n_parts > 0);
    uint64_t n_slots = 0, n_bytes = 0, most_blocks = c->n_parts;
    for (size_t i = 0; i < c->n_layers; i++) {
        const struct seg_set *set = c->layers[i].set;
        most_blocks = set->n_blocks > most_blocks ? set->n_blocks : most_blocks;
        for (uint64_t k = 0; k < set->n_blocks; k++) {
            n_slots += block_slots(set, k);
            n_bytes += set->blocks[k].heap_bytes;
        }
    }
    n_bytes += n_slots * m->format.key_offset;
    struct memory_shares shares = memory_shares_of_merge(c->memory_bytes, pool_size(c->pool));
    uint64_t by_rows = n_slots / block_rows + 1, by_bytes = n_bytes / shares.block + 1;
    uint64_t wanted = (by_rows > by_bytes ? by_rows : by_bytes) * m->times_blocks;
    uint64_t unit = most_blocks % c->n_parts ? c->n_parts : most_blocks;
    uint64_t n = (wanted + unit - 1) / unit * unit;
    /* The table shrank: the multiple would keep far too many blocks. */
    if (n > 4 * wanted + c->n_parts)
        n = (wanted + c->n_parts - 1) / c->n_parts * c->n_parts;
    uint64_t most = SEG_MAX_BLOCKS / c->n_parts * c->n_parts;
    return n < most ? n : most;
}

/* -------------------------------------------------------------------------------------- whole */

static void merge_done(struct merge *m)
{
    for (size_t i = 0; m->unpacks && i < m->config->n_layers; i++)
        unpack_free(m->unpacks[i]);
    free(m->unpacks);
    free(m->cursors);
    seg_layout_done(&m->layout);
    record_format_done(&m->format);
    schema_done(&m->schema);
}

must_use static enum code run(struct merge *m, struct merge_result *out, struct err *err)
{
    const struct merge_config *c = m->config;
    struct memory_shares shares = memory_shares_of_merge(c->memory_bytes, pool_size(c->pool));
    m->has_stamps = needs_stamps(c);
    m->has_masks = needs_masks(c);
    if (m->has_stamps)
        layer_schema(c->schema, m->has_masks, &m->schema);
    else
        schema_copy(c->schema, &m->schema);
    TRY(record_format_init(&m->format, &m->schema, err));
    TRY(plan_layout(m, err));
    m->n_blocks = choose_blocks(m);
    m->cursors = mem_alloc(pool_size(c->pool) * sizeof(*m->cursors));
    for (unsigned w = 0; w < pool_size(c->pool); w++)
        m->cursors[w].bin = SIZE_MAX;
    struct build_config build = {
        .dir = c->dir,
        .schema = &m->schema,
        .layout = &m->layout,
        .format = &m->format,
        .source = &m->source,
        .n_blocks = m->n_blocks,
        .n_parts = c->n_parts,
        .hash_seed = c->layers[0].set->hasher.seed,
        .origin = c->origin,
        .worker_bytes = m->times_blocks < times_blocks_max ? shares.build : UINT64_MAX,
        .setting = "write.memory",
        .drop_deletes = c->has_base,
    };
    struct build_result built;
    TRY(build_run(&build, c->pool, c->progress, &built, err));
    *out = (struct merge_result){built.n_rows, built.disk_bytes};
    return OK;
}

/*
 * If long rows gather in one block and exceed a worker's memory, the merge runs again with eight
 * times the blocks. The last attempt has no bound: rows that were acknowledged must be merged, even
 * if the configuration now allows less memory than when they were written.
 */
enum code merge_run(const struct merge_config *config, struct merge_result *out, struct err *err)
{
    enum code rc = E_LIMIT;
    uint64_t n_faults = fault_count();
    TRY(check_layers(config, err));
    for (uint64_t times = 1; rc == E_LIMIT && times <= times_blocks_max; times *= 8) {
        struct merge m = {.source = {take}, .config = config, .times_blocks = times};
        rc = run(&m, out, err);
        merge_done(&m);
    }
    if (!rc &&
        fault_count() != n_faults) /* some bytes that were copied may be zeros (base/fault.h) */
        return err_set(err, E_IO, "the disk could not read a mapped file during the merge");
    return rc;
}
