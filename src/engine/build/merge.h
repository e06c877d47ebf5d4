/*
 * Merging: several layers, and the base below them or not, into one generation or one layer. All rows lie in the
 * order of their hashes, so the rows of one new block come from few old ones: memory is bounded by what one block
 * takes, however large the table.
 */
#ifndef MURR_ENGINE_BUILD_MERGE_H
#define MURR_ENGINE_BUILD_MERGE_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "segment/stack.h"

struct merge_config {
    /* What is merged, newest first; `has_base`: the last is the base. Borrowed. */
    const struct seg_layer *layers;
    size_t n_layers;
    bool has_base;
    bool has_source;          /* the table: a newer base may come */
    struct seg_origin origin; /* what comes out says that it comes from */
    int64_t floor;            /* rows with stamps up to it are left out */
    /* What comes out: with the base a generation of the table's schema, in which deletes have done their work;
     * else a layer, which keeps deletes, and stamps where they are needed. */
    const struct schema *schema; /* of the table */
    uint32_t n_parts;
    bool columnar;
    const char *dir; /* an empty directory: gets 00000000.seg ... */
    uint64_t memory_bytes;
    struct pool *pool;
    struct load_progress *progress;
};

struct merge_result {
    uint64_t n_rows;
    uint64_t disk_bytes;
};

/* Fails E_CANCELLED, E_NOSPACE, E_IO, E_CORRUPT; the directory then holds debris. */
must_use enum code merge_run(const struct merge_config *config, struct merge_result *out,
                             struct err *err);

#endif
