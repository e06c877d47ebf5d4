/* All rows of some columns of one Parquet file, a run at a time and in order: for files that are
 * read beside a load, such as delete files. */
#ifndef MURR_ENGINE_LOAD_FILE_RUNS_H
#define MURR_ENGINE_LOAD_FILE_RUNS_H

#include "engine/load/source_file.h"
#include "engine/spec/memory_shares.h"

struct file_runs_config {
    const struct source_file *file;
    const size_t *columns; /* of the file; Murr can read them */
    size_t n_columns;
    const struct memory_shares *shares;
    const char *temp_dir; /* for row groups larger than shares->chunks */
    const struct remote_op *op;
};

/* Takes n rows, one vector for each column in the column's own type. They live for the call. */
typedef enum code (*file_run_fn)(void *arg, const struct vector *columns, size_t n,
                                 struct err *err);

/* Fails as reading, decoding and `fn` do. Messages name file and row group. */
must_use enum code file_runs_each(const struct file_runs_config *config, file_run_fn fn, void *arg,
                                  struct err *err);

#endif
