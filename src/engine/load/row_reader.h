/*
 * Rows of a Parquet file, of some of its columns, a run at a time: for loads, writes and `murr cat`.
 *
 *     row_reader_begin(file, columns)       once a file
 *     row_reader_open(row group, chunks)    once a row group; the chunks lie in memory, wherever that is
 *     row_reader_next                       until there are no more rows
 *
 * It is here that a row which was deleted would be left out: `at` says where a run stands in its row group.
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
    struct pq_chunk **chunks; /* decoders, one a column */
    size_t n_chunks;          /* of them; what an earlier file needed is kept */
    size_t row_group;
    uint64_t at, n_rows; /* rows of the row group that were read; that there are */
};

void row_reader_done(struct row_reader *r);

/* What a decoder may take, and what all decoders of these files together. The budget is the caller's, as long as the
 * limits are used. */
struct pq_limits row_reader_limits(const struct memory_shares *shares, uint64_t file_bytes,
                                   struct pq_budget *budget);

void row_reader_begin(struct row_reader *r, const struct pq_file *file, const size_t *columns,
                      size_t n_columns);

/* Begin a row group. `chunks[k]` are the bytes of its chunk of column k, borrowed until row_reader_close. Fails
 * E_CORRUPT, E_LIMIT, E_UNSUPPORTED. */
must_use enum code row_reader_open(struct row_reader *r, size_t row_group,
                                   const struct view *chunks, struct err *err);

/*
 * Decode the next rows of column k into `runs[k]`, a vector of the type that the column is read as, as many as the
 * shortest has room for; *out_n is 0 behind the last row of the group.
 *
 * Fails E_CORRUPT also where columns have different numbers of rows, or the group has not the rows that it says; E_LIMIT.
 */
must_use enum code row_reader_next(struct row_reader *r, struct vector *const *runs, size_t *out_n,
                                   struct err *err);

/* The chunks are used no more; decoders keep some memory for the next ones. */
void row_reader_close(struct row_reader *r);

#endif
