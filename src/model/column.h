/*
 * A column of an answer, in Arrow's memory layout (format/Columnar.rst): a validity bitmap and a
 * values buffer, and for utf8 an offsets buffer. The memory belongs to whoever laid it out: the
 * response body for Arrow, the request arena for JSON.
 */
#ifndef MURR_MODEL_COLUMN_H
#define MURR_MODEL_COLUMN_H

#include "model/dtype.h"

struct column {
    const char *name; /* borrowed from the schema */
    enum dtype dtype;
    size_t n_rows;
    size_t n_nulls;
    uint8_t
        *validity; /* ceil(n_rows / 8) bytes, bit i % 8 of byte i / 8, 1 = value; unused bits 0 */
    int32_t *offsets; /* utf8: n_rows + 1, the first is 0; others: NULL */
    uint8_t *data;    /* values; bool: a bitmap like validity; utf8: the bytes. Null rows hold 0 */
};

struct batch {
    struct column *columns;
    size_t n_columns;
    size_t n_rows;
};

static inline size_t column_bitmap_bytes(size_t n_rows)
{
    return (n_rows + 7) / 8;
}

/* Bytes of the values buffer, for every dtype but utf8. */
static inline size_t column_data_bytes(enum dtype t, size_t n_rows)
{
    return t == DT_BOOL ? column_bitmap_bytes(n_rows) : n_rows * dtype_width(t);
}

static inline bool column_is_valid(const struct column *c, size_t row)
{
    return c->validity[row / 8] >> (row % 8) & 1;
}

#endif
