#include "format/arrow/ipc_batch.h"

#include "format/arrow/fbs.h"

enum { VIEW_BYTES = 16 };

/* What was read so far: nodes and buffers are in the order of the fields, depth first. */
struct reading {
    struct ipc_body body;
    struct fb_vector nodes, block_counts;
    size_t next_node, next_block_count;
    struct arena *arena;
    bool is_v4;
    struct err *err;
};

static enum code too_short(struct reading *r, const struct arrow_array *a, const char *what,
                           size_t len)
{
    return err_set(r->err, E_INVALID, "%zu bytes of %s are too few for %zu rows", len, what,
                   a->n_rows);
}

must_use static enum code next_block_count(struct reading *r, uint64_t *out)
{
    if (r->next_block_count == r->block_counts.n)
        return err_set(r->err, E_INVALID, "the batch does not say how many blocks its views have");
    *out = fb_vector_u64(&r->block_counts, r->next_block_count++, 8, 0);
    if (*out > ipc_body_left(&r->body))
        return err_set(r->err, E_INVALID, "its views have %lld blocks, but the batch %zu buffers",
                       (long long)*out, r->body.buffers.n);
    return OK;
}

must_use static enum code next_node(struct reading *r, uint64_t *out_n_rows, uint64_t *out_n_nulls)
{
    if (r->next_node == r->nodes.n)
        return err_set(r->err, E_INVALID, "the batch describes only %zu columns", r->nodes.n);
    *out_n_rows = fb_vector_u64(&r->nodes, r->next_node, NODE_BYTES, NODE_LENGTH_AT);
    *out_n_nulls = fb_vector_u64(&r->nodes, r->next_node, NODE_BYTES, NODE_NULLS_AT);
    r->next_node++;
    return OK;
}

/* Skip a column and everything inside it. */
must_use static enum code skip_column(struct reading *r, const struct arrow_array *a)
{
    uint64_t n_rows, n_nulls, n_blocks = 0;
    TRY(next_node(r, &n_rows, &n_nulls));
    if (a->has_blocks)
        TRY(next_block_count(r, &n_blocks));
    TRY(ipc_body_skip(&r->body, a->n_buffers + n_blocks + (r->is_v4 && a->is_union), r->err));
    for (size_t i = 0; i < a->n_children; i++)
        TRY(skip_column(r, &a->children[i]));
    return OK;
}

must_use static enum code read_validity(struct reading *r, struct arrow_array *a, uint64_t n_nulls)
{
    struct view bits;
    TRY(ipc_body_next(&r->body, &bits, r->err));
    /* Without nulls, the bitmap may be left out or hold anything. */
    a->validity = n_nulls ? bits.ptr : NULL;
    if (n_nulls && bits.len < a->n_rows / 8 + (a->n_rows % 8 != 0))
        return too_short(r, a, "validity", bits.len);
    return OK;
}

/* `n` numbers of 4 or 8 bytes. */
must_use static enum code read_numbers(struct reading *r, const struct arrow_array *a, size_t n,
                                       const char *what, const uint8_t **out)
{
    struct view numbers;
    TRY(ipc_body_next(&r->body, &numbers, r->err));
    *out = numbers.ptr;
    if (a->n_rows && numbers.len / (a->is_wide ? 8 : 4) < n) /* no rows: may be omitted */
        return too_short(r, a, what, numbers.len);
    return OK;
}

/* Values of one width. */
must_use static enum code read_data(struct reading *r, struct arrow_array *a, size_t width)
{
    TRY(ipc_body_next(&r->body, &a->data, r->err));
    return a->data.len / width < a->n_rows ? too_short(r, a, "values", a->data.len) : OK;
}

must_use static enum code read_bits(struct reading *r, struct arrow_array *a)
{
    TRY(ipc_body_next(&r->body, &a->data, r->err));
    bool short_of = a->data.len < a->n_rows / 8 + (a->n_rows % 8 != 0);
    return short_of ? too_short(r, a, "values", a->data.len) : OK;
}

must_use static enum code read_views(struct reading *r, struct arrow_array *a)
{
    uint64_t n;
    TRY(next_block_count(r, &n));
    TRY(read_data(r, a, VIEW_BYTES));
    struct view *blocks = arena_alloc(r->arena, n * sizeof(*blocks));
    for (size_t i = 0; i < n; i++)
        TRY(ipc_body_next(&r->body, &blocks[i], r->err));
    a->blocks = blocks;
    a->n_blocks = n;
    return OK;
}

/* Read the buffers after the validity. Their number and order by type are those of
 * format/Columnar.rst, "Buffer Listing for Each Layout"; arrow_type.c has the numbers for types
 * that are skipped. */
must_use static enum code read_buffers(struct reading *r, struct arrow_array *a)
{
    switch (a->layout) {
    case ARRAY_PLAIN:
        return read_data(r, a, type_width(&a->type));
    case ARRAY_BITS:
        return read_bits(r, a);
    case ARRAY_DAYS:
        return read_data(r, a, sizeof(int64_t));
    case ARRAY_NARROW:
    case ARRAY_DICTIONARY:
        return read_data(r, a, a->width);
    case ARRAY_BYTES:
        TRY(read_numbers(r, a, a->n_rows + 1, "offsets", &a->offsets));
        return ipc_body_next(&r->body, &a->data, r->err);
    case ARRAY_VIEWS:
        return read_views(r, a);
    case ARRAY_LIST:
        return read_numbers(r, a, a->n_rows + 1, "offsets", &a->offsets);
    case ARRAY_LIST_VIEW:
        TRY(read_numbers(r, a, a->n_rows, "offsets", &a->offsets));
        return read_numbers(r, a, a->n_rows, "sizes", &a->sizes);
    default:
        return OK;
    }
}

must_use static enum code read_column(struct reading *r, struct arrow_array *a);

must_use static enum code read_children(struct reading *r, struct arrow_array *a)
{
    for (size_t i = 0; i < a->n_children; i++)
        TRY(read_column(r, &a->children[i]));
    if (a->layout == ARRAY_FIXED_LIST && a->list_size &&
        a->children[0].n_rows / a->list_size < a->n_rows)
        return err_set(r->err, E_INVALID, "%zu elements are too few for %zu lists of %u",
                       a->children[0].n_rows, a->n_rows, a->list_size);
    return OK;
}

must_use static enum code read_column(struct reading *r, struct arrow_array *a)
{
    uint64_t n_rows, n_nulls;
    TRY(next_node(r, &n_rows, &n_nulls));
    if (n_rows > INT64_MAX || n_nulls > n_rows)
        return err_set(r->err, E_INVALID, "%lld of %lld rows are null", (long long)n_nulls,
                       (long long)n_rows);
    a->n_rows = n_rows;
    a->validity = NULL;
    if (a->layout != ARRAY_NULLS && a->layout != ARRAY_RUNS)
        TRY(read_validity(r, a, n_nulls));
    TRY(read_buffers(r, a));
    return read_children(r, a);
}

/* Only top-level columns must have as many rows as the batch; children have as many as the offsets
 * of their parent want. */
must_use static enum code read_top(struct reading *r, struct arrow_array *a, size_t n_rows)
{
    if (!a->supported || a->ignored)
        return skip_column(r, a);
    TRY(read_column(r, a));
    if (a->n_rows != n_rows)
        return err_set(r->err, E_INVALID, "has %zu rows in a batch of %zu", a->n_rows, n_rows);
    return OK;
}

enum code ipc_batch_read(const struct ipc_batch_into *into, const struct fb_table *batch,
                         struct view body, bool is_v4, size_t *out_n_rows, struct err *err)
{
    char shown[100];
    uint64_t n_rows;
    struct reading r = {.arena = into->arena, .is_v4 = is_v4, .err = err};
    TRY(ipc_body_init(&r.body, batch, body, into->codec, into->memory, err));
    if (!fb_scalar(batch, BATCH_LENGTH, 8, 0, &n_rows) ||
        !fb_vector(batch, BATCH_NODES, NODE_BYTES, &r.nodes) ||
        !fb_vector(batch, BATCH_BLOCK_COUNTS, 8, &r.block_counts))
        return err_set(err, E_INVALID,
                       "not an Arrow IPC stream: the metadata of a batch is damaged");
    if (n_rows > into->rows_max)
        return err_set(err, E_LIMIT,
                       "a batch of the Arrow stream has %lld rows, at most %zu are read",
                       (long long)n_rows, into->rows_max);
    for (size_t i = 0; i < into->n_columns; i++) {
        struct arrow_array *a = &into->columns[i];
        enum code rc = read_top(&r, a, n_rows);
        if (rc)
            return err_in(err, rc, "column '%s' of the Arrow stream",
                          view_printable(a->name, shown, sizeof(shown)));
    }
    *out_n_rows = n_rows;
    return OK;
}
