/* The rows of a RecordBatch message: buffers given to arrays, in the order of the schema's
 * fields. */
#ifndef MURR_FORMAT_ARROW_IPC_BATCH_H
#define MURR_FORMAT_ARROW_IPC_BATCH_H

#include "format/arrow/array.h"
#include "format/arrow/ipc_body.h"

/* What a batch is read with, and into. */
struct ipc_batch_into {
    struct arrow_array *columns;
    size_t n_columns;
    size_t rows_max;
    struct ipc_codec *codec;
    struct ipc_memory *memory; /* of decompressed buffers */
    struct arena *arena;       /* for small things, compared to the buffers */
};

/*
 * Fill in the columns. `is_v4`: metadata of version 4, whose unions have validity.
 *
 * Fails E_INVALID where buffers are too short for their rows, naming the column; E_LIMIT for more
 * than rows_max rows and beyond the budget; E_UNSUPPORTED, E_NOMEM. The columns must not be read
 * then.
 */
must_use enum code ipc_batch_read(const struct ipc_batch_into *into, const struct fb_table *batch,
                                  struct view body, bool is_v4, size_t *out_n_rows,
                                  struct err *err);

#endif
