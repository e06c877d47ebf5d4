#include "format/json/batch.h"

#include "format/json/put.h"

/* Values are written straight into memory reserved for so many of them. */
enum { ROWS_AT_ONCE = 256 };

static uint8_t *write_null(uint8_t *w)
{
    return mempcpy(w, "null", 4);
}

#define VALUE(type) ((const type *)(const void *)c->data)[row]

static uint8_t *write_number(uint8_t *w, const struct column *c, size_t row)
{
    switch (c->dtype) {
    case DT_BOOL:
        return c->data[row / 8] >> (row % 8) & 1 ? mempcpy(w, "true", 4) : mempcpy(w, "false", 5);
    case DT_INT8:
        return json_write_int(w, VALUE(int8_t));
    case DT_INT16:
        return json_write_int(w, VALUE(int16_t));
    case DT_INT32:
        return json_write_int(w, VALUE(int32_t));
    case DT_INT64:
        return json_write_int(w, VALUE(int64_t));
    case DT_UINT8:
        return json_write_uint(w, VALUE(uint8_t));
    case DT_UINT16:
        return json_write_uint(w, VALUE(uint16_t));
    case DT_UINT32:
        return json_write_uint(w, VALUE(uint32_t));
    case DT_UINT64:
        return json_write_uint(w, VALUE(uint64_t));
    case DT_FLOAT32:
        return json_write_float32(w, VALUE(float));
    default:
        return json_write_float64(w, VALUE(double));
    }
}

#undef VALUE

static void put_numbers(struct buf *out, const struct column *c)
{
    for (size_t row = 0; row < c->n_rows;) {
        size_t end = c->n_rows - row < ROWS_AT_ONCE ? c->n_rows : row + ROWS_AT_ONCE;
        uint8_t *w = buf_reserve(out, (end - row) * (JSON_NUMBER_CAP + 1));
        for (; row < end; row++) {
            if (row)
                *w++ = ',';
            w = column_is_valid(c, row) ? write_number(w, c, row) : write_null(w);
        }
        out->len = (size_t)(w - out->ptr);
    }
}

static void put_string(struct buf *out, const struct column *c, size_t row)
{
    size_t len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
    if (column_is_valid(c, row))
        json_put_string(out, len ? view_of(c->data + c->offsets[row], len) : (struct view){0});
    else
        buf_puts(out, "null");
}

static void put_strings(struct buf *out, const struct column *c)
{
    for (size_t row = 0; row < c->n_rows; row++) {
        if (row)
            buf_put_u8(out, ',');
        put_string(out, c, row);
    }
}

void json_put_cell(struct buf *out, const struct column *c, size_t row)
{
    if (c->dtype == DT_UTF8) {
        put_string(out, c, row);
        return;
    }
    uint8_t *w = buf_reserve(out, JSON_NUMBER_CAP);
    w = column_is_valid(c, row) ? write_number(w, c, row) : write_null(w);
    out->len = (size_t)(w - out->ptr);
}

static void put_values(struct buf *out, const struct column *c)
{
    buf_puts(out, "[");
    if (c->dtype == DT_UTF8)
        put_strings(out, c);
    else
        put_numbers(out, c);
    buf_puts(out, "]");
}

static void put_column(struct buf *out, const struct column *c, enum batch_shape shape)
{
    if (shape == BATCH_LIST)
        buf_puts(out, "{\"name\":");
    json_put_string(out, view_cstr(c->name));
    buf_puts(out, shape == BATCH_LIST ? ",\"values\":" : ":");
    put_values(out, c);
    if (shape == BATCH_LIST)
        buf_puts(out, "}");
}

void json_put_batch(struct buf *out, const struct batch *batch, enum batch_shape shape)
{
    if (shape == BATCH_LIST)
        buf_printf(out, "{\"num_rows\":%zu,\"columns\":[", batch->n_rows);
    else
        buf_puts(out, "{\"columns\":{");
    for (size_t i = 0; i < batch->n_columns; i++) {
        if (i)
            buf_puts(out, ",");
        put_column(out, &batch->columns[i], shape);
    }
    buf_puts(out, shape == BATCH_LIST ? "]}" : "}}");
}
