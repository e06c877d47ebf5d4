#include "segment/layout.h"

#include "base/mem.h"

static const uint32_t line_bytes = 64;

void seg_layout_done(struct seg_layout *l)
{
    free(l->groups);
    free(l->cells);
    *l = (struct seg_layout){0};
}

/*
 * The width of a variable key cell is a trade: every byte of it is paid by all rows, while a longer
 * key goes to the heap and costs a second cache miss in each lookup. Counting bytes alone is enough
 * to choose: the cell must have room for SEG_KEY_LONG_BYTES once any key is longer, so a long key
 * costs its length on top of a cell that is not used, and the cheapest width is one that nearly all
 * keys fit. There are only 254 widths to try.
 */

/* Bytes a row spends on its key when cells are `width` wide: longer keys go to the heap. */
static uint64_t key_cost(const struct key_lengths *keys, uint32_t width)
{
    uint64_t n_rows = 0, in_cells = 0, n_bytes_inline = 0;
    for (uint32_t len = 0; len < 256; len++) {
        n_rows += keys->n[len];
        if (len <= width) {
            in_cells += keys->n[len];
            n_bytes_inline += keys->n[len] * len;
        }
    }
    bool has_long = in_cells < n_rows;
    if (has_long && width < SEG_KEY_LONG_BYTES)
        return UINT64_MAX;
    return n_rows * (1 + width) + keys->n_bytes - n_bytes_inline;
}

/* Bytes of the fixed components of a key; all of it where none is utf8. */
static uint32_t fixed_key_bytes(const struct schema *schema, bool *out_has_utf8)
{
    uint32_t bytes = 0;
    *out_has_utf8 = false;
    for (size_t k = 0; k < schema->n_key; k++) {
        const struct type *t = &schema->fields[schema->key[k]].type;
        *out_has_utf8 |= t->dtype == DT_UTF8;
        bytes += (uint32_t)type_width(t);
    }
    return bytes;
}

static void choose_key_cell(struct seg_layout *l, const struct schema *schema,
                            const struct key_lengths *keys)
{
    bool has_utf8;
    l->key_width = fixed_key_bytes(schema, &has_utf8);
    l->key_fixed = true;
    if (!has_utf8)
        return;
    uint32_t n_lengths = 0, only = 0;
    for (uint32_t len = 0; len < 256; len++)
        if (keys->n[len]) {
            n_lengths++;
            only = len;
        }
    if (n_lengths == 0)
        return; /* no rows: the least that a key of this schema can have */
    if (n_lengths == 1 && only < SEG_KEY_LONG) {
        l->key_width = only;
        return;
    }
    l->key_fixed = false;
    uint64_t best = UINT64_MAX;
    for (uint32_t width = 1; width < SEG_KEY_LONG; width++) {
        uint64_t cost = key_cost(keys, width);
        if (cost < best) {
            best = cost;
            l->key_width = width;
        }
    }
}

/* Padding to a divisor or a multiple of a cache line makes each row touch as few lines as it can.
 * More than an eighth of padding would cost more memory, and so more misses of other kinds, than it
 * saves. */
static uint32_t padded_stride(uint32_t bytes)
{
    uint32_t padded = 8;
    if (bytes == 0)
        return padded; /* the only key is the empty string, but a row must have an address */
    while (padded < bytes && padded < line_bytes)
        padded *= 2;
    if (padded < bytes)
        padded = (bytes + line_bytes - 1) / line_bytes * line_bytes;
    return (padded - bytes) * 8 <= bytes ? padded : bytes;
}

/* Cells are grouped by alignment, the widest first, so that most of them are aligned. */
enum { N_ALIGNMENTS = 5 };

static unsigned alignment_of(const struct type *t)
{
    uint32_t bytes = seg_cell_bytes(t);
    return bytes == 8 ? 0 : bytes % 8 == 0 ? 1 : bytes % 4 == 0 ? 2 : bytes % 2 == 0 ? 3 : 4;
}

must_use static enum code place_packed(const struct schema *schema, const uint64_t *n_nulls,
                                       struct seg_layout *l, struct err *err)
{
    uint32_t n_null_bits = 0;
    for (size_t i = 0; i < schema->n_fields; i++)
        if (!l->cells[i].in_key && n_nulls[i])
            l->cells[i].null_bit = (int32_t)n_null_bits++;
    l->groups[0].null_offset = seg_key_bytes(l);
    uint32_t at = seg_key_bytes(l) + (n_null_bits + 7) / 8;
    for (unsigned w = 0; w < N_ALIGNMENTS; w++)
        for (size_t i = 0; i < schema->n_fields; i++) {
            if (l->cells[i].in_key || alignment_of(&schema->fields[i].type) != w)
                continue;
            l->cells[i].offset = at;
            at += seg_cell_bytes(&schema->fields[i].type);
            if (at > SEG_MAX_STRIDE)
                return err_set(err, E_LIMIT,
                               "a row of %zu columns is longer than %d bytes; use layout: columnar",
                               schema->n_fields, SEG_MAX_STRIDE);
        }
    l->groups[0].stride = padded_stride(at);
    return OK;
}

static void place_columnar(const struct schema *schema, const uint64_t *n_nulls,
                           struct seg_layout *l)
{
    l->groups[0] = (struct seg_group){.stride = padded_stride(seg_key_bytes(l))};
    uint32_t group = 1;
    for (size_t i = 0; i < schema->n_fields; i++) {
        struct seg_cell *cell = &l->cells[i];
        if (cell->in_key)
            continue;
        uint32_t bytes = seg_cell_bytes(&schema->fields[i].type);
        bool has_nulls = n_nulls[i] > 0;
        *cell = (struct seg_cell){.group = group, .null_bit = has_nulls ? 0 : -1};
        l->groups[group++] =
            (struct seg_group){.stride = padded_stride(bytes + has_nulls), .null_offset = bytes};
    }
}

enum code seg_layout_check_key(const struct schema *schema, struct err *err)
{
    uint64_t bytes = 0; /* 64 KiB of fixed_binary a column at most */
    for (size_t k = 0; k < schema->n_key; k++)
        bytes += type_width(&schema->fields[schema->key[k]].type);
    if (bytes >= SEG_KEY_LONG)
        return err_set(err, E_INVALID, "a key of %zu columns has %llu bytes, at most %d fit",
                       schema->n_key, (unsigned long long)bytes, SEG_KEY_LONG - 1);
    return OK;
}

enum code seg_layout_choose(const struct schema *schema, bool columnar,
                            const struct key_lengths *keys, const uint64_t *n_nulls,
                            struct seg_layout *out, struct err *err)
{
    struct seg_layout l = {.n_cells = schema->n_fields};
    l.n_groups = columnar ? 1 + (uint32_t)(schema->n_fields - schema->n_key) : 1;
    l.groups = mem_zalloc(l.n_groups * sizeof(*l.groups));
    l.cells = mem_zalloc(l.n_cells * sizeof(*l.cells));
    for (size_t i = 0; i < schema->n_fields; i++)
        l.cells[i] = (struct seg_cell){.null_bit = -1, .in_key = schema_is_key(schema, i)};
    choose_key_cell(&l, schema, keys);
    enum code rc = OK;
    if (columnar)
        place_columnar(schema, n_nulls, &l);
    else
        rc = place_packed(schema, n_nulls, &l, err);
    for (uint32_t g = 0; rc == OK && g < l.n_groups; g++)
        if (l.groups[g].stride > SEG_MAX_STRIDE)
            rc = err_set(err, E_LIMIT, "a row of %u bytes, at most %d fit", l.groups[g].stride,
                         SEG_MAX_STRIDE);
    if (rc)
        seg_layout_done(&l);
    else
        *out = l;
    return rc;
}

static void put_u32(struct buf *out, uint32_t v)
{
    buf_put(out, &v, sizeof(v));
}

void seg_layout_put(const struct seg_layout *l, struct buf *out)
{
    put_u32(out, l->key_width);
    put_u32(out, l->key_fixed);
    put_u32(out, l->n_groups);
    for (uint32_t g = 0; g < l->n_groups; g++) {
        put_u32(out, l->groups[g].stride);
        put_u32(out, l->groups[g].null_offset);
    }
    for (size_t i = 0; i < l->n_cells; i++) {
        put_u32(out, l->cells[i].in_key);
        put_u32(out, l->cells[i].group);
        put_u32(out, l->cells[i].offset);
        put_u32(out, (uint32_t)l->cells[i].null_bit);
    }
}

must_use static enum code get_groups(struct cursor *c, struct seg_layout *l, struct err *err)
{
    for (uint32_t g = 0; g < l->n_groups; g++) {
        struct seg_group *group = &l->groups[g];
        if (!cur_u32le(c, &group->stride) || !cur_u32le(c, &group->null_offset))
            return err_set(err, E_CORRUPT, "layout ends inside group %u", g);
        if (group->stride == 0 || group->stride > SEG_MAX_STRIDE ||
            group->null_offset > group->stride)
            return err_set(err, E_CORRUPT, "group %u has stride %u and null bits at %u", g,
                           group->stride, group->null_offset);
    }
    if (seg_key_bytes(l) > l->groups[0].stride)
        return err_set(err, E_CORRUPT, "key cell of %u bytes in rows of %u", seg_key_bytes(l),
                       l->groups[0].stride);
    return OK;
}

must_use static enum code get_cell(struct cursor *c, const struct schema *schema,
                                   struct seg_layout *l, size_t i, struct err *err)
{
    struct seg_cell *cell = &l->cells[i];
    uint32_t in_key, null_bit;
    if (!cur_u32le(c, &in_key) || !cur_u32le(c, &cell->group) || !cur_u32le(c, &cell->offset) ||
        !cur_u32le(c, &null_bit))
        return err_set(err, E_CORRUPT, "layout ends inside cell %zu", i);
    cell->in_key = in_key != 0;
    cell->null_bit = (int32_t)null_bit;
    if (cell->in_key != schema_is_key(schema, i))
        return err_set(err, E_CORRUPT, "cell %zu disagrees with the schema about the key", i);
    if (cell->in_key)
        return OK;
    if (cell->group >= l->n_groups)
        return err_set(err, E_CORRUPT, "cell %zu in group %u of %u", i, cell->group, l->n_groups);
    const struct seg_group *group = &l->groups[cell->group];
    uint64_t end = (uint64_t)cell->offset + seg_cell_bytes(&schema->fields[i].type);
    uint64_t null_end =
        cell->null_bit < 0 ? 0 : (uint64_t)group->null_offset + (uint32_t)cell->null_bit / 8 + 1;
    if (end > group->stride || null_end > group->stride)
        return err_set(err, E_CORRUPT, "cell %zu reaches outside its row of %u bytes", i,
                       group->stride);
    return OK;
}

/* Integers of a fixed key are read in place: the cell must hold them. */
must_use static enum code check_key_width(const struct schema *schema, const struct seg_layout *l,
                                          struct err *err)
{
    bool has_utf8;
    uint32_t least = fixed_key_bytes(schema, &has_utf8);
    bool fits = l->key_width < SEG_KEY_LONG && (!l->key_fixed || l->key_width >= least) &&
                (has_utf8 || (l->key_fixed && l->key_width == least));
    if (!fits)
        return err_set(err, E_CORRUPT, "%s key cell of %u bytes for integers of %u",
                       l->key_fixed ? "fixed" : "variable", l->key_width, least);
    return OK;
}

enum code seg_layout_get(struct cursor *c, const struct schema *schema, struct seg_layout *out,
                         struct err *err)
{
    AUTO(seg_layout) struct seg_layout l = {.n_cells = schema->n_fields};
    uint32_t key_fixed;
    if (!cur_u32le(c, &l.key_width) || !cur_u32le(c, &key_fixed) || !cur_u32le(c, &l.n_groups))
        return err_set(err, E_CORRUPT, "layout ends in its head");
    if (l.n_groups < 1 || l.n_groups > schema->n_fields + 1)
        return err_set(err, E_CORRUPT, "layout has %u groups for %zu columns", l.n_groups,
                       schema->n_fields);
    l.key_fixed = key_fixed != 0;
    l.groups = mem_zalloc(l.n_groups * sizeof(*l.groups));
    l.cells = mem_zalloc(l.n_cells * sizeof(*l.cells));
    TRY(check_key_width(schema, &l, err));
    TRY(get_groups(c, &l, err));
    for (size_t i = 0; i < l.n_cells; i++)
        TRY(get_cell(c, schema, &l, i, err));
    *out = l;
    l = (struct seg_layout){0};
    return OK;
}
