/*
 * A row filter: leaves out deleted rows while rows are read, a run at a time.
 *
 * Threads   one at a time; each worker has its own, over the same deletes.
 */
#ifndef MURR_ENGINE_LOAD_ROW_FILTER_H
#define MURR_ENGINE_LOAD_ROW_FILTER_H

#include "engine/load/equality_key.h"
#include "engine/load/row_deletes.h"

enum { ROW_FILTER_ROWS = 512 }; /* of a run, at most */

/* Zeroed memory is empty. */
struct row_filter {
    const struct row_deletes *deletes; /* borrowed, and so is `resolved` */
    const struct resolved *resolved;
    struct equality_columns *groups; /* by equality group */
    size_t n_groups;
    struct buf key;
    size_t kept[ROW_FILTER_ROWS]; /* positions in the run of the rows that stay */
    size_t n_kept;
};

void row_filter_init(struct row_filter *f, const struct row_deletes *deletes,
                     const struct resolved *resolved);
void row_filter_done(struct row_filter *f);

/*
 * Leave deleted rows out of a run: the n rows of data file `file` from position `first` on, one
 * vector for each that `resolved` has. Afterwards the vectors have n_kept rows, and `kept` says which
 * those were.
 *
 * Fails     E_INVALID for a value that is to be compared, and that its type cannot hold.
 */
must_use enum code row_filter_run(struct row_filter *f, size_t file, uint64_t first,
                                  struct vector *columns, size_t n, struct err *err);

#endif
