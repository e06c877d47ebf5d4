/* Gathering columns whose values differ in length: utf8, binary, lists of any length, and
 * components of keys. */
#ifndef MURR_SEGMENT_GATHER_VAR_H
#define MURR_SEGMENT_GATHER_VAR_H

#include "model/fill.h"
#include "segment/cells_priv.h"

/* Add what n rows from `at` take. False: a value is damaged. */
bool seg_run_sizes(const struct seg_source *src, const struct type *type, bool in_key, size_t at,
                   size_t n, struct column_sizes *sum);

/* How far a column of variable length is filled. */
struct seg_filled {
    size_t bytes;
    struct list_fill list;
};

/* n rows from `at`, a multiple of 8, after those that are filled; not of keys. */
void seg_gather_var(const struct seg_source *src, size_t at, size_t n, struct column *out,
                    struct seg_filled *filled);

/* All rows of a component of a key that has to be taken apart: utf8, and what is after it. */
void seg_gather_key(const struct seg_source *src, struct column *out);

#endif
