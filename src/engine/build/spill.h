/*
 * Records waiting between the two halves of a load, sorted into bins (one for each block to build).
 * They wait in memory up to a bound, and in an unlinked file beyond it.
 *
 * Each worker fills an open chunk of its own for each bin, so that adding a record takes no lock.
 */
#ifndef MURR_ENGINE_BUILD_SPILL_H
#define MURR_ENGINE_BUILD_SPILL_H

#include "base/err.h"
#include "engine/build/record_source.h"

struct spill;

/* A bin that has records takes at least so much, for each worker. */
enum { SPILL_CHUNK_MIN_BYTES = 4096 };

struct spill_config {
    const char *dir;       /* where the file goes when one is needed */
    uint64_t memory_bytes; /* of records waiting in memory: open chunks and full ones */
    size_t n_bins;
    unsigned n_workers;
};

struct spill *spill_new(const struct spill_config *config);
void spill_free(struct spill *s);

/*
 * Room for a record of `size` bytes (a multiple of 8); the memory is the caller's to fill until it
 * commits. Threads: one for each `worker`.
 */
struct record *spill_reserve(struct spill *s, unsigned worker, size_t bin, uint32_t size);

/* What the worker reserved is filled: full chunks may move to the file. */
must_use enum code spill_commit(struct spill *s, unsigned worker, struct err *err);

/* No more records will come; all workers have committed. */
void spill_seal(struct spill *s);

/* The records as a source of a build, after seal; lives as long as the spill. */
struct record_source *spill_source(struct spill *s);

#endif
