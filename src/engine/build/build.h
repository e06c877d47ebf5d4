/*
 * Second half of a load, a write or a merge: records to segments. The block is the unit of work; any worker builds any
 * block, so that all cores are busy whatever the number of parts.
 */
#ifndef MURR_ENGINE_BUILD_BUILD_H
#define MURR_ENGINE_BUILD_BUILD_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "engine/build/record_source.h"
#include "segment/writer.h"

struct build_config {
    const char *dir; /* gets 00000000.seg ... */
    const struct schema *schema;
    const struct seg_layout *layout;
    const struct record_format *format;
    struct record_source *source; /* bin = block */
    uint64_t n_blocks;            /* n_parts times the blocks of a part */
    uint32_t n_parts;
    uint64_t hash_seed;
    struct seg_origin origin; /* what the segments say they come from */
    uint64_t worker_bytes;    /* records a worker may hold at once */
    const char *setting;      /* that they come of, for messages */
    bool drop_deletes; /* rows whose newest record is a delete (record_is_delete) are left out */
};

struct build_result {
    uint64_t disk_bytes;
    uint64_t n_rows; /* one a key */
};

/*
 * Write, fsync, reopen and check all segments.
 *
 * Fails E_LIMIT when the rows of one block do not fit in worker_bytes even without replaced ones;
 * E_CANCELLED; E_IO, as on a full disk; E_CORRUPT when what was read back is not what was written.
 */
must_use enum code build_run(const struct build_config *config, struct pool *pool,
                             struct load_progress *progress, struct build_result *out,
                             struct err *err);

#endif
