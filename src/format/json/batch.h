/* An answer as JSON. */
#ifndef MURR_FORMAT_JSON_BATCH_H
#define MURR_FORMAT_JSON_BATCH_H

#include "base/buf.h"
#include "model/column.h"

enum batch_shape {
    BATCH_LIST, /* {"num_rows": 2, "columns": [{"name": "c", "values": [1.5, null]}]} */
    BATCH_MAP,  /* {"columns": {"c": [1.5, null]}} */
};

/*
 * Append the batch. Numbers have the fewest digits that read back to the same value of their dtype;
 * nulls, NaN and the infinities are null; lists are arrays, a duration is a number in its unit, and
 * the forms of other values are those of text.h.
 *
 * Cost   about 10 ns an integer, 30 ns a float32, 50 ns a float64 of full length.
 */
void json_put_batch(struct buf *out, const struct batch *batch, enum batch_shape shape);

/* Append one value of a column, as it stands in the batch. */
void json_put_cell(struct buf *out, const struct column *c, size_t row);

#endif
