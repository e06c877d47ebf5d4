/*
 * A column of an answer, in Arrow's memory layout (format/Columnar.rst): a validity bitmap and a
 * values buffer; offsets where values differ in length; a child column for the elements of lists.
 * The memory belongs to whoever laid it out: the response body for Arrow, the request arena for
 * JSON.
 */
#ifndef MURR_MODEL_COLUMN_H
#define MURR_MODEL_COLUMN_H

#include "model/type.h"

struct column {
    const char *name; /* borrowed from the schema */
    struct type type;
    size_t n_rows;
    size_t n_nulls;
    /* ceil(n_rows / 8) bytes, bit i % 8 of byte i / 8, 1 = value; unused bits 0 */
    uint8_t *validity;
    int32_t *offsets; /* of variable length: n_rows + 1, the first is 0; others: NULL */
    /* values; bool: a bitmap like validity; utf8, binary: the bytes; list: NULL. Null rows hold
     * 0 */
    uint8_t *data;
    struct column *child; /* list: the elements of all rows; of one length: n_rows * list_size */
    size_t data_room; /* utf8, binary: bytes that may be written at data; 0: what the values take */
};

/* The parts of a column's size that depend on its values. */
struct column_sizes {
    size_t bytes;      /* of utf8 and binary, and of such elements of lists */
    size_t n_elements; /* of lists of any length */
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

/* Bytes of the values buffer of n_rows values of one width. */
static inline size_t column_data_bytes(const struct type *t, size_t n_rows)
{
    return t->dtype == DT_BOOL ? column_bitmap_bytes(n_rows) : n_rows * type_width(t);
}

static inline bool column_is_valid(const struct column *c, size_t row)
{
    return c->validity[row / 8] >> (row % 8) & 1;
}

#endif
