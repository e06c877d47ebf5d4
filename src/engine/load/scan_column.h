/* One column of a scan: decoded runs, appended until a batch is complete. */
#ifndef MURR_ENGINE_LOAD_SCAN_COLUMN_H
#define MURR_ENGINE_LOAD_SCAN_COLUMN_H

#include "base/buf.h"
#include "model/column.h"
#include "model/vector.h"

struct scan_column {
    struct type type;
    size_t n;
    struct buf valid;  /* one byte for each row */
    struct buf values; /* as in vectors if values have one width; else their bytes, concatenated */
    struct buf ends; /* u64 for each value: where it ends in `values`; only if vectors have views */
};

void scan_column_done(struct scan_column *c);
void scan_column_reset(struct scan_column *c);

/* How many bytes row `i` of the run would add. */
size_t scan_row_bytes(const struct vector *v, size_t i);

/* Append n rows of the run, from `at` on. */
void scan_column_add(struct scan_column *c, const struct vector *v, size_t at, size_t n);

/* The sizes of an Arrow column of these rows; and its buffers, allocated by those sizes. */
void scan_column_sizes(const struct scan_column *c, struct column_sizes *out);
void scan_column_fill(const struct scan_column *c, struct column *out);

#endif
