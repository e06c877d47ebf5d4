/*
 * Live rows: the rows of a publication's data files, a run at a time, as one vector for each that
 * `resolved` has: in the file's types, constants where the file has no column, and without deleted
 * rows. Loads and scans read with it.
 *
 *     live_rows_open(file, row group, chunks)    once a row group, whose chunks are in memory
 *     live_rows_next                             until there are no more rows
 *
 * Threads   one at a time; each worker has its own.
 */
#ifndef MURR_ENGINE_LOAD_LIVE_ROWS_H
#define MURR_ENGINE_LOAD_LIVE_ROWS_H

#include "engine/load/row_filter.h"
#include "engine/load/row_reader.h"

/* Borrowed. */
struct live_rows_config {
    const struct resolved *resolved;
    const struct source_file *files;   /* as the publication's data files */
    const struct row_deletes *deletes; /* read */
};

struct live_rows {
    const struct live_rows_config *config;
    struct row_reader reader;
    struct row_filter filter;
    struct vector *columns; /* by vector of `resolved` */
    struct vector **runs;   /* by column of the file: the vector that it is decoded into */
    struct type *types;     /* of the vectors, for the current file */
    size_t file;
    uint64_t group_row; /* position in the file of the row group's first row */
    uint64_t at;        /* position in the row group of the current run's first row */
};

/* Runs have at most ROW_FILTER_ROWS rows. */
void live_rows_init(struct live_rows *r, const struct live_rows_config *config);
void live_rows_done(struct live_rows *r);

/* Begin a row group of a data file. `chunks[k]` has the bytes of the chunk of the file's resolved
 * column k, and is borrowed until live_rows_close. Afterwards `types` says which types the vectors
 * have. Fails as row_reader_open. */
must_use enum code live_rows_open(struct live_rows *r, size_t file, size_t row_group,
                                  const struct view *chunks, struct err *err);

/*
 * Read the next rows into `columns`. *out_n is 0 after the last row of the group. Which rows of the
 * group they are, filter.kept says, counted from `at`.
 *
 * Fails     as row_reader_next, row_filter_run.
 */
must_use enum code live_rows_next(struct live_rows *r, size_t *out_n, struct err *err);

/* The row group is done with: its chunks are no longer borrowed. */
void live_rows_close(struct live_rows *r);

#endif
