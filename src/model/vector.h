/*
 * A run of decoded values of one column on its way from a Parquet page into rows: a few thousand
 * values that stay in cache. The load path works on vectors; answers are `struct column`s.
 */
#ifndef MURR_MODEL_VECTOR_H
#define MURR_MODEL_VECTOR_H

#include "model/dtype.h"

struct vector {
    enum dtype dtype;
    size_t n;       /* values held */
    size_t cap;     /* values there is room for */
    size_t n_nulls; /* among the n */
    uint8_t *valid; /* n bytes, 1 value 0 null; always filled, also when n_nulls is 0 */
    union {
        void *values;       /* n * dtype_width(dtype), native byte order; bool as bytes 0/1 */
        struct view *views; /* utf8: bytes borrowed from the decoder */
    };                      /* a null row holds zeros */
};

/* Room for `cap` values. Aborts when memory is short: a vector is a few thousand values. */
void vector_init(struct vector *v, enum dtype dtype, size_t cap);
void vector_done(struct vector *v);

/*
 * Copy `from` into `to`, whose type every value of `from` fits without loss (dtype_widens), or which
 * is float32 where `from` is float64 (rounded to nearest). `to` has room for from->n values.
 */
void vector_convert(const struct vector *from, struct vector *to);

#endif
