#include "segment/unpack.h"

#include "base/mem.h"

/* Cells that are neighbours both in the row and in the record, so that one copy moves them all. */
struct copy_run {
    uint32_t group;
    uint32_t from; /* offset in the row */
    uint32_t to;   /* offset in the record */
    uint32_t len;
};

/* A cell of a value of any length. */
struct text_cell {
    uint32_t group;
    uint32_t from;
    uint32_t to;
};

struct null_bit {
    uint32_t group;
    uint32_t byte; /* in the row */
    uint8_t bit;
    size_t field; /* of the record */
};

/*
 * What to copy is worked out once: cells that are neighbours in both forms are one copy, so a row
 * of ten float columns needs one. Keys are not copied here, as the caller has them already.
 */
struct unpack {
    const struct seg_set *set;
    const struct record_format *format;
    struct copy_run *runs;
    struct text_cell *texts;
    struct null_bit *nulls;
    size_t n_runs, n_texts, n_nulls;
    size_t n_missing;
    size_t *missing; /* fields that are null in all records */
};

static bool continues(const struct copy_run *r, const struct copy_run *next)
{
    return r->group == next->group && r->from + r->len == next->from && r->to + r->len == next->to;
}

static void add_cell(struct unpack *u, size_t field, const struct seg_cell *cell)
{
    const struct type *t = &u->format->schema->fields[field].type;
    uint32_t to = u->format->cell_offset[field];
    if (type_is_variable(t)) {
        u->texts[u->n_texts++] = (struct text_cell){cell->group, cell->offset, to};
        return;
    }
    struct copy_run run = {cell->group, cell->offset, to, seg_cell_bytes(t)};
    if (u->n_runs && continues(&u->runs[u->n_runs - 1], &run))
        u->runs[u->n_runs - 1].len += run.len;
    else
        u->runs[u->n_runs++] = run;
}

static void add_field(struct unpack *u, size_t field, size_t from)
{
    if (from == SIZE_MAX) {
        u->missing[u->n_missing++] = field;
        return;
    }
    const struct seg_layout *layout = u->set->layout;
    const struct seg_cell *cell = &layout->cells[from];
    if (cell->in_key)
        return;
    add_cell(u, field, cell);
    if (cell->null_bit >= 0)
        u->nulls[u->n_nulls++] = (struct null_bit){
            cell->group, layout->groups[cell->group].null_offset + (uint32_t)cell->null_bit / 8,
            (uint8_t)(cell->null_bit % 8), field};
}

struct unpack *unpack_new(const struct seg_set *set, const struct record_format *format,
                          const size_t *field_of)
{
    struct unpack *u = mem_zalloc(sizeof(*u));
    size_t n = format->schema->n_fields;
    u->set = set;
    u->format = format;
    u->runs = mem_alloc(n * sizeof(*u->runs));
    u->texts = mem_alloc(n * sizeof(*u->texts));
    u->nulls = mem_alloc(n * sizeof(*u->nulls));
    u->missing = mem_alloc(n * sizeof(*u->missing));
    for (size_t i = 0; i < n; i++)
        add_field(u, i, field_of[i]);
    return u;
}

void unpack_free(struct unpack *u)
{
    if (!u)
        return;
    free(u->runs);
    free(u->texts);
    free(u->nulls);
    free(u->missing);
    free(u);
}

static const uint8_t *row_at(const struct unpack *u, uint64_t block, uint32_t group, uint64_t slot)
{
    const struct seg_layout *l = u->set->layout;
    return u->set->group_rows[block * l->n_groups + group] + slot * l->groups[group].stride;
}

must_use static enum code text_of(const struct seg_block *b, const uint8_t *cell,
                                  struct view *out_text, struct err *err)
{
    uint32_t len;
    uint64_t heap_at;
    memcpy(&len, cell, sizeof(len));
    memcpy(&heap_at, cell + 8, sizeof(heap_at));
    *out_text = view_of(cell + 4, len);
    if (len <= SEG_VIEW_INLINE)
        return OK;
    if (heap_at > b->heap_bytes || len > b->heap_bytes - heap_at)
        return err_set(err, E_CORRUPT, "a value of %u bytes lies outside its heap", len);
    out_text->ptr = b->heap + heap_at;
    return OK;
}

/* Appended after the key. The buffer may move, so the address of the record is computed again. */
must_use static enum code put_texts(const struct unpack *u, uint64_t block, uint64_t slot,
                                    struct buf *out, size_t at, struct err *err)
{
    for (size_t i = 0; i < u->n_texts; i++) {
        const struct text_cell *t = &u->texts[i];
        struct view text;
        TRY(text_of(&u->set->blocks[block], row_at(u, block, t->group, slot) + t->from, &text,
                    err));
        struct record_ref ref = {(uint32_t)text.len, (uint32_t)(out->len - at)};
        if (out->len - at + text.len > RECORD_MAX_BYTES)
            return err_set(err, E_LIMIT, "a row is longer than %u bytes", RECORD_MAX_BYTES);
        buf_put(out, text.ptr, text.len);
        memcpy(out->ptr + at + t->to, &ref, sizeof(ref));
    }
    return OK;
}

static void put_nulls(const struct unpack *u, uint64_t block, uint64_t slot, struct record *r)
{
    for (size_t i = 0; i < u->n_nulls; i++) {
        const struct null_bit *n = &u->nulls[i];
        unsigned is_null = row_at(u, block, n->group, slot)[n->byte] >> n->bit & 1;
        r->body[n->field / 8] |= (uint8_t)(is_null << n->field % 8);
    }
    for (size_t i = 0; i < u->n_missing; i++)
        r->body[u->missing[i] / 8] |= (uint8_t)(1u << u->missing[i] % 8);
}

enum code unpack_row(const struct unpack *u, uint64_t block_idx, uint64_t slot, struct view key,
                     struct buf *out, size_t *out_at, struct err *err)
{
    size_t at = out->len, head = u->format->key_offset;
    struct record *r = (struct record *)buf_reserve(out, head + key.len);
    memset(r, 0, head);
    r->key_len = (uint32_t)key.len;
    memcpy((uint8_t *)r + head, key.ptr, key.len);
    for (size_t i = 0; i < u->n_runs; i++) {
        const struct copy_run *run = &u->runs[i];
        memcpy((uint8_t *)r + run->to, row_at(u, block_idx, run->group, slot) + run->from,
               run->len);
    }
    put_nulls(u, block_idx, slot, r);
    out->len += head + key.len;
    TRY(put_texts(u, block_idx, slot, out, at, err));
    buf_put_zeros(out, -(out->len - at) & 7);
    r = (struct record *)(out->ptr + at);
    r->size = (uint32_t)(out->len - at);
    *out_at = at;
    return OK;
}
