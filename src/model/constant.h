/* A constant: one value that all rows of a column have, where a file does not hold the column. */
#ifndef MURR_MODEL_CONSTANT_H
#define MURR_MODEL_CONSTANT_H

#include "model/vector.h"

/* Zeroed memory is unset. */
struct constant {
    bool is_set;
    bool is_null;
    /* As in a vector of its column's type: a value of vector_width bytes, or the bytes of a view.
     * Owned. */
    uint8_t *bytes;
    size_t len;
};

void constant_done(struct constant *c);

/* Make the first n rows of the vector this value, or null if it is NULL, unset or null. Views in
 * the vector point into the constant. */
void constant_fill(const struct constant *c, struct vector *v, size_t n);

#endif
