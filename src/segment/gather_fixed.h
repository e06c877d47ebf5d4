/* Gathering columns whose values all have one width: one loop a width, from the rows into the
 * buffers of an answer. */
#ifndef MURR_SEGMENT_GATHER_FIXED_H
#define MURR_SEGMENT_GATHER_FIXED_H

#include "segment/cells_priv.h"

/* n rows from `at`, a multiple of 8, of a column that is in place (seg_is_in_place): values,
 * children and null bits. */
void seg_gather_fixed(const struct seg_source *src, size_t at, size_t n, struct column *out);

/* Whether the next four columns can go through gather_quad: 4 bytes each, side by side in all
 * layers. */
bool seg_is_quad(const struct seg_source *sources, struct column *const *columns, size_t n);
void seg_gather_quad(const struct seg_source *sources, size_t at, size_t n,
                     struct column *const *columns);

#endif
