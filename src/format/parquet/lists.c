#include "format/parquet/lists.h"

#include "base/mem.h"

static const size_t values_bytes = 1 << 20; /* a batch has no more, but at least a few values */

/*
 * The row being built lives in a list_builder, across pages and calls, since its end shows only
 * when the next row begins. A finished row is written to the arena, whose bytes are charged to the
 * budget until the caller's next read.
 */

void pq_lists_done(struct pq_lists *l)
{
    pq_budget_give(l->budget, l->charged);
    list_builder_done(&l->row);
    free(l->values);
    arena_done(&l->arena);
    *l = (struct pq_lists){0};
}

void pq_lists_start(struct pq_lists *l, const struct pq_column *col, uint64_t n_rows,
                    size_t max_bytes, bool drop_orphans)
{
    l->drop_orphans = drop_orphans;
    l->col = col;
    l->n_rows = n_rows;
    l->max_bytes = max_bytes;
    l->n_begun = 0;
    l->is_open = false;
    pq_lists_filled(l, 0);
    list_builder_reset(&l->row);
    pq_lists_turn(l);
}

void pq_lists_turn(struct pq_lists *l)
{
    arena_reset(&l->arena);
    pq_budget_give(l->budget, l->charged);
    l->charged = 0;
}

size_t pq_lists_batch(const struct pq_lists *l)
{
    size_t fit = values_bytes / vector_width(&l->col->leaf.type);
    return fit < 16 ? 16 : fit < PQ_LIST_BATCH ? fit : PQ_LIST_BATCH;
}

void *pq_lists_values(struct pq_lists *l)
{
    size_t need = pq_lists_batch(l) * vector_width(&l->col->leaf.type);
    if (need > l->values_cap) {
        free(l->values);
        l->values = mem_alloc(need);
        l->values_cap = need;
    }
    return l->values;
}

static enum code check_size(const struct pq_lists *l, struct err *err)
{
    uint32_t wanted = l->col->type.list_size;
    if (wanted && !l->is_null && l->row.n != wanted)
        return err_set(err, E_CORRUPT, "a list of %u elements where all have %u", l->row.n, wanted);
    return OK;
}

enum code pq_lists_finish(struct pq_lists *l, struct vector *out, struct err *err)
{
    if (!l->is_open)
        return OK;
    TRY(check_size(l, err));
    size_t bytes = list_built_bytes(&l->row);
    if (l->arena.total > l->max_bytes || bytes > l->max_bytes - l->arena.total)
        return err_set(err, E_LIMIT, "lists of more than %zu bytes in one piece", l->max_bytes);
    out->valid[out->n] = !l->is_null;
    out->n_nulls += l->is_null;
    out->views[out->n] = (struct view){0};
    if (!l->is_null) {
        TRY(pq_budget_resize(l->budget, 0, bytes, err));
        l->charged += bytes;
        uint8_t *to = arena_alloc(&l->arena, bytes);
        list_built_write(&l->row, to);
        out->views[out->n] = view_of(to, bytes);
    }
    out->n++;
    l->is_open = false;
    list_builder_reset(&l->row);
    return OK;
}

static enum code begin_row(struct pq_lists *l, uint8_t def, struct err *err)
{
    if (l->n_begun == l->n_rows)
        return err_set(err, E_CORRUPT, "more rows than the %llu of the row group",
                       (unsigned long long)l->n_rows);
    l->n_begun++;
    l->is_open = true;
    l->is_null = def < l->col->list_def;
    l->is_closed = def <= l->col->list_def;
    return OK;
}

/* Entries from `at` on that are elements of the open row with a value. */
static size_t run_of_values(const struct pq_lists *l)
{
    size_t end = l->at + 1;
    while (end < l->n && l->reps[end] != 0 && l->defs[end] == l->col->max_def)
        end++;
    return end - l->at;
}

static void add_values(struct pq_lists *l, size_t n)
{
    size_t width = vector_width(&l->col->leaf.type);
    const uint8_t *from = l->values + l->value_at * width;
    l->value_at += n;
    if (!dtype_is_bytes(l->col->leaf.type.dtype)) {
        list_add_fixed(&l->row, from, n, width);
        return;
    }
    for (size_t i = 0; i < n; i++)
        list_add_bytes(&l->row, ((const struct view *)(const void *)from)[i]);
}

static enum code take_elements(struct pq_lists *l, struct err *err)
{
    bool is_bytes = dtype_is_bytes(l->col->leaf.type.dtype);
    if (l->is_closed || l->defs[l->at] <= l->col->list_def)
        return err_set(err, E_CORRUPT, "an element of a list that is null or empty");
    if (l->defs[l->at] < l->col->max_def) {
        list_add_null(&l->row, is_bytes ? 0 : type_width(&l->col->leaf.type));
        l->at++;
    } else {
        size_t n = run_of_values(l);
        add_values(l, n);
        l->at += n;
    }
    if (l->row.elements.len > l->max_bytes || l->row.n > l->max_bytes)
        return err_set(err, E_LIMIT, "a list of more than %zu bytes", l->max_bytes);
    return OK;
}

static void drop_entry(struct pq_lists *l)
{
    l->value_at += l->defs[l->at] == l->col->max_def;
    l->at++;
}

enum code pq_lists_take(struct pq_lists *l, struct vector *out, struct err *err)
{
    while (l->at < l->n) {
        if (l->reps[l->at] != 0) {
            if (!l->is_open && !l->drop_orphans)
                return err_set(err, E_CORRUPT, "its first entry continues a row");
            if (l->is_open)
                TRY(take_elements(l, err));
            else
                drop_entry(l);
            continue;
        }
        if (l->is_open && out->n == out->cap)
            return OK;
        TRY(pq_lists_finish(l, out, err));
        TRY(begin_row(l, l->defs[l->at], err));
        if (l->is_closed)
            l->at++;
        else
            TRY(take_elements(l, err));
    }
    return OK;
}
