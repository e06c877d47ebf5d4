/*
 * Record batches from other libraries of this process, by Arrow's C data interface: a schema of a
 * struct, then arrays of it, one by one, seen through the same arrays as streams.
 *
 * Whoever fills in those structs runs in our address space and could do anything. So we check only
 * what goes wrong by mistake: counts, missing pointers, and the content of buffers when it is read.
 * The interface does not say how long buffers are.
 */
#ifndef MURR_FORMAT_ARROW_C_IMPORT_H
#define MURR_FORMAT_ARROW_C_IMPORT_H

#include "format/arrow/array.h"
#include "murr_arrow.h"

struct c_import;

/*
 * Columns of the schema, which must be of a struct. `read_bytes`: as in struct ipc_limits.
 *
 * Borrows   `schema`, for the call; it is not released.
 * Threads   one at a time; what it lent may be read by others meanwhile.
 * Fails     E_INVALID for format strings and counts that are wrong; E_LIMIT for too many columns.
 */
must_use enum code c_import_open(const struct ArrowSchema *schema, size_t read_bytes,
                                 struct c_import **out, struct err *err);
void c_import_close(struct c_import *c); /* NULL is fine */

size_t c_import_n_columns(const struct c_import *c);
/* Column i in the order of the schema; those of types that Murr does not have are not
 * `supported`. */
const struct arrow_array *c_import_column(const struct c_import *c, size_t i);

/*
 * Turn all columns to the rows of `batch`.
 *
 * Borrows   `batch` and all its buffers until the next call or the close; it is not released.
 * Fails     E_INVALID naming the column. The columns must not be read then.
 */
must_use enum code c_import_batch(struct c_import *c, const struct ArrowArray *batch,
                                  size_t *out_n_rows, struct err *err);

/* About how many bytes the values of the batch take; for limits. */
uint64_t c_import_bytes(const struct c_import *c);

#endif
