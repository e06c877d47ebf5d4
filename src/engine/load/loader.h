/*
 * One load: a publication of Parquet files into a directory of segments.
 *
 *     open footers -> resolve columns -> scatter rows to records -> choose the layout -> build blocks,
 *     write, fsync, check
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
    const struct schema *served; /* of what serves; NULL: nothing does */
    const struct remote_op *op;  /* of all reads */
    const char *dir;             /* an empty directory */
    uint64_t memory_bytes;       /* shared out by engine/spec/memory_shares.h */
    struct pool *pool;
    struct load_progress *progress;
    uint64_t hash_seed;    /* of the table, where it has rows of writes; 0: choose one */
    uint64_t sample_bytes; /* load about so much of the files only, evenly chosen; 0: all */
};

struct load_result {
    struct schema schema; /* owned */
    uint64_t n_rows_read; /* from the files, replaced ones included */
    uint64_t n_rows;      /* one a key */
    uint64_t disk_bytes;
    uint64_t n_rows_listed;  /* as the footers say; of a sample, more than were read */
    uint64_t n_bytes_listed; /* of the wanted column chunks */
    double open_seconds;     /* until all footers were read */
    size_t n_skipped_columns;
    uint8_t *skipped;  /* "x: why; y: why", NUL-terminated */
    uint64_t *n_nulls; /* by field of the schema, of the rows read */
};

void load_result_done(struct load_result *r);

/* On failure the directory holds debris; the caller removes it. */
must_use enum code load_run(const struct load_job *job, struct load_result *out_result,
                            struct err *err);

#endif
