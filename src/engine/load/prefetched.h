/*
 * The column chunks of one row group, brought into memory to be decoded: read there, or, when they are
 * too large, copied to an unlinked file of ours that is mapped. Never mapped from the source: a file that
 * somebody truncates would kill us with SIGBUS.
 *
 * Chunks that lie close together are read as one run, gap included, as long as gaps add less than a
 * thirty-second part: a request costs time, but bytes cost money.
 *
 *     prefetched_plan -> prefetched_begin -> prefetched_finish -> prefetched_chunks    with others on their way meanwhile
 *     prefetched_read                                          -> prefetched_chunks    one at a time
 */
#ifndef MURR_ENGINE_LOAD_PREFETCHED_H
#define MURR_ENGINE_LOAD_PREFETCHED_H

#include "base/buf.h"
#include "engine/load/source_file.h"

/* Which chunks: some columns of a row group. */
struct prefetch_place {
    const struct source_file *file;
    size_t row_group;
    const size_t *columns;
    size_t n_columns;
};

/* Where a chunk lies in the memory. */
struct chunk_place {
    uint64_t at;
    uint64_t len;
};

/* Zeroed memory is empty. Memory for small row groups is kept until the next. */
struct prefetched {
    uint64_t len;               /* of all runs, in memory */
    struct chunk_place *chunks; /* by column */
    struct byte_range *runs;    /* `out` is set by _begin */
    uint64_t *run_at;           /* by run: where it begins in memory */
    size_t n_chunks, n_runs;
    uint8_t *bytes; /* memory, or the mapping */
    struct buf memory;
    bool is_mapped;
    struct object_read *reading; /* between _begin and _finish */
};

/* Find out where the chunks lie, and how many bytes they come to. Reads nothing. */
must_use enum code prefetched_plan(struct prefetched *f, const struct prefetch_place *place,
                                   struct err *err);

/* Begin to bring what was planned into memory; and wait for it. Borrows   op until then. */
void prefetched_begin(struct prefetched *f, const struct prefetch_place *place,
                      const struct remote_op *op);
must_use enum code prefetched_finish(struct prefetched *f, struct err *err);

/* Plan, and bring it in. More than `memory_bytes` go through a file in `temp_dir`, a piece of `memory_bytes` at
 * a time. */
must_use enum code prefetched_read(struct prefetched *f, const struct prefetch_place *place,
                                   uint64_t memory_bytes, const char *temp_dir,
                                   const struct remote_op *op, struct err *err);

/* Where each chunk lies, in the order of the place's columns: row_reader_open. Valid until the reset. */
void prefetched_chunks(const struct prefetched *f, struct view *out);

/* Unmap; keep the memory. What is on its way is waited for. */
void prefetched_reset(struct prefetched *f);
void prefetched_done(struct prefetched *f);

#endif
