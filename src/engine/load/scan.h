/*
 * All rows of one Parquet file, batch by batch, as Arrow: for looking at a file and for taking one in whole,
 * without a table. Memory is bounded whatever the file says.
 */
#ifndef MURR_ENGINE_LOAD_SCAN_H
#define MURR_ENGINE_LOAD_SCAN_H

#include "engine/load/source_file.h"
#include "engine/spec/memory_shares.h"
#include "format/arrow/ipc_writer.h"

struct scan_config {
    const struct view
        *columns; /* names, in the order wanted; none: every column that can be read */
    size_t n_columns;
    uint64_t max_rows;                  /* of the whole scan */
    const struct memory_shares *shares; /* of a scan */
    const char *temp_dir;               /* for row groups beyond that */
    const struct pq_budget *budget;     /* of the file's limits, or NULL */
};

struct scan;

/*
 * Borrows the file, the config's names and temp_dir until scan_close.
 *
 * Without names, nested columns are left out, after a look whether their pages are sound; that may leave
 * no column at all, but still rows.
 *
 * Fails E_NOTFOUND a column that was asked for and is not there; E_UNSUPPORTED one that cannot be read;
 *       E_CORRUPT.
 */
must_use enum code scan_open(const struct source_file *file, const struct scan_config *config,
                             struct scan **out_scan, struct err *err);
void scan_close(struct scan *s);

/*
 * The next rows as an Arrow stream of one batch, the caller's to free; its columns live until the next call.
 * The first batch comes even of a file without rows; behind the last one *out_n_rows is 0 and there is no
 * stream.
 *
 * Fails what decoding fails with, naming row group and column.
 */
must_use enum code scan_next(struct scan *s, struct ipc_stream *out_stream, size_t *out_n_rows,
                             struct err *err);

#endif
