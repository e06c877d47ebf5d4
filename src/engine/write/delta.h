/*
 * A delta: the rows of a group of writes on their way into one segment. The body of each write is
 * read into a spill of its own, so a write that turns out to be bad leaves nothing. Then all
 * records are built together; of two rows with one key, the row of the later write stays.
 */
#ifndef MURR_ENGINE_WRITE_DELTA_H
#define MURR_ENGINE_WRITE_DELTA_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "engine/store/snapshot.h"
#include "engine/write/write.h"
#include "model/schema.h"

struct delta;

/* A guess of delta_config.n_blocks for bodies of n_bytes together. */
uint64_t delta_guess_blocks(uint64_t n_bytes, uint64_t memory_bytes, const struct pool *pool);

struct delta_config {
    const struct schema *schema; /* of the table */
    uint64_t hash_seed;
    const char *dir;       /* an empty directory, which gets 00000000.seg and unnamed spill files */
    uint64_t memory_bytes; /* for records and builds */
    uint64_t quota_left;   /* bytes that the records of upserts may take */
    uint64_t n_blocks;     /* of the segment; delta_guess_blocks */
    size_t n_writes;       /* the most that will be added */
    bool has_deletes;      /* some writes are deletes, so all rows need their own stamps */
    const char *newest_by; /* the column by which the newer row is known; NULL: none */
    const struct snapshot *served; /* rows that are older by it than the served ones are left out */
    /* For a patch, which is then the only write: what it changes. Else NULL. */
    const struct snapshot *patched;
    struct pool *pool;
    struct load_progress *progress;
};

/* Borrows what the config points to, until the free. Fails E_LIMIT if rows of the schema are too
 * long. */
must_use enum code delta_new(const struct delta_config *config, struct delta **out_delta,
                             struct err *err);
void delta_free(struct delta *d);

/*
 * Read the body of a write. `time_us` goes into the stamps of its rows, if they have their own, and
 * must be the same for all writes of the delta.
 *
 * Fails     as body_open and body_next do; E_NOSPACE beyond the quota. Nothing of the write then
 *           stays.
 */
must_use enum code delta_add(struct delta *d, const struct write_request *write, int64_t time_us,
                             uint64_t *out_n_rows, struct err *err);

/* How many blocks the rows that were added should have. Compressed bodies may be much longer than
 * they looked. If the answer is far above n_blocks, reading them again into more blocks costs less
 * than building too large ones. */
uint64_t delta_wanted_blocks(const struct delta *d);

/* Build the segment from all writes that were added, at least one. Fails E_NOSPACE, E_IO,
 * E_CANCELLED, E_LIMIT. */
must_use enum code delta_build(struct delta *d, struct err *err);

#endif
