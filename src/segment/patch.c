#include "segment/patch.h"

/* -------------------------------------------------------------------------------------- masks */

static const uint8_t *mask_of(const struct seg_layer *l, const uint8_t *row)
{
    return row + l->set->layout->cells[0].offset;
}

bool seg_row_has_below(const struct seg_layer *l, const uint8_t *row)
{
    uint8_t any = 0;
    for (size_t i = 0; l->has_masks && i < l->set->schema->fields[0].type.fixed_width; i++)
        any |= mask_of(l, row)[i];
    return any != 0;
}

bool seg_row_is_below(const struct seg_layer *l, const uint8_t *row, size_t field)
{
    size_t own = seg_layer_field(l, field);
    if (!l->has_masks)
        return false;
    if (own == SEG_NO_FIELD)
        return seg_row_has_below(l, row);
    size_t bit = own - l->has_masks - l->has_stamps;
    return mask_of(l, row)[bit / 8] >> bit % 8 & 1;
}

/* ------------------------------------------------------------------------------------ reading */

/*
 * Few rows are masked, so a search first finds the newest row of every key as usual. Then only the
 * keys whose row is masked go on, layer by layer: all keys that need layer k are looked up there in
 * one batch. A key leaves when each of its wanted columns has a row, when it meets a row without a
 * mask, which has all columns, or a deleted one, below which nothing counts.
 */

/* A key whose newest row leaves out some of the wanted columns. */
struct masked {
    uint32_t key;    /* its place in the request */
    uint8_t layer;   /* where to look next */
    bool *open;      /* by wanted field: not found yet */
    bool is_settled; /* there is no more to look for */
};

struct resolve {
    const struct seg_stack *stack;
    const struct view *keys;
    const size_t *fields;
    size_t n_fields;
    struct seg_rows *rows;
    struct arena *arena;
    struct masked *masked;
    size_t n_masked;
};

static const uint8_t *own_row(const struct seg_stack *stack, const struct seg_rows *rows, size_t i)
{
    return rows->row[i] - stack->layers[rows->layer[i]].shift;
}

static bool is_masked(const struct resolve *r, size_t i)
{
    const struct seg_layer *l = &r->stack->layers[r->rows->layer[i]];
    return (r->rows->present[i / 8] >> i % 8 & 1) && l->has_masks &&
           seg_row_has_below(l, own_row(r->stack, r->rows, i));
}

/* Whether some wanted column is as below; notes which. */
static bool note_open(const struct resolve *r, struct masked *m)
{
    const struct seg_layer *l = &r->stack->layers[r->rows->layer[m->key]];
    const uint8_t *row = own_row(r->stack, r->rows, m->key);
    bool any = false;
    for (size_t f = 0; f < r->n_fields; f++) {
        m->open[f] = seg_row_is_below(l, row, r->fields[f]);
        any |= m->open[f];
    }
    return any;
}

static void find_masked(struct resolve *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->rows->n; i++)
        n += is_masked(r, i);
    r->masked = arena_alloc(r->arena, n * sizeof(*r->masked));
    for (size_t i = 0; n && i < r->rows->n; i++) {
        struct masked *m = &r->masked[r->n_masked];
        if (!is_masked(r, i))
            continue;
        *m = (struct masked){.key = (uint32_t)i,
                             .layer = (uint8_t)(r->rows->layer[i] + 1),
                             .open = arena_alloc(r->arena, r->n_fields * sizeof(bool))};
        r->n_masked += note_open(r, m);
    }
}

/* The rows of a column that has rows of its own; at first a copy of the common ones. */
static struct seg_rows *rows_of_field(struct resolve *r, size_t field)
{
    struct seg_rows *all = r->rows;
    size_t n_all = seg_stack_base(r->stack)->schema->n_fields, n = all->n;
    if (!all->of_field)
        all->of_field = arena_zalloc(r->arena, n_all * sizeof(struct seg_rows *));
    struct seg_rows *of = all->of_field[field];
    if (of)
        return of;
    of = all->of_field[field] = arena_alloc(r->arena, sizeof(*of));
    *of = *all;
    of->of_field = NULL;
    of->row = arena_alloc(r->arena, n * sizeof(*of->row));
    of->block = arena_alloc(r->arena, n * sizeof(*of->block));
    of->slot = arena_alloc(r->arena, n * sizeof(*of->slot));
    of->layer = arena_alloc(r->arena, n);
    memcpy(of->row, all->row, n * sizeof(*of->row));
    memcpy(of->block, all->block, n * sizeof(*of->block));
    memcpy(of->slot, all->slot, n * sizeof(*of->slot));
    memcpy(of->layer, all->layer, n);
    return of;
}

/* A row that a lower layer has of a key: `i` of `found`. */
static void take_row(struct resolve *r, struct masked *m, size_t layer,
                     const struct seg_rows *found, size_t i)
{
    const struct seg_layer *l = &r->stack->layers[layer];
    m->is_settled = true;
    for (size_t f = 0; f < r->n_fields; f++) {
        if (!m->open[f])
            continue;
        m->open[f] = seg_row_is_below(l, found->row[i], r->fields[f]);
        m->is_settled &= !m->open[f];
        if (m->open[f])
            continue;
        struct seg_rows *of = rows_of_field(r, r->fields[f]);
        of->row[m->key] = found->row[i] + l->shift;
        of->block[m->key] = found->block[i];
        of->slot[m->key] = found->slot[i];
        of->layer[m->key] = (uint8_t)layer;
    }
}

/* What a lower layer says of a key. A row below the floor does not count. */
static void take_answer(struct resolve *r, struct masked *m, size_t layer,
                        const struct seg_rows *found, size_t i)
{
    const struct seg_layer *l = &r->stack->layers[layer];
    size_t base = r->stack->n_layers - 1;
    m->layer = (uint8_t)(layer + 1);
    if (!(found->present[i / 8] >> i % 8 & 1))
        return;
    int64_t stamp = layer == base ? INT64_MAX - 1 : seg_row_stamp(l, found->row[i]);
    if (stamp <= l->floor)
        return;
    if (stamp & 1)
        m->is_settled = true; /* deleted: the rest is null */
    else
        take_row(r, m, layer, found, i);
}

static struct seg_rows rows_new(size_t n, struct arena *arena)
{
    return (struct seg_rows){
        .n = n,
        .row = arena_alloc(arena, n * sizeof(const uint8_t *)),
        .block = arena_alloc(arena, n * sizeof(uint32_t)),
        .slot = arena_alloc(arena, n * sizeof(uint32_t)),
        .present = arena_alloc(arena, n / 8 + 1),
    };
}

/* Look for all keys that are to be looked for in a layer. */
static void ask_layer(struct resolve *r, size_t layer)
{
    struct view *keys = arena_alloc(r->arena, r->n_masked * sizeof(*keys));
    struct masked **asking = arena_alloc(r->arena, r->n_masked * sizeof(*asking));
    size_t n = 0;
    for (size_t i = 0; i < r->n_masked; i++)
        if (!r->masked[i].is_settled && r->masked[i].layer == layer) {
            asking[n] = &r->masked[i];
            keys[n++] = r->keys[r->masked[i].key];
        }
    if (n == 0)
        return;
    struct seg_rows found = rows_new(n, r->arena);
    seg_find(r->stack->layers[layer].set, keys, NULL, &found);
    r->rows->is_damaged |= found.is_damaged;
    for (size_t i = 0; i < n; i++)
        take_answer(r, asking[i], layer, &found, i);
}

void seg_patch_resolve(const struct seg_stack *stack, const struct view *keys, const size_t *fields,
                       size_t n_fields, struct seg_rows *rows, struct arena *arena)
{
    bool has_masks = false;
    rows->of_field = NULL;
    for (size_t i = 0; i < stack->n_layers; i++)
        has_masks |= stack->layers[i].has_masks;
    if (!has_masks || rows->is_damaged)
        return;
    struct resolve r = {stack, keys, fields, n_fields, rows, arena, NULL, 0};
    find_masked(&r);
    for (size_t layer = 1; r.n_masked && layer < stack->n_layers; layer++)
        ask_layer(&r, layer);
}

/* ----------------------------------------------------------------------------------- merging */

/* Bytes of the values of variable length. */
static void put_bytes(const struct record_format *format, const struct record *from, size_t field,
                      size_t at, struct buf *out)
{
    struct view bytes = record_bytes(format, from, field);
    struct record_ref ref = {(uint32_t)bytes.len, (uint32_t)(out->len - at)};
    buf_put(out, bytes.ptr, bytes.len);
    memcpy(out->ptr + at + format->cell_offset[field], &ref, sizeof(ref));
}

/* Value and null bit of a field of fixed width. */
static void put_cell(const struct record_format *format, const struct record *from, size_t field,
                     size_t at, struct buf *out)
{
    struct record *to = (struct record *)(out->ptr + at);
    const struct type *type = &format->schema->fields[field].type;
    uint8_t bit = (uint8_t)(1u << field % 8);
    to->body[field / 8] &= (uint8_t)~bit;
    to->body[field / 8] |= record_is_null(from, field) ? bit : 0;
    if (!type_is_variable(type))
        memcpy((uint8_t *)to + format->cell_offset[field], record_cell(format, from, field),
               seg_cell_bytes(type));
}

enum code seg_patch_combine(const struct record_format *format, const struct record *top,
                            const struct record *below, const bool *is_below, struct buf *out,
                            size_t *out_at, struct err *err)
{
    size_t at = out->len, head = format->key_offset + top->key_len;
    buf_put(out, top, head);
    for (size_t i = 0; i < format->schema->n_fields; i++) {
        const struct record *from = is_below[i] ? below : top;
        if (schema_is_key(format->schema, i))
            continue;
        put_cell(format, from, i, at, out);
        if (!type_is_variable(&format->schema->fields[i].type))
            continue;
        if (record_bytes(format, from, i).len > RECORD_MAX_BYTES - (out->len - at))
            return err_set(err, E_LIMIT, "a row is longer than %u bytes", RECORD_MAX_BYTES);
        put_bytes(format, from, i, at, out);
    }
    buf_put_zeros(out, -(out->len - at) & 7);
    ((struct record *)(out->ptr + at))->size = (uint32_t)(out->len - at);
    *out_at = at;
    return OK;
}
