/*
 * Definition and repetition levels of a page: small numbers that say where values, nulls and the
 * rows of lists are. Encoded as a hybrid of runs; in old files bit-packed, most significant bit
 * first.
 */
#ifndef MURR_FORMAT_PARQUET_LEVELS_H
#define MURR_FORMAT_PARQUET_LEVELS_H

#include "format/parquet/hybrid.h"

enum { PQ_MAX_LEVEL = 3 }; /* optional list, repeated, optional element */

enum pq_level_kind { PQ_LEVELS_NONE, PQ_LEVELS_HYBRID, PQ_LEVELS_BIT_PACKED };

struct pq_levels {
    enum pq_level_kind kind;
    uint8_t max; /* of a level; of NONE the value of all of them */
    struct pq_hybrid hybrid;
    struct view bits; /* BIT_PACKED */
    size_t idx;
};

/* Levels that are not written, since all of them are `max`. */
void pq_levels_none(struct pq_levels *l, uint8_t max);

/* A hybrid of levels up to `max`. */
must_use enum code pq_levels_hybrid(struct pq_levels *l, uint8_t max, struct view bytes,
                                    struct err *err);

/*
 * Cut the levels of a v1 page off the front of its body: `encoding` is what its header says of
 * them, `n` how many there are. Fails E_CORRUPT; E_UNSUPPORTED for an encoding.
 */
must_use enum code pq_levels_cut(struct pq_levels *l, uint8_t max, int32_t encoding, size_t n,
                                 struct cursor *body, struct err *err);

/* The next `n` levels. Fails E_CORRUPT at their end, or for one above `max`. */
must_use enum code pq_levels_read(struct pq_levels *l, uint8_t *out, size_t n, struct err *err);

/* The next `n` levels of a flat column, as 0 null and 1 value, and how many are 1; where none are
 * written, there are no nulls. */
must_use enum code pq_levels_bools(struct pq_levels *l, uint8_t *out, size_t n, size_t *out_set,
                                   struct err *err);

#endif
