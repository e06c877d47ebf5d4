/*
 * A row reader: decodes some columns of a Parquet file side by side, a run of rows at a time, for
 * loads, writes and `murr cat`.
 *
 *     row_reader_begin(file, columns)       once a file
 *     row_reader_open(row group, chunks)    once a row group, whose chunks are in memory
 *     row_reader_next                       until there are no more rows
 *
 * A source whose rows can be deleted would have them left out here: `at` is the position of a run
 * in its row group.
 *
 * Threads   one at a time.
 */
#ifndef MURR_ENGINE_LOAD_ROW_READER_H
#define MURR_ENGINE_LOAD_ROW_READER_H

#include "engine/spec/memory_shares.h"
#include "format/parquet/reader.h"

/* Zeroed memory is empty. */
struct row_reader {
    const struct pq_file *file; /* these two are borrowed */
    const size_t *columns;      /* of the file */
    size_t n_columns;
    struct pq_chunk **chunks; /* decoders, one for each column */
    size_t n_chunks;          /* at least n_columns; decoders are kept from file to file */
    size_t row_group;
    uint64_t at, n_rows; /* rows read from the row group, and rows that it has */
};

void row_reader_done(struct row_reader *r);

/* The limits of one decoder, and of all decoders together through `budget`, which must live as long
 * as the limits are used. `file_bytes` is the size of all files. */
struct pq_limits row_reader_limits(const struct memory_shares *shares, uint64_t file_bytes,
                                   struct pq_budget *budget);

void row_reader_begin(struct row_reader *r, const struct pq_file *file, const size_t *columns,
                      size_t n_columns);

/* Begin a row group. `chunks[k]` has the bytes of the chunk of column k, and is borrowed until
 * row_reader_close. Fails E_CORRUPT, E_LIMIT, E_UNSUPPORTED. */
must_use enum code row_reader_open(struct row_reader *r, size_t row_group,
                                   const struct view *chunks, struct err *err);

/*
 * Decode the next rows of each column k into `runs[k]`, a vector of the column's type
 * (resolve_read_type). *out_n is 0 after the last row of the group.
 *
 * Fails     E_CORRUPT, also if columns have different numbers of rows, or not as many as the row
 *           group announces; E_LIMIT.
 */
must_use enum code row_reader_next(struct row_reader *r, struct vector *const *runs, size_t *out_n,
                                   struct err *err);

/* End the row group: its chunks are no longer borrowed. Decoders keep some memory for the next
 * one. */
void row_reader_close(struct row_reader *r);

#endif
