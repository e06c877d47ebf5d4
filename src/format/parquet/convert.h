/*
 * From values of a physical type, nulls left out, to rows of a dtype. A new logical type is added
 * here and in schema.c; the encodings know nothing of it.
 */
#ifndef MURR_FORMAT_PARQUET_CONVERT_H
#define MURR_FORMAT_PARQUET_CONVERT_H

#include "base/err.h"
#include "model/dtype.h"

/* Whether a value of `dtype` is narrower than the INT32 it is stored in. */
bool pq_is_narrow(enum dtype dtype);

/* `n` values of INT32 as int8, int16, uint8 or uint16. Fails E_CORRUPT on one that does not fit. */
must_use enum code pq_narrow(enum dtype dtype, const int32_t *in, size_t n, void *out,
                             struct err *err);

/*
 * Move the first `n_set` values of `width` bytes to the rows that are valid, and zero the others:
 * `n` rows, of which `n_set` are valid.
 */
void pq_spread(void *values, size_t width, const uint8_t *valid, size_t n, size_t n_set);

#endif
