/*
 * Reading an Arrow IPC stream that lies whole in memory: a schema, then record batches, one by one. No byte is
 * believed: every offset and length is checked before it is followed, and columns come as views whose
 * bounds hold for the number of rows they say.
 *
 * What is read: integers, float32, float64, bool, utf8, large_utf8, uncompressed. Anything else is refused by
 * name, so that no column is silently left out.
 */
#ifndef MURR_FORMAT_ARROW_IPC_READER_H
#define MURR_FORMAT_ARROW_IPC_READER_H

#include "base/arena.h"
#include "base/cursor.h"
#include "model/dtype.h"

enum { IPC_FIELDS_MAX = 1 << 14 };

struct ipc_column {
    struct view name;
    enum dtype dtype;
    bool has_wide_offsets; /* utf8 with offsets of 8 bytes, not 4 */
    /* Of the batch that was read last; views into the stream. */
    size_t n_rows;
    const uint8_t *validity; /* bitmap of n_rows bits; NULL: no nulls */
    const uint8_t *offsets;  /* utf8: n_rows + 1 numbers, rising, inside data */
    struct view data;
};

struct ipc_reader {
    struct cursor rest;
    struct ipc_column *columns; /* in the arena */
    size_t n_columns;
};

/*
 * Read the schema.
 *
 * Borrows   `stream`, for as long as the columns are used.
 * Fails     E_INVALID where the bytes are not a stream; E_UNSUPPORTED naming the column.
 */
must_use enum code ipc_reader_init(struct ipc_reader *r, struct view stream, struct arena *arena,
                                   struct err *err);

/* Read the next batch into the columns; *out_n_rows gets its rows, *out_more false at the end of the stream.
 * Fails as above. */
must_use enum code ipc_reader_next(struct ipc_reader *r, size_t *out_n_rows, bool *out_more,
                                   struct err *err);

static inline bool ipc_is_valid(const struct ipc_column *c, size_t row)
{
    return !c->validity || (c->validity[row / 8] >> (row % 8) & 1);
}

/* The characters of a utf8 row. */
struct view ipc_utf8(const struct ipc_column *c, size_t row);

#endif
