/*
 * Filling the parts of a column that are not plain copies: bitmaps, and lists, whose elements go to
 * a child one behind the other. Rows are put in order.
 */
#ifndef MURR_MODEL_FILL_H
#define MURR_MODEL_FILL_H

#include "model/column.h"

/* Where the next element goes. Zeroed memory is the beginning. */
struct list_fill {
    size_t n_elements;
    size_t bytes;
};

/* Add what one value needs, of a list (model/list.h; no bytes at all are a null) or of utf8 and
 * binary. False: the value is damaged. */
bool fill_add_sizes(const struct type *t, struct view value, struct column_sizes *sizes);

/* Row `row` of a column of lists of any length; no bytes at all are a null. */
void fill_list(struct column *out, size_t row, struct view value, struct list_fill *fill);

/* Row `row` of a column of lists of one length; no bytes at all are a null, of null elements. */
void fill_fixed_list(struct column *out, size_t row, struct view value);

/* Bits of a bitmap whose bits before `from` are set already: 1, or those of bytes 0/1. Bits behind
 * them in their last byte become 0. */
void fill_ones(uint8_t *bitmap, size_t from, size_t n);
void fill_bits(uint8_t *bitmap, size_t from, const uint8_t *bytes, size_t n);

#endif
