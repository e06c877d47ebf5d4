#include "format/json/batch.h"

#include "format/json/put.h"
#include "format/json/text.h"

#include <assert.h>

/* Values are written straight into memory that is reserved for many of them. */
enum { ROWS_AT_ONCE = 256 };

static uint8_t *write_null(uint8_t *w)
{
    return mempcpy(w, "null", 4);
}

#define VALUE(type) ((const type *)(const void *)c->data)[row]

static uint8_t *write_number(uint8_t *w, const struct column *c, size_t row)
{
    switch (c->type.dtype) {
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
    case DT_FLOAT64:
        return json_write_float64(w, VALUE(double));
    case DT_FLOAT16:
        return json_write_float16(w, VALUE(uint16_t));
    case DT_DATE32:
        return json_write_date(w, VALUE(int32_t));
    case DT_TIMESTAMP:
        return json_write_timestamp(w, &c->type, VALUE(int64_t));
    case DT_TIME32:
        return json_write_time(w, c->type.unit, VALUE(int32_t));
    case DT_TIME64:
        return json_write_time(w, c->type.unit, VALUE(int64_t));
    case DT_DURATION:
        return json_write_int(w, VALUE(int64_t));
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return json_write_decimal(w, &c->type, c->data + row * type_width(&c->type));
    case DT_UTF8:
    case DT_BINARY:
    case DT_FIXED_BINARY:
    case DT_LIST:
        break;
    }
    assert(!"a short value");
    return w;
}

#undef VALUE

/* The null bits are tested for each value even in columns without nulls: the branch is always taken
 * the same way then. */
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

/* Values that are numbers or short texts in JSON; others are put one by one. */
static bool is_short(const struct type *t)
{
    return !dtype_is_bytes(t->dtype) && t->dtype != DT_LIST && t->dtype != DT_FIXED_BINARY;
}

static void put_bytes(struct buf *out, const struct column *c, size_t row)
{
    struct view value;
    if (c->offsets) {
        size_t len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
        value = len ? view_of(c->data + c->offsets[row], len) : (struct view){0};
    } else {
        value = view_of(c->data + row * c->type.fixed_width, c->type.fixed_width);
    }
    if (c->type.dtype == DT_UTF8)
        json_put_string(out, value);
    else
        json_put_base64(out, value);
}

static void put_list(struct buf *out, const struct column *c, size_t row)
{
    size_t from = c->offsets ? (size_t)c->offsets[row] : row * c->type.list_size;
    size_t end = c->offsets ? (size_t)c->offsets[row + 1] : from + c->type.list_size;
    buf_put_u8(out, '[');
    for (size_t i = from; i < end; i++) {
        if (i > from)
            buf_put_u8(out, ',');
        json_put_cell(out, c->child, i);
    }
    buf_put_u8(out, ']');
}

void json_put_cell(struct buf *out, const struct column *c, size_t row)
{
    if (!column_is_valid(c, row)) {
        buf_puts(out, "null");
    } else if (c->child) {
        put_list(out, c, row);
    } else if (is_short(&c->type)) {
        uint8_t *w = buf_reserve(out, JSON_NUMBER_CAP);
        out->len = (size_t)(write_number(w, c, row) - out->ptr);
    } else {
        put_bytes(out, c, row);
    }
}

static void put_cells(struct buf *out, const struct column *c)
{
    for (size_t row = 0; row < c->n_rows; row++) {
        if (row)
            buf_put_u8(out, ',');
        json_put_cell(out, c, row);
    }
}

static void put_values(struct buf *out, const struct column *c)
{
    buf_puts(out, "[");
    if (is_short(&c->type))
        put_numbers(out, c);
    else
        put_cells(out, c);
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
