/*
 * The values of a row in the columns that equality deletes compare, as bytes: two rows have the same
 * bytes if the deletes of one delete the other. Null equals null, and NaN equals NaN; zeros of
 * different sign are different.
 *
 *     0x00                  null
 *     0x01 value            of a type of one width
 *     0x01 u64 len, bytes   of any other
 */
#ifndef MURR_ENGINE_LOAD_EQUALITY_KEY_H
#define MURR_ENGINE_LOAD_EQUALITY_KEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/vector.h"

/* The columns compared. Zeroed memory is empty. */
struct equality_columns {
    size_t n;
    struct type *types;            /* in which they are compared */
    struct vector *converted;      /* from other types */
    const struct vector **vectors; /* what is compared: what was set, or what it was converted to */
    struct arena arena;
};

/* Copies the types. Vectors may have `cap` rows. */
void equality_columns_init(struct equality_columns *c, const struct type *types, size_t n,
                           size_t cap);
void equality_columns_done(struct equality_columns *c);

/* Forget the rows before. */
void equality_columns_reset(struct equality_columns *c);

/* Set column k of the rows, which is borrowed. Fails E_INVALID for a value that the type in which
 * it is compared cannot hold. */
must_use enum code equality_columns_set(struct equality_columns *c, size_t k,
                                        const struct vector *v, struct err *err);

/* Append the bytes of a row. */
void equality_key_put(const struct equality_columns *c, size_t row, struct buf *out);

#endif
