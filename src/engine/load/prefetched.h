/*
 * Prefetched: the column chunks of one row group, in memory and ready to be decoded. They are read
 * into a buffer or, when they are too large, copied to an unlinked temporary file that is mapped.
 * The source itself is never mapped: if somebody truncated the file, the next access would kill the
 * process with SIGBUS.
 *
 * Chunks that lie close together are read as one run, including the gap between them, as long as
 * gaps add less than a thirty-second: each request costs time, but each byte costs money.
 *
 * Several at a time:
 *
 *     prefetched_plan -> prefetched_begin -> prefetched_finish -> prefetched_chunks
 *
 * One at a time:
 *
 *     prefetched_read -> prefetched_chunks
 */
#ifndef MURR_ENGINE_LOAD_PREFETCHED_H
#define MURR_ENGINE_LOAD_PREFETCHED_H

#include "base/buf.h"
#include "engine/load/source_file.h"

/* Which chunks to read: some columns of a row group. */
struct prefetch_place {
    const struct source_file *file;
    size_t row_group;
    const size_t *columns;
    size_t n_columns;
};

/* The bytes of a chunk, as offset and length in `bytes`. */
struct chunk_place {
    uint64_t at;
    uint64_t len;
};

/* Zeroed memory is empty. A buffer is kept for the next row group. */
struct prefetched {
    uint64_t len;               /* of all runs in memory */
    struct chunk_place *chunks; /* by column of the place */
    struct byte_range *runs;    /* in the file; `out` is set by _begin */
    uint64_t *run_at;           /* by run: its offset in `bytes` */
    size_t n_chunks, n_runs;
    uint8_t *bytes; /* memory, or the mapping */
    struct buf memory;
    bool is_mapped;
    struct object_read *reading; /* between _begin and _finish */
};

/* Find where the chunks are, and set `len`. Reads nothing. */
must_use enum code prefetched_plan(struct prefetched *f, const struct prefetch_place *place,
                                   struct err *err);

/* Begin to read what was planned, and wait for it. Borrows place->file and op until _finish. */
void prefetched_begin(struct prefetched *f, const struct prefetch_place *place,
                      const struct remote_op *op);
must_use enum code prefetched_finish(struct prefetched *f, struct err *err);

/* Plan, and read all of it. More than `memory_bytes` go through a file in `temp_dir`, in pieces of
 * `memory_bytes`. */
must_use enum code prefetched_read(struct prefetched *f, const struct prefetch_place *place,
                                   uint64_t memory_bytes, const char *temp_dir,
                                   const struct remote_op *op, struct err *err);

/* The bytes of each chunk, in the order of the place's columns, for row_reader_open. Valid until
 * the reset. */
void prefetched_chunks(const struct prefetched *f, struct view *out);

/* Unmap, and keep the buffer. Waits for a read under way. */
void prefetched_reset(struct prefetched *f);
void prefetched_done(struct prefetched *f);

#endif
