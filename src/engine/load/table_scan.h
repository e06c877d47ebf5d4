/*
 * A table scan: the rows of a publication that numbers its columns, batch by batch, as Arrow: what a
 * load would read, before keys are looked at. `murr cat` prints Iceberg tables with it.
 */
#ifndef MURR_ENGINE_LOAD_TABLE_SCAN_H
#define MURR_ENGINE_LOAD_TABLE_SCAN_H

#include "base/pool.h"
#include "engine/spec/memory_shares.h"
#include "format/arrow/ipc_writer.h"
#include "source/publication.h"

/* Borrowed until table_scan_close. */
struct table_scan_config {
    const struct publication *publication;
    const struct view *columns; /* names, in the wanted order; empty: every column Murr can read */
    size_t n_columns;
    uint64_t max_rows;                  /* of the whole scan */
    const struct memory_shares *shares; /* memory_shares_of_scan */
    struct pool *pool;                  /* delete files are read on it */
    const struct remote_op *op;         /* bounds all reads */
    const char *temp_dir;               /* for row groups larger than shares->chunks */
};

struct table_scan;

/* Opens all files, and reads all delete files. Fails E_NOTFOUND if a named column does not exist; as
 * opening and reading do. */
must_use enum code table_scan_open(const struct table_scan_config *config,
                                   struct table_scan **out_scan, struct err *err);
void table_scan_close(struct table_scan *s);

/* "x: why; y: why": columns that are left out; "" if there are none. */
const char *table_scan_skipped(const struct table_scan *s);

/*
 * The next rows, as an Arrow stream of one batch, which the caller frees; its columns live until
 * the next call. The first call gives a stream even if there are no rows. After the last batch
 * *out_n_rows is 0 and there is no stream.
 */
must_use enum code table_scan_next(struct table_scan *s, struct ipc_stream *out_stream,
                                   size_t *out_n_rows, struct err *err);

#endif
