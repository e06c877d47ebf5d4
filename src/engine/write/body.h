/*
 * A body: the rows of a write, a few hundred at a time, whatever their form: JSON, an Arrow stream,
 * Arrow structs, or a Parquet file. Columns are found by name. A column that the body leaves out is
 * null or, in a patch, keeps its value.
 */
#ifndef MURR_ENGINE_WRITE_BODY_H
#define MURR_ENGINE_WRITE_BODY_H

#include "engine/write/write.h"
#include "model/schema.h"
#include "engine/spec/memory_shares.h"
#include "model/vector.h"

struct body_config {
    enum write_form form;
    struct view bytes;
    const struct c_batches *batches; /* for WRITE_BATCHES, instead of bytes */
    const struct schema *schema;     /* of the table */
    struct column_rules rules;
    int64_t stamp; /* of every row */
    const struct memory_shares *shares;
};

/*
 * An open body. `columns` are ordered as in a layer with masks: mask, stamp, then field i of the
 * table as column i + 2. They hold the rows that body_next read, in types that convert to the
 * table's.
 */
struct body {
    const struct body_ops *ops;
    const struct schema *schema;
    struct column_rules rules;
    struct vector *columns;
    bool *is_fixed; /* by column: it has the same value in all rows, set once */
    bool *is_given; /* by field: the body has the column */
};

void body_close(struct body *b);

/* The types of all 2 + n_fields columns. They do not change while the body is open. */
void body_types(const struct body *b, struct type *out);

/* Read the next rows, at most ROW_SINK_ROWS. *out_n is 0 after the last row. Fails as body_open. */
must_use enum code body_next(struct body *b, size_t *out_n, struct err *err);

#endif
