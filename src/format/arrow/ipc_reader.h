/*
 * Reading an Arrow IPC stream, or file, that lies whole in memory: a schema, then record batches,
 * one by one. No byte is trusted. Every type that Murr has is read in all of its Arrow layouts,
 * with dictionaries and compression (format/arrow/array_decide.h says which types Murr does not
 * have). Columns of other types are listed, but disturb nobody who does not want them.
 */
#ifndef MURR_FORMAT_ARROW_IPC_READER_H
#define MURR_FORMAT_ARROW_IPC_READER_H

#include "format/arrow/array.h"

struct ipc_limits {
    size_t decompressed_bytes; /* of a batch and of all dictionaries, at a time */
    size_t read_bytes;         /* that one arrow_array_read may copy: lists */
    size_t batch_rows;         /* nulls and runs can mean many rows in a few bytes */
};

struct ipc_limits ipc_limits_default(void);

struct ipc_reader;

/*
 * Read the schema.
 *
 * Borrows   `stream`, until the reader is closed.
 * Threads   one at a time; what it lent may be read by others meanwhile.
 * Fails     E_INVALID where the bytes are not a stream; E_UNSUPPORTED for big-endian ones and for
 *           types that Arrow got later; E_LIMIT for too many columns.
 */
must_use enum code ipc_reader_open(struct view stream, const struct ipc_limits *limits,
                                   struct ipc_reader **out, struct err *err);
void ipc_reader_close(struct ipc_reader *r); /* NULL is fine */

/* The bytes that it was opened with. */
struct view ipc_reader_stream(const struct ipc_reader *r);

size_t ipc_reader_n_columns(const struct ipc_reader *r);
/* Column i in the order of the schema. Names may repeat. */
const struct arrow_array *ipc_reader_column(const struct ipc_reader *r, size_t i);
/* Column i will not be read: its buffers need neither be decompressed nor fit, and of dictionaries
 * only those of other columns are kept. Before the first batch. */
void ipc_reader_ignore(struct ipc_reader *r, size_t i);

/* A value of the schema's custom metadata, which is in the stream; false: there is no such key. */
must_use bool ipc_reader_metadata(const struct ipc_reader *r, const char *key, struct view *out);

/*
 * Turn all columns to the next batch: *out_n_rows gets its rows; *out_more false at the end of the
 * stream. What was read from the batch before is gone.
 *
 * Fails E_INVALID naming the column, E_LIMIT, E_UNSUPPORTED, E_NOMEM. After a failure, the reader
 * can only be closed.
 */
must_use enum code ipc_reader_next(struct ipc_reader *r, size_t *out_n_rows, bool *out_more,
                                   struct err *err);

#endif
