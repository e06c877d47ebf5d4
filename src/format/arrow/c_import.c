#include "format/arrow/c_import.h"

#include "format/arrow/array_decide.h"
#include "format/arrow/c_format.h"

#include <inttypes.h>

struct c_import {
    size_t n_fields;
    struct arrow_array *columns;
    size_t n_columns;
    struct arena arena;       /* of the schema */
    struct arena batch_arena; /* of lists of blocks */
};

static const uint8_t nothing[1];

/* -------------------------------------------------------------------------------------- schemas */

static enum code bad_column(const struct arrow_array *a, struct err *err, enum code rc)
{
    char shown[100];
    return err_in(err, rc, "column '%s' of the Arrow batch",
                  view_printable(a->name, shown, sizeof(shown)));
}

must_use static enum code alloc_fields(struct c_import *c, int64_t n, struct arrow_array **out,
                                       struct err *err)
{
    if (n < 0 || (uint64_t)n > ARROW_FIELDS_MAX - c->n_fields)
        return err_set(err, n < 0 ? E_INVALID : E_LIMIT,
                       "%" PRId64 " columns in an Arrow schema, at most %d are read", n,
                       ARROW_FIELDS_MAX);
    c->n_fields += (size_t)n;
    *out = arena_zalloc(&c->arena, (size_t)n * sizeof(**out));
    return OK;
}

must_use static enum code read_field(struct c_import *c, const struct ArrowSchema *s, size_t depth,
                                     struct arrow_array *a, struct err *err);

must_use static enum code read_children(struct c_import *c, const struct ArrowSchema *s,
                                        size_t depth, struct arrow_array **out, size_t *out_n,
                                        struct err *err)
{
    if (depth == ARROW_DEPTH_MAX)
        return err_set(err, E_LIMIT, "columns nested deeper than %d", ARROW_DEPTH_MAX);
    TRY(alloc_fields(c, s->n_children, out, err));
    *out_n = (size_t)s->n_children;
    for (size_t i = 0; i < *out_n; i++)
        TRY(read_field(c, s->children ? s->children[i] : NULL, depth + 1, &(*out)[i], err));
    return OK;
}

must_use static enum code read_dictionary(struct c_import *c, const struct ArrowSchema *s,
                                          size_t depth, const struct arrow_spec *index,
                                          struct arrow_array *a, struct err *err)
{
    struct arrow_array *values;
    TRY(alloc_fields(c, 1, &values, err));
    if (depth == ARROW_DEPTH_MAX)
        return err_set(err, E_LIMIT, "columns nested deeper than %d", ARROW_DEPTH_MAX);
    TRY(read_field(c, s->dictionary, depth + 1, values, err));
    arrow_array_decide_dictionary(a, index, values, &c->arena);
    a->dictionary = arena_zalloc(&c->arena, sizeof(*a->dictionary));
    a->dictionary->pieces = arena_zalloc(&c->arena, sizeof(*a->dictionary->pieces));
    a->dictionary->pieces[0].values = values;
    a->dictionary->n_pieces = 1;
    return OK;
}

must_use static enum code read_field(struct c_import *c, const struct ArrowSchema *s, size_t depth,
                                     struct arrow_array *a, struct err *err)
{
    char shown[100];
    struct arrow_spec spec;
    if (!s || !s->release)
        return err_set(err, E_INVALID, "an Arrow schema %s",
                       s ? "was released already" : "lacks a child that it counts");
    const char *name = s->name ? s->name : "";
    a->name = view_cstr(arena_strndup(&c->arena, name, strlen(name)));
    if (!s->format || !c_format_parse(s->format, &spec))
        return bad_column(
            a, err,
            err_set(err, E_INVALID, "format '%s' is not understood",
                    view_printable(view_cstr(s->format ? s->format : ""), shown, sizeof(shown))));
    if (s->dictionary)
        return read_dictionary(c, s, depth, &spec, a, err);
    TRY(read_children(c, s, depth, &a->children, &a->n_children, err));
    arrow_array_decide(a, &spec, &c->arena);
    if (spec.kind == 0)
        a->type_text = arena_strndup(&c->arena, s->format, strlen(s->format));
    return OK;
}

must_use static enum code read_schema(struct c_import *c, const struct ArrowSchema *s,
                                      size_t read_bytes, struct err *err)
{
    if (!s->release)
        return err_set(err, E_INVALID, "the Arrow schema was released already");
    if (!s->format || strcmp(s->format, "+s") != 0)
        return err_set(
            err, E_INVALID,
            "the Arrow schema is not that of a record batch: its format is '%.40s', not '+s'",
            s->format ? s->format : "");
    TRY(read_children(c, s, 0, &c->columns, &c->n_columns, err));
    for (size_t i = 0; i < c->n_columns; i++)
        c->columns[i].read_bytes = read_bytes;
    return OK;
}

enum code c_import_open(const struct ArrowSchema *schema, size_t read_bytes, struct c_import **out,
                        struct err *err)
{
    struct c_import *c = mem_zalloc(sizeof(*c));
    enum code rc = read_schema(c, schema, read_bytes, err);
    if (rc) {
        c_import_close(c);
        return rc;
    }
    *out = c;
    return OK;
}

void c_import_close(struct c_import *c)
{
    if (!c)
        return;
    arena_done(&c->batch_arena);
    arena_done(&c->arena);
    free(c);
}

size_t c_import_n_columns(const struct c_import *c)
{
    return c->n_columns;
}

const struct arrow_array *c_import_column(const struct c_import *c, size_t i)
{
    return &c->columns[i];
}

/* --------------------------------------------------------------------------------------- arrays */

/*
 * Arrays are slices: `offset` rows of the buffers come first and do not belong to it. A struct
 * array adds its own offset to those of its children, which is why take_array takes a number of
 * rows to skip. Only the children of a batch are struct fields; below them, offsets are not
 * inherited: elements of lists and values of dictionaries are addressed from 0.
 */

/* One array that is being read. */
struct taking {
    struct c_import *c;
    const struct ArrowArray *from;
    struct err *err;
};

/* NULL: it is missing. */
static const void *buffer_of(const struct ArrowArray *from, size_t i)
{
    return from->buffers && (int64_t)i < from->n_buffers ? from->buffers[i] : NULL;
}

/* Buffer i, which may be missing where it has no bytes. */
must_use static enum code take_buffer(const struct taking *t, size_t i, uint64_t bytes,
                                      struct view *out)
{
    const void *ptr = buffer_of(t->from, i);
    if (!ptr && bytes)
        return err_set(t->err, E_INVALID, "buffer %zu of %" PRId64 " is missing", i,
                       t->from->n_buffers);
    *out = view_of(ptr ? ptr : nothing, ptr ? bytes : 0);
    return OK;
}

must_use static enum code take_data(const struct taking *t, struct arrow_array *a, size_t width)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(a->offset + a->n_rows, width, &bytes) || bytes > INT64_MAX)
        return err_set(t->err, E_INVALID, "%zu rows of %zu bytes are too many", a->n_rows, width);
    return take_buffer(t, 1, bytes, &a->data);
}

/* Offsets or sizes. */
must_use static enum code take_numbers(const struct taking *t, const struct arrow_array *a,
                                       size_t i, const uint8_t **out)
{
    struct view numbers;
    TRY(take_buffer(t, i, (a->n_rows + 1) * (a->is_wide ? 8 : 4), &numbers));
    *out = numbers.ptr;
    return OK;
}

/* The last offset says how long the text is. */
must_use static enum code take_bytes(const struct taking *t, struct arrow_array *a)
{
    TRY(take_numbers(t, a, 1, &a->offsets));
    uint64_t end = arrow_offset(a->offsets, a->is_wide, a->offset + a->n_rows);
    if (end > (a->is_wide ? INT64_MAX : INT32_MAX))
        return err_set(t->err, E_INVALID, "its last offset is negative");
    return take_buffer(t, 2, end, &a->data);
}

enum { VIEW_BYTES = 16, BUFFERS_BESIDE_BLOCKS = 3 };

/* The last buffer has the sizes of the blocks before it. */
must_use static enum code take_views(const struct taking *t, struct arrow_array *a)
{
    int64_t n_buffers = t->from->n_buffers;
    struct view sizes;
    TRY(take_data(t, a, VIEW_BYTES));
    size_t n = n_buffers > BUFFERS_BESIDE_BLOCKS ? (size_t)n_buffers - BUFFERS_BESIDE_BLOCKS : 0;
    TRY(take_buffer(t, n + 2, n * sizeof(int64_t), &sizes));
    struct view *blocks = arena_alloc(&t->c->batch_arena, n * sizeof(*blocks));
    for (size_t i = 0; i < n; i++) {
        uint64_t bytes = arrow_offset(sizes.ptr, true, i);
        if (bytes > INT64_MAX)
            return err_set(t->err, E_INVALID, "block %zu of its views has %" PRId64 " bytes", i,
                           (int64_t)bytes);
        TRY(take_buffer(t, i + 2, bytes, &blocks[i]));
    }
    a->blocks = blocks;
    a->n_blocks = n;
    return OK;
}

must_use static enum code take_values(const struct taking *t, struct arrow_array *a)
{
    if (a->n_rows == 0) /* then all buffers may be missing */
        return OK;
    switch (a->layout) {
    case ARRAY_PLAIN:
        return take_data(t, a, type_width(&a->type));
    case ARRAY_BITS:
        return take_buffer(t, 1, (a->offset + a->n_rows + 7) / 8, &a->data);
    case ARRAY_DAYS:
        return take_data(t, a, sizeof(int64_t));
    case ARRAY_NARROW:
    case ARRAY_DICTIONARY:
        return take_data(t, a, a->width);
    case ARRAY_BYTES:
        return take_bytes(t, a);
    case ARRAY_VIEWS:
        return take_views(t, a);
    case ARRAY_LIST:
        return take_numbers(t, a, 1, &a->offsets);
    case ARRAY_LIST_VIEW:
        TRY(take_numbers(t, a, 1, &a->offsets));
        return take_numbers(t, a, 2, &a->sizes);
    default:
        return OK;
    }
}

must_use static enum code take_validity(const struct taking *t, struct arrow_array *a)
{
    a->validity = NULL;
    if (a->layout == ARRAY_NULLS || a->layout == ARRAY_RUNS || t->from->null_count == 0)
        return OK;
    a->validity = buffer_of(t->from, 0);
    if (t->from->null_count > 0 && !a->validity)
        return err_set(t->err, E_INVALID, "%" PRId64 " rows are null, but the validity is missing",
                       t->from->null_count);
    return OK;
}

must_use static enum code check_counts(const struct ArrowArray *from, size_t n_children,
                                       struct err *err)
{
    if (!from || !from->release)
        return err_set(err, E_INVALID, from ? "was released already" : "is missing");
    if (from->length < 0 || from->offset < 0 || from->length > INT64_MAX / 2 - from->offset)
        return err_set(err, E_INVALID, "has %" PRId64 " rows from %" PRId64 " on", from->length,
                       from->offset);
    if (from->n_children != (int64_t)n_children || (n_children && !from->children))
        return err_set(err, E_INVALID, "has %" PRId64 " children, its schema %zu", from->n_children,
                       n_children);
    return OK;
}

must_use static enum code take_array(struct c_import *c, const struct ArrowArray *from, size_t skip,
                                     size_t n_rows, struct arrow_array *a, struct err *err);

/* All rows of an array that is part of another. */
must_use static enum code take_part(struct c_import *c, const struct ArrowArray *from,
                                    struct arrow_array *a, struct err *err)
{
    TRY(check_counts(from, a->n_children, err));
    return take_array(c, from, 0, (size_t)from->length, a, err);
}

/* Rows `skip` .. skip + n_rows of an array. */
must_use static enum code take_array(struct c_import *c, const struct ArrowArray *from, size_t skip,
                                     size_t n_rows, struct arrow_array *a, struct err *err)
{
    const struct taking t = {c, from, err};
    TRY(check_counts(from, a->n_children, err));
    if (skip > (size_t)from->length || n_rows > (size_t)from->length - skip)
        return err_set(err, E_INVALID, "has %" PRId64 " rows, not %zu", from->length,
                       skip + n_rows);
    a->n_rows = n_rows;
    a->offset = (size_t)from->offset + skip;
    TRY(take_validity(&t, a));
    TRY(take_values(&t, a));
    for (size_t i = 0; i < a->n_children; i++)
        TRY(take_part(c, from->children[i], &a->children[i], err));
    if (a->layout != ARRAY_DICTIONARY)
        return OK;
    if (!from->dictionary)
        return err_set(err, E_INVALID, "has no dictionary");
    struct arrow_piece *piece = &a->dictionary->pieces[0];
    piece->end = (size_t)from->dictionary->length;
    return take_part(c, from->dictionary, piece->values, err);
}

/* A batch is a struct, whose rows are never null. */
must_use static enum code refuse_null_rows(const struct ArrowArray *batch, struct err *err)
{
    const uint8_t *bits = buffer_of(batch, 0);
    for (int64_t i = 0; batch->null_count && bits && i < batch->length; i++) {
        uint64_t row = (uint64_t)(batch->offset + i);
        if (!(bits[row / 8] >> (row % 8) & 1))
            return err_set(err, E_INVALID, "row %" PRId64 " of the Arrow batch is null as a whole",
                           i);
    }
    return OK;
}

enum code c_import_batch(struct c_import *c, const struct ArrowArray *batch, size_t *out_n_rows,
                         struct err *err)
{
    arena_reset(&c->batch_arena);
    enum code rc = check_counts(batch, c->n_columns, err);
    if (rc)
        return err_in(err, rc, "the Arrow batch");
    TRY(refuse_null_rows(batch, err));
    for (size_t i = 0; i < c->n_columns; i++) {
        struct arrow_array *a = &c->columns[i];
        if (!a->supported)
            continue;
        rc =
            take_array(c, batch->children[i], (size_t)batch->offset, (size_t)batch->length, a, err);
        if (rc)
            return bad_column(a, err, rc);
    }
    *out_n_rows = (size_t)batch->length;
    return OK;
}

static uint64_t array_bytes(const struct arrow_array *a);

/* About the bytes of n elements, by the average element of the child. */
static uint64_t element_bytes(const struct arrow_array *a, uint64_t n)
{
    const struct arrow_array *child = &a->children[0];
    double each = child->n_rows ? (double)array_bytes(child) / (double)child->n_rows : 0;
    return (uint64_t)(each * (double)n);
}

/* The distance between the first and the last offset; 0 if they descend. */
static uint64_t reach(const struct arrow_array *a)
{
    uint64_t from = arrow_offset(a->offsets, a->is_wide, a->offset);
    uint64_t to = arrow_offset(a->offsets, a->is_wide, a->offset + a->n_rows);
    return to > from ? to - from : 0;
}

static uint64_t array_bytes(const struct arrow_array *a)
{
    uint64_t n = a->n_rows;
    if (n == 0)
        return 0;
    switch (a->layout) {
    case ARRAY_PLAIN:
        return n * type_width(&a->type);
    case ARRAY_BYTES:
        return 4 * n + reach(a);
    case ARRAY_LIST:
        return 4 * n + element_bytes(a, reach(a));
    case ARRAY_LIST_VIEW:
        return 8 * n + array_bytes(&a->children[0]);
    case ARRAY_FIXED_LIST:
        return element_bytes(a, n * a->list_size);
    default:
        return VIEW_BYTES * n;
    }
}

/* An estimate: the C data interface does not say how long buffers are, and elements of lists may be
 * shared. */
uint64_t c_import_bytes(const struct c_import *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].supported)
            bytes += array_bytes(&c->columns[i]);
    return bytes;
}
