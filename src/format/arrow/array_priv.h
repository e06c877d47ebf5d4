/* How arrays of one layout are read: what array.c, array_bytes.c and array_nested.c have in
 * common. */
#ifndef MURR_FORMAT_ARROW_ARRAY_PRIV_H
#define MURR_FORMAT_ARROW_ARRAY_PRIV_H

#include "format/arrow/array.h"

/* One call of arrow_array_read. */
struct arrow_read {
    const struct arrow_array *root; /* whose name messages say */
    size_t row;                     /* of it: the first that is being read */
    bool is_inside;                 /* reads what that one row refers to in another array */
    struct arena *arena;
    size_t arena_end; /* of arena->total, where read_bytes end */
    struct err *err;
};

/* Fill values of rows at .. at + n, which exist. `out->valid` is filled in; values of nulls may be
 * left alone, but must not be dereferenced. */
typedef enum code (*arrow_read_fn)(struct arrow_read *r, const struct arrow_array *a, size_t at,
                                   size_t n, struct vector *out);

enum code arrow_read_bytes(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out);
enum code arrow_read_views(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out);
enum code arrow_read_lists(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out);
enum code arrow_read_dictionary(struct arrow_read *r, const struct arrow_array *a, size_t at,
                                size_t n, struct vector *out);
enum code arrow_read_runs(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                          struct vector *out);

/* Rows of any array of the tree, as arrow_array_read does it. */
must_use enum code arrow_read_rows(struct arrow_read *r, const struct arrow_array *a, size_t at,
                                   size_t n, struct vector *out);

/* Memory that counts against read_bytes. Fails E_LIMIT. */
must_use enum code arrow_read_alloc(struct arrow_read *r, size_t bytes, void **out);

/* E_INVALID: "column 'x', row 7: ...", of row number i of this read. */
#define arrow_lies(r, i, ...) (err_write((r)->err, __VA_ARGS__), arrow_lies_at((r), (i)))
enum code arrow_lies_at(struct arrow_read *r, size_t i);

/* The state for reading what row number i of this read refers to in another array. */
static inline struct arrow_read arrow_inside(const struct arrow_read *r, size_t i)
{
    struct arrow_read inside = *r;
    inside.row += r->is_inside ? 0 : i;
    inside.is_inside = true;
    return inside;
}

/* The rows of `out` from `at` on, as a vector of its own that lends everything. */
static inline struct vector arrow_slice(const struct vector *v, size_t at, size_t n)
{
    struct vector slice = *v;
    slice.n = slice.cap = n;
    slice.n_nulls = 0;
    slice.valid = v->valid + at;
    slice.values = (uint8_t *)v->values + at * vector_width(&v->type);
    return slice;
}

#endif
