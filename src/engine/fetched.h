/*
 * The column chunks of one row group, brought into memory to be decoded: read there, or, when they are
 * too large, copied to an unlinked file of ours that is mapped. Never mapped from the source: a file that
 * somebody truncates would kill us with SIGBUS.
 */
#ifndef MURR_ENGINE_FETCHED_H
#define MURR_ENGINE_FETCHED_H

#include "base/buf.h"
#include "engine/source_file.h"

/* Which chunks: some columns of a row group. */
struct fetch_place {
    const struct source_file *file;
    size_t row_group;
    const size_t *columns;
    size_t n_columns;
};

struct chunk_range {
    uint64_t offset;
    uint64_t len;
};

/* Zeroed memory is empty. Memory for small row groups is kept until the next. */
struct fetched {
    const uint8_t *bytes;
    uint64_t len;
    struct chunk_range *ranges; /* by column */
    size_t n_ranges;
    bool is_mapped;
    struct buf memory;
};

/* Where the chunks lie and how many bytes they come to; `ranges` has n_columns. */
must_use enum code chunk_ranges(const struct fetch_place *place, struct chunk_range *ranges,
                                uint64_t *out_total, struct err *err);

/* Bring them in. More than `memory_bytes` go through a file in `temp_dir`. */
must_use enum code fetched_read(struct fetched *f, const struct fetch_place *place,
                                uint64_t memory_bytes, const char *temp_dir, struct err *err);

/* Begin to decode each: one decoder a column, in the order of the place's columns. */
must_use enum code fetched_start(const struct fetched *f, const struct fetch_place *place,
                                 struct pq_chunk *const *chunks, struct err *err);

/* Unmap; keep the memory. */
void fetched_reset(struct fetched *f);
void fetched_done(struct fetched *f);

#endif
