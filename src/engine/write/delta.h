/*
 * The rows of some writes on their way into one segment: each write's body is read into records of its own, so that
 * one that turns out to be bad leaves nothing behind; then all records are built together, the later write winning
 * where two have a key.
 */
#ifndef MURR_ENGINE_WRITE_DELTA_H
#define MURR_ENGINE_WRITE_DELTA_H

#include "base/pool.h"
#include "engine/spec/progress.h"
#include "engine/store/snapshot.h"
#include "engine/write/write.h"
#include "model/schema.h"

struct delta;

/* For bodies of so many bytes together. */
uint64_t delta_guess_blocks(uint64_t n_bytes, uint64_t memory_bytes, const struct pool *pool);

struct delta_config {
    const struct schema *schema; /* of the table */
    uint64_t hash_seed;
    const char *dir;       /* an empty directory: gets 00000000.seg, and spill files on the way */
    uint64_t memory_bytes; /* records and builds */
    uint64_t quota_left;   /* records of upserts may take so many bytes */
    uint64_t n_blocks;     /* of the segment; delta_guess_blocks */
    size_t n_writes;       /* at most so many will be added */
    bool has_deletes;      /* some of them are deletes: rows need stamps of their own */
    const struct snapshot *patched; /* the one write is a patch of what this has; else NULL */
    struct pool *pool;
    struct load_progress *progress;
};

/* Borrows the config's parts until it is freed. Fails E_LIMIT for a schema of rows that are too long. */
must_use enum code delta_new(const struct delta_config *config, struct delta **out_delta,
                             struct err *err);
void delta_free(struct delta *d);

/*
 * Read the body of a write. `time_us` goes into the stamps of its rows, where they have any.
 *
 * Fails with what is wrong with the body, E_NOSPACE beyond the quota; nothing of it stays.
 */
must_use enum code delta_add(struct delta *d, const struct write_request *write, int64_t time_us,
                             uint64_t *out_n_rows, struct err *err);

/* How many blocks what was added should have. Where that is much more than it has, as compressed bodies were longer
 * than they looked, it is better read again than built. */
uint64_t delta_wanted_blocks(const struct delta *d);

/* Build the segment of all that was added: at least one write. Fails E_NOSPACE, E_IO, E_CANCELLED, E_LIMIT. */
must_use enum code delta_build(struct delta *d, struct err *err);

#endif
