/*
 * A row sink: from decoded columns to records. It takes a few hundred rows at a time, checks them,
 * converts them to the types of the schema, makes their keys, and puts their records into the
 * spill. Each worker has its own.
 */
#ifndef MURR_ENGINE_BUILD_ROW_SINK_H
#define MURR_ENGINE_BUILD_ROW_SINK_H

#include "base/arena.h"
#include "engine/build/spill.h"
#include "segment/layout.h"

/* Rows put at a time. The vectors of a dozen columns and the records made from them then fit in
 * L2. */
enum { ROW_SINK_ROWS = 512 };

/* Borrowed for the life of the sink. */
struct row_sink_config {
    const struct schema *schema;
    const struct record_format *format; /* of that schema */
    struct spill *spill;
    uint64_t n_blocks; /* bins of the spill */
    uint64_t hash_seed;
};

struct row_sink {
    const struct row_sink_config *config;
    unsigned worker;               /* its number in the spill */
    struct vector *converted;      /* by field, in the schema's type; cap 0: not converted */
    const struct vector **vectors; /* by field, what goes into the records; NULL for key fields */
    struct view keys[ROW_SINK_ROWS];
    uint32_t sizes[ROW_SINK_ROWS];
    struct record *records[ROW_SINK_ROWS];
    struct buf key_bytes;
    struct arena arena; /* for converted lists */
    /* Statistics of all rows so far, from which the layout is chosen. */
    uint64_t *n_nulls; /* by field */
    uint64_t n_bytes;  /* of the records */
    struct key_lengths key_lengths;
};

void row_sink_init(struct row_sink *s, const struct row_sink_config *config, unsigned worker);
void row_sink_done(struct row_sink *s);

/* Announce the types of the columns that follow, one for each field. A type must be the schema's or
 * convert to it (type_converts), or all values of the column must be null. */
void row_sink_expect(struct row_sink *s, const struct type *types);

/*
 * Put n rows, at most ROW_SINK_ROWS, given as one vector for each field. Row i gets the ordinal
 * `ordinal` + i; of rows with equal keys the one with the largest ordinal will stay. In messages row i
 * has the number `row` + i, or `row` + positions[i] if positions are given.
 *
 * Fails     E_INVALID for a null in a column that has none, with column and row, or for a value
 *           that does not convert; E_LIMIT for a row that is too long; whatever the spill fails
 *           with.
 */
must_use enum code row_sink_put(struct row_sink *s, const struct vector *columns, size_t n,
                                const size_t *positions, uint64_t ordinal, uint64_t row,
                                struct err *err);

/* The same for rows whose key bytes are known, such as deletes. `columns` must have the schema's
 * types; those of key fields are ignored. */
must_use enum code row_sink_put_keyed(struct row_sink *s, const struct vector *columns,
                                      const struct view *keys, size_t n, uint64_t ordinal,
                                      struct err *err);

#endif
