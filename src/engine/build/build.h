/*
 * The build: the second half of a load, a write or a merge, from records to segments. The unit of
 * work is the block. Any worker builds any block, so all cores are busy even if there is only one
 * part.
 */
#ifndef MURR_ENGINE_BUILD_BUILD_H
#define MURR_ENGINE_BUILD_BUILD_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "engine/build/record_source.h"
#include "segment/writer.h"

struct build_config {
    const char *dir; /* an existing directory, which gets 00000000.seg ... */
    const struct schema *schema;
    const struct seg_layout *layout;
    const struct record_format *format;
    struct record_source *source; /* bin = block */
    uint64_t n_blocks;            /* of all parts together; a multiple of n_parts */
    uint32_t n_parts;
    uint64_t hash_seed;
    struct seg_origin origin; /* written into the segments: what they were built from */
    uint64_t worker_bytes;    /* bytes of records that one worker may hold */
    const char *setting;      /* the setting behind worker_bytes, for messages */
    bool drop_deletes; /* leave out keys whose newest record is a delete (record_is_delete) */
};

struct build_result {
    uint64_t disk_bytes;
    uint64_t n_rows; /* one for each key */
};

/*
 * Build all segments, fsync them, open them again and compare their checksums. Blocks until all
 * workers have ended.
 *
 * Fails     E_LIMIT if the rows of one block exceed worker_bytes even without the replaced ones;
 *           E_CANCELLED; E_IO, E_NOSPACE; E_CORRUPT if the file reads back differently. The
 *           directory then holds debris.
 */
must_use enum code build_run(const struct build_config *config, struct pool *pool,
                             struct load_progress *progress, struct build_result *out,
                             struct err *err);

#endif
