/*
 * A scan: all rows of one Parquet file, batch by batch, as Arrow, without a table. `murr cat`
 * prints files with it. Memory is bounded whatever the file claims.
 */
#ifndef MURR_ENGINE_LOAD_SCAN_H
#define MURR_ENGINE_LOAD_SCAN_H

#include "engine/load/source_file.h"
#include "engine/spec/memory_shares.h"
#include "format/arrow/ipc_writer.h"

struct scan_config {
    const struct view *columns; /* names, in the wanted order; empty: every column Murr can read */
    size_t n_columns;
    uint64_t max_rows;                  /* of the whole scan */
    const struct memory_shares *shares; /* memory_shares_of_scan */
    const char *temp_dir;               /* for row groups larger than shares->chunks */
    const struct pq_budget *budget;     /* the one in the file's limits, or NULL */
};

struct scan;

/*
 * Borrows the file, the config's names and temp_dir until scan_close.
 *
 * Without names, nested columns are left out, but their pages are checked. That may leave rows
 * without any column.
 *
 * Fails     E_NOTFOUND if a named column does not exist; E_UNSUPPORTED if it cannot be read;
 *           E_CORRUPT.
 */
must_use enum code scan_open(const struct source_file *file, const struct scan_config *config,
                             struct scan **out_scan, struct err *err);
void scan_close(struct scan *s);

/*
 * The next rows, as an Arrow stream of one batch, which the caller frees; its columns live until
 * the next call. The first call gives a stream even if the file has no rows. After the last batch
 * *out_n_rows is 0 and there is no stream.
 *
 * Fails     as decoding does, with row group and column.
 */
must_use enum code scan_next(struct scan *s, struct ipc_stream *out_stream, size_t *out_n_rows,
                             struct err *err);

#endif
