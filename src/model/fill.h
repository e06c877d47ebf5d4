/*
 * Filling the parts of a column that are not plain copies: bitmaps, and lists, whose elements are
 * appended to a child column. Rows must be filled in order.
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

/* Set n bits of a bitmap from bit `from` on, to 1 or to the given bytes 0/1. Earlier bits stay;
 * later bits of the last byte become 0. */
void fill_ones(uint8_t *bitmap, size_t from, size_t n);
void fill_bits(uint8_t *bitmap, size_t from, const uint8_t *bytes, size_t n);

#endif
