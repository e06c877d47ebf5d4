/*
 * From columns to records: rows that were decoded side by side, a few hundred at a time, are checked, converted
 * to the types of the schema, given their key, and put into the spill. One a worker.
 */
#ifndef MURR_ENGINE_BUILD_ROW_SINK_H
#define MURR_ENGINE_BUILD_ROW_SINK_H

#include "base/arena.h"
#include "engine/build/spill.h"
#include "segment/layout.h"

/* Rows put at a time: vectors of a dozen columns and the records they become stay in L2. */
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
    unsigned worker;          /* of the spill */
    struct vector *converted; /* by field, in the schema's type; cap 0 where nothing is converted */
    const struct vector **vectors; /* by field, what the records get; NULL for key fields */
    struct view keys[ROW_SINK_ROWS];
    uint32_t sizes[ROW_SINK_ROWS];
    struct record *records[ROW_SINK_ROWS];
    struct buf key_bytes;
    struct arena arena; /* of converted lists */
    /* What the rows turned out to be. */
    uint64_t *n_nulls; /* by field */
    uint64_t n_bytes;  /* of the records */
    struct key_lengths key_lengths;
};

void row_sink_init(struct row_sink *s, const struct row_sink_config *config, unsigned worker);
void row_sink_done(struct row_sink *s);

/* Columns of these types will come from now on, one a field: equal to the schema's, such as convert into
 * them (type_converts), or any whose values are all null. */
void row_sink_expect(struct row_sink *s, const struct type *types);

/*
 * Put the n rows that all `columns` (one a field) hold, at most ROW_SINK_ROWS. Of rows with equal keys the one
 * with the largest ordinal will stay; `ordinal` is that of the first. `row` is its number in messages.
 *
 * Fails E_INVALID for a null where none may be, naming column and row, or a value that does not convert;
 *       E_LIMIT for a row that is too long; what the spill fails with.
 */
must_use enum code row_sink_put(struct row_sink *s, const struct vector *columns, size_t n,
                                uint64_t ordinal, uint64_t row, struct err *err);

/* The same for rows whose keys are known; `columns` are of the schema's types, those of key fields are not
 * looked at. */
must_use enum code row_sink_put_keyed(struct row_sink *s, const struct vector *columns,
                                      const struct view *keys, size_t n, uint64_t ordinal,
                                      struct err *err);

#endif
