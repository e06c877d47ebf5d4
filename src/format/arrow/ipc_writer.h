/*
 * An answer as an Arrow IPC stream (format/Columnar.rst, "IPC Streaming Format"): planned first, so
 * that the gather writes every value where it goes on the wire.
 *
 *   1. ipc_schema_put  encode the schema: once for all answers with the same columns
 *      ipc_plan    sizes are known: allocate the whole stream, write all metadata
 *   2. the caller fills out->columns, whose buffers lie inside the stream
 *   3. ipc_finish  null counts go into the metadata
 */
#ifndef MURR_FORMAT_ARROW_IPC_WRITER_H
#define MURR_FORMAT_ARROW_IPC_WRITER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/column.h"

struct ipc_field {
    const char *name; /* borrowed for as long as the stream's columns are used */
    struct type type;
    struct column_sizes sizes;
};

struct ipc_stream {
    uint8_t *bytes; /* the whole stream, 64-byte aligned, owned; free() frees it */
    size_t len;
    size_t batch_at;        /* where the record batch message begins, after the schema's */
    size_t end_at;          /* where the end of stream begins */
    size_t nodes;           /* offset in the stream of the first field node */
    struct column *columns; /* in the arena */
    size_t n_columns;
};

/* Append the schema message, the beginning of a stream: a multiple of 8 bytes. All fields are
 * nullable. */
void ipc_schema_put(const struct ipc_field *fields, size_t n_fields, struct buf *out);

/*
 * Lay out a stream of one record batch after the `schema` message of the same fields. Padding is
 * zeroed here; the rest of the columns' buffers is for the caller to fill (model/column.h).
 *
 * Fails E_LIMIT when the stream would be longer than `max_bytes`, or a column would need
 * 64-bit offsets; E_NOMEM.
 */
must_use enum code ipc_plan(struct view schema, const struct ipc_field *fields, size_t n_fields,
                            size_t n_rows, size_t max_bytes, struct arena *arena,
                            struct ipc_stream *out_stream, struct err *err);

/* The columns are filled: complete the stream. */
void ipc_finish(struct ipc_stream *s);

void ipc_stream_done(struct ipc_stream *s);

#define IPC_CONTENT_TYPE      "application/vnd.apache.arrow.stream"
#define IPC_FILE_CONTENT_TYPE "application/vnd.apache.arrow.file" /* read where streams are */

#endif
