/*
 * From values of a physical type, nulls left out, to rows of a dtype. A new logical type is added
 * here and in leaf.c; the encodings know nothing of it.
 */
#ifndef MURR_FORMAT_PARQUET_CONVERT_H
#define MURR_FORMAT_PARQUET_CONVERT_H

#include "format/parquet/reader.h"

/* Whether values must be converted to their type; else the physical values have its form in
 * memory. */
bool pq_must_convert(const struct pq_leaf *leaf);

/*
 * `n` values of the leaf's physical type as `to`: its type or, for INT96, a timestamp of any unit.
 *
 * Fails E_CORRUPT on a number that its declared width or precision has no room for; E_INVALID on an
 * INT96 outside of the range of the unit.
 */
must_use enum code pq_convert(const struct pq_leaf *leaf, const struct type *to, const void *in,
                              size_t n, void *out, struct err *err);

/*
 * Move the first `n_set` values of `width` bytes to the rows that are valid, and zero the others:
 * `n` rows, of which `n_set` are valid.
 */
void pq_spread(void *values, size_t width, const uint8_t *valid, size_t n, size_t n_set);

#endif
