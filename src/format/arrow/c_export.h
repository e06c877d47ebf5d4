/*
 * Columns of an answer for other libraries of this process, by Arrow's C data interface: nothing is
 * copied. The array that comes out is a struct with a child for each column. Whoever got it may
 * move children out of it, keep them, and release everything in any order and from any thread, as
 * the interface allows.
 */
#ifndef MURR_FORMAT_ARROW_C_EXPORT_H
#define MURR_FORMAT_ARROW_C_EXPORT_H

#include "model/column.h"
#include "murr_arrow.h"

/* What keeps the buffers alive; called once, when the last array that uses them was released, from
 * whichever thread does that. */
typedef void (*c_export_done_fn)(void *owner);

/* The schema of such columns; the caller releases it. Names are copied. */
void c_export_schema(const struct column *columns, size_t n_columns, struct ArrowSchema *out);

/*
 * The rows of the columns; the caller releases them.
 *
 * Borrows   the buffers until `done` is called; the columns themselves only for the call.
 */
void c_export_batch(const struct column *columns, size_t n_columns, size_t n_rows,
                    c_export_done_fn done, void *owner, struct ArrowArray *out);

#endif
