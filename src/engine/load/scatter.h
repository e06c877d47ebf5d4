/*
 * The scatter: first half of a load, from Parquet to records. The unit of work is the row group. A
 * worker decodes all wanted columns side by side, a few hundred rows at a time, so values go from
 * page to record while they are in cache.
 */
#ifndef MURR_ENGINE_LOAD_SCATTER_H
#define MURR_ENGINE_LOAD_SCATTER_H

#include "base/pool.h"
#include "engine/build/spill.h"
#include "engine/load/row_deletes.h"
#include "engine/spec/memory_shares.h"
#include "engine/spec/progress.h"
#include "segment/block.h"
#include "segment/layout.h"

/* Told the keys of some rows of a file, whose records are in the spill already. They live for the
 * call. Threads: those of the pool, several at a time. */
typedef enum code (*scatter_keys_fn)(void *arg, size_t file, const struct view *keys, size_t n,
                                     unsigned worker, struct err *err);

struct scatter_config {
    const struct source_file *files;
    size_t n_files;
    const struct resolved *resolved;
    const struct row_deletes *deletes; /* rows that are left out */
    const struct record_format *format;
    struct spill *spill;
    uint64_t n_blocks; /* bins of the spill */
    uint64_t hash_seed;
    const struct memory_shares *shares;
    bool is_far;                /* each read is a request over a network, so read ahead */
    const struct remote_op *op; /* bounds all reads */
    uint64_t sample_every;      /* one of this many row groups is read; 1: all */
    const char *temp_dir;       /* for row groups too large for memory */
    uint64_t first_ordinal;     /* of the rows */
    scatter_keys_fn on_keys;    /* called for all rows; NULL: nobody wants to know */
    void *arg;                  /* of on_keys */
};

/* Statistics of the rows. Zeroed memory is empty. */
struct scatter_result {
    uint64_t n_rows;                        /* without those that are deleted */
    uint64_t n_rows_listed, n_bytes_listed; /* of all row groups, even if only a sample is read */
    uint64_t *n_nulls;                      /* by field */
    struct key_lengths keys;
};

void scatter_result_done(struct scatter_result *r);

/*
 * Read all row groups on the pool, and put their rows into the spill, which the caller seals.
 *
 * Fails     E_INVALID for a null in a non-nullable column or a value that does not convert;
 *           E_CANCELLED; whatever Parquet, files and the spill fail with. Messages name file, row
 *           group and column.
 */
must_use enum code scatter_run(const struct scatter_config *config, struct pool *pool,
                               struct load_progress *progress, struct scatter_result *out,
                               struct err *err);

#endif
