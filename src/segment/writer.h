/*
 * Writing one segment. Blocks may be put by several threads in any order; each goes to the file at
 * once. The file has a temporary name until it is complete and on disk.
 */
#ifndef MURR_SEGMENT_WRITER_H
#define MURR_SEGMENT_WRITER_H

#include "segment/block.h"
#include "segment/format.h"

struct seg_writer;

/* What all segments of a generation share, and which of them this is. Borrowed until close. */
struct seg_plan {
    const struct schema *schema;
    const struct seg_layout *layout;
    uint64_t hash_seed;
    uint32_t part; /* 0 .. n_parts-1 */
    uint32_t n_parts;
    uint32_t n_blocks; /* of this part; the same for all parts */
    struct seg_origin origin;
};

must_use enum code seg_writer_open(const char *path, const struct seg_plan *plan,
                                   struct seg_writer **out_writer, struct err *err);

/* Block `block_idx` (0 .. n_blocks-1) of this part, once each. Threads: any. */
must_use enum code seg_writer_put(struct seg_writer *w, uint32_t block_idx,
                                  const struct built_block *block, struct err *err);

/* Write tables and footer, fsync, and rename to the final name. The caller fsyncs the directory. */
must_use enum code seg_writer_finish(struct seg_writer *w, uint64_t *out_file_bytes,
                                     struct err *err);

/* Frees; what was not finished is removed. */
void seg_writer_close(struct seg_writer *w);

#endif
