/*
 * The loader: from a publication's Parquet files to a directory of segments.
 *
 *     open footers -> resolve columns -> scatter rows to records -> choose the layout -> build
 *     blocks, write, fsync, check
 */
#ifndef MURR_ENGINE_LOAD_LOADER_H
#define MURR_ENGINE_LOAD_LOADER_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "engine/spec/spec.h"
#include "model/schema.h"
#include "source/publication.h"

struct load_job {
    const struct table_spec *spec;
    const struct publication *publication;
    const struct schema *served; /* the schema that the table serves; NULL: it serves nothing yet */
    const struct remote_op *op;  /* bounds all reads */
    const char *dir;             /* an empty directory */
    uint64_t memory_bytes;       /* divided by engine/spec/memory_shares.h */
    struct pool *pool;
    struct load_progress *progress;
    uint64_t hash_seed;    /* the table's, if it has layers, which must hash alike; 0: choose one */
    uint64_t sample_bytes; /* load only about this much of the files, evenly spread; 0: all */
};

struct load_result {
    struct schema schema; /* owned */
    uint64_t n_rows_read; /* from the files, including rows that others replaced */
    uint64_t n_rows;      /* one for each key */
    uint64_t disk_bytes;
    uint64_t n_rows_listed;  /* the footers' sum; larger than n_rows_read for a sample */
    uint64_t n_bytes_listed; /* of the wanted column chunks, as stored */
    double open_seconds;     /* time to read all footers */
    size_t n_skipped_columns;
    uint8_t *skipped;  /* "x: why; y: why", NUL-terminated */
    uint64_t *n_nulls; /* by field of the schema, among the rows read */
};

void load_result_done(struct load_result *r);

/*
 * Load, on the workers of the job's pool, until all segments are on disk and checked.
 *
 * Cost      about 0.4 s of processor time for a million rows of 11 columns.
 * Fails     E_INVALID for data that does not fit the spec; E_CORRUPT, E_UNSUPPORTED, E_LIMIT;
 *           E_CHANGED if a file changes meanwhile; E_CANCELLED, E_IO, E_NOSPACE. The directory then
 *           holds debris, which the caller removes.
 */
must_use enum code load_run(const struct load_job *job, struct load_result *out_result,
                            struct err *err);

#endif
