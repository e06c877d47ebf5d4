/*
 * The spill: records that wait between the two halves of a load, sorted into bins, one for each
 * block to build. They wait in memory up to a bound, and beyond it in an unlinked file.
 */
#ifndef MURR_ENGINE_BUILD_SPILL_H
#define MURR_ENGINE_BUILD_SPILL_H

#include "base/err.h"
#include "engine/build/record_source.h"

struct spill;

/* The least that a bin with records takes, for each worker. */
enum { SPILL_CHUNK_MIN_BYTES = 4096 };

struct spill_config {
    const char *dir;       /* for the file, if one is needed */
    uint64_t memory_bytes; /* for all chunks in memory, open and full */
    size_t n_bins;
    unsigned n_workers;
};

struct spill *spill_new(const struct spill_config *config);
void spill_free(struct spill *s);

/*
 * Reserve room for a record of `size` bytes, a multiple of 8. The caller fills it before it
 * commits.
 *
 * Threads   each `worker` number belongs to one thread. Takes no lock.
 */
struct record *spill_reserve(struct spill *s, unsigned worker, size_t bin, uint32_t size);

/* All records that the worker reserved are filled: its full chunks may now move to the file. Fails
 * E_IO, E_NOSPACE. */
must_use enum code spill_commit(struct spill *s, unsigned worker, struct err *err);

/* No more records will come; all workers have committed. */
void spill_seal(struct spill *s);

/* The records as a source for a build, after the seal. Lives as long as the spill. */
struct record_source *spill_source(struct spill *s);

#endif
