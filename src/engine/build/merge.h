/*
 * A merge: several layers, with or without the base below them, become one generation or one layer.
 * All segments keep their rows in the order of the key hashes, so the rows of a new block come from
 * a few old blocks. Memory is bounded by what one block takes, however large the table is.
 */
#ifndef MURR_ENGINE_BUILD_MERGE_H
#define MURR_ENGINE_BUILD_MERGE_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "segment/stack.h"

struct merge_config {
    /* The input, newest first. With `has_base` the last one is the base. Borrowed. */
    const struct seg_layer *layers;
    size_t n_layers;
    bool has_base;
    bool has_source;          /* the table has a source, so a newer base may arrive later */
    struct seg_origin origin; /* written into the output */
    /* The output. With the base: a generation of the table's schema, without deleted keys. Without
     * it: a layer, which keeps deletes, and stamps if they are needed. */
    const struct schema *schema; /* of the table */
    uint32_t n_parts;
    bool columnar;
    const char *dir; /* an empty directory, which gets 00000000.seg ... */
    uint64_t memory_bytes;
    struct pool *pool;
    struct load_progress *progress;
};

struct merge_result {
    uint64_t n_rows;
    uint64_t disk_bytes;
};

/*
 * Merge, on the calling thread and the workers of `pool`.
 *
 * Cost      about 4 s of one core to merge 14M rows into 10M; temporarily as much disk as the
 *           output takes.
 * Fails     E_CANCELLED, E_NOSPACE, E_IO; E_CORRUPT if rows of the input are damaged. The directory
 *           then holds debris.
 */
must_use enum code merge_run(const struct merge_config *config, struct merge_result *out,
                             struct err *err);

#endif
