/*
 * A run of decoded values of one column on its way from a Parquet page into rows: a few hundred
 * values that stay in cache. The load path works on vectors; answers are `struct column`s.
 */
#ifndef MURR_MODEL_VECTOR_H
#define MURR_MODEL_VECTOR_H

#include "model/type.h"

struct vector {
    struct type type;
    size_t n;       /* values held */
    size_t cap;     /* values there is room for */
    size_t n_nulls; /* among the n */
    uint8_t *valid; /* n bytes, 1 value 0 null; always filled, also when n_nulls is 0 */
    /* Null rows hold zeros. */
    union {
        void *values; /* n * vector_width, native byte order; bool as bytes 0/1 */
        /* utf8, binary: bytes borrowed from the decoder. Lists, also those of one length: values as
         * model/list.h describes them. */
        struct view *views;
    };
};

/* Room for `cap` values. Aborts when memory is short: a vector is a few hundred values. */
void vector_init(struct vector *v, const struct type *type, size_t cap);
void vector_done(struct vector *v);

/* Whether values are views. */
static inline bool vector_has_views(const struct type *t)
{
    return dtype_is_bytes(t->dtype) || t->dtype == DT_LIST;
}

/* Bytes of a value in a vector. */
static inline size_t vector_width(const struct type *t)
{
    return vector_has_views(t) ? sizeof(struct view) : type_width(t);
}

/* The least bytes that a value takes where it is stored. In lists of one length, a null takes as
 * much as other values. */
static inline size_t vector_kept_bytes(const struct type *t)
{
    return vector_width(t) + (t->dtype == DT_LIST ? type_width(t) : 0);
}

#endif
