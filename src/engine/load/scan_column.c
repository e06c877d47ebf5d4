#include "engine/load/scan_column.h"

#include "model/fill.h"

#include <assert.h>

void scan_column_done(struct scan_column *c)
{
    buf_done(&c->valid);
    buf_done(&c->values);
    buf_done(&c->ends);
    *c = (struct scan_column){0};
}

void scan_column_reset(struct scan_column *c)
{
    c->n = 0;
    buf_reset(&c->valid);
    buf_reset(&c->values);
    buf_reset(&c->ends);
}

size_t scan_row_bytes(const struct vector *v, size_t i)
{
    return vector_kept_bytes(&v->type) + (type_is_variable(&v->type) ? v->views[i].len : 0);
}

static void add_views(struct scan_column *c, const struct view *views, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (views[i].len)
            buf_put(&c->values, views[i].ptr, views[i].len);
        uint64_t end = c->values.len;
        buf_put(&c->ends, &end, sizeof(end));
    }
}

void scan_column_add(struct scan_column *c, const struct vector *v, size_t at, size_t n)
{
    size_t width = vector_width(&v->type);
    buf_put(&c->valid, v->valid + at, n);
    if (vector_has_views(&v->type))
        add_views(c, v->views + at, n);
    else
        buf_put(&c->values, (const uint8_t *)v->values + at * width, n * width);
    c->n += n;
}

/* The bytes of a value, for types that vectors have as views. */
static struct view value_at(const struct scan_column *c, size_t row)
{
    uint64_t from = 0, end;
    if (row > 0)
        memcpy(&from, c->ends.ptr + (row - 1) * sizeof(from), sizeof(from));
    memcpy(&end, c->ends.ptr + row * sizeof(end), sizeof(end));
    return view_of(c->values.ptr + from, end - from);
}

void scan_column_sizes(const struct scan_column *c, struct column_sizes *out)
{
    *out = (struct column_sizes){0};
    for (size_t row = 0; type_is_variable(&c->type) && row < c->n; row++) {
        bool sound = fill_add_sizes(&c->type, value_at(c, row), out);
        assert(sound); /* the decoder made these bytes */
        (void)sound;
    }
}

static void fill_views(const struct scan_column *c, struct column *out)
{
    struct list_fill fill = {0};
    for (size_t row = 0; row < c->n; row++) {
        struct view value = value_at(c, row);
        if (out->child && out->offsets)
            fill_list(out, row, value, &fill);
        else if (out->child)
            fill_fixed_list(out, row, value);
        else
            out->offsets[row + 1] = (int32_t)(value.ptr + value.len - c->values.ptr);
    }
    if (!out->child && c->values.len)
        memcpy(out->data, c->values.ptr, c->values.len);
}

void scan_column_fill(const struct scan_column *c, struct column *out)
{
    out->n_nulls = 0;
    for (size_t row = 0; row < c->n; row++)
        out->n_nulls += !c->valid.ptr[row];
    fill_bits(out->validity, 0, c->valid.ptr, c->n);
    if (vector_has_views(&c->type))
        fill_views(c, out);
    else if (c->type.dtype == DT_BOOL)
        fill_bits(out->data, 0, c->values.ptr, c->n);
    else if (c->values.len)
        memcpy(out->data, c->values.ptr, c->values.len);
}
