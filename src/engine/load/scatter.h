/*
 * First half of a load: Parquet to records. The row group is the unit of work; a worker decodes all
 * wanted columns side by side, a few hundred rows at a time, so that values go from page to record
 * while they are in cache.
 */
#ifndef MURR_ENGINE_LOAD_SCATTER_H
#define MURR_ENGINE_LOAD_SCATTER_H

#include "base/pool.h"
#include "engine/build/spill.h"
#include "engine/load/resolve.h"
#include "engine/spec/memory_shares.h"
#include "engine/spec/progress.h"
#include "segment/block.h"
#include "segment/layout.h"

struct scatter_config {
    const struct source_file *files;
    size_t n_files;
    const struct resolved *resolved;
    const struct record_format *format;
    struct spill *spill;
    uint64_t n_blocks; /* bins of the spill */
    uint64_t hash_seed;
    const struct memory_shares *shares;
    bool is_far;                /* the source is a request away: read ahead */
    const struct remote_op *op; /* of reads */
    uint64_t sample_every;      /* of so many row groups one is read; 1: all */
    const char *temp_dir;       /* for row groups that are too large for memory */
};

/* What the rows turned out to be. Zeroed memory is empty. */
struct scatter_result {
    uint64_t n_rows;
    uint64_t n_rows_listed,
        n_bytes_listed; /* of all row groups, also where only a sample is read */
    uint64_t *n_nulls;  /* by field */
    struct key_lengths keys;
};

void scatter_result_done(struct scatter_result *r);

/*
 * Read all row groups on the pool.
 *
 * Fails E_INVALID for a null where none may be; E_CANCELLED; what Parquet, files and spill fail with.
 * Errors name file, row group and column.
 */
must_use enum code scatter_run(const struct scatter_config *config, struct pool *pool,
                               struct load_progress *progress, struct scatter_result *out,
                               struct err *err);

#endif
