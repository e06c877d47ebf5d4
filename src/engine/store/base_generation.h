/*
 * The base of a table: the open segments of one generation, copied to memory or mapped as `storage`
 * says. Immutable and refcounted; snapshots share it.
 */
#ifndef MURR_ENGINE_STORE_BASE_GENERATION_H
#define MURR_ENGINE_STORE_BASE_GENERATION_H

#include "base/huge.h"
#include "engine/store/generation.h"
#include "engine/store/schema_cache.h"
#include "engine/spec/spec.h"
#include "remote/op.h"
#include "segment/find.h"

struct base_generation {
    _Atomic uint32_t refs;
    struct schema_cache *schemas; /* synchronizes itself */
    /* Immutable from here on. */
    struct generation_info info;
    enum storage_kind storage;
    struct huge_memory memory; /* STORAGE_MEMORY: all segments, one after the other */
    struct mapped_file range;  /* otherwise: their files, mapped one after the other */
    struct segment **segments; /* by part */
    size_t n_segments;
    struct seg_set set;
    uint64_t n_rows;
    uint64_t index_bytes; /* of memory: pilots and block tables */
};

/*
 * Open and check the segments in a generation's directory. The caller gets the only reference. A
 * copy in memory is compared with its checksums here; rows of mapped files are compared when they
 * are read (segment/pages.h).
 *
 * Cost      STORAGE_MMAP and STORAGE_DISK: milliseconds. STORAGE_MEMORY copies the files, about 2
 *           GB a second, and stops when `op` is cancelled.
 * Fails     E_NOTFOUND, E_CORRUPT, E_IO; E_NOMEM when a copy does not fit into memory; E_CANCELLED.
 */
must_use enum code base_generation_open(const char *dir, enum storage_kind storage,
                                        const struct remote_op *op,
                                        struct base_generation **out_base, struct err *err);

struct base_generation *base_generation_ref(struct base_generation *b);
void base_generation_unref(struct base_generation *b); /* NULL is fine; the last unref unmaps */

/* Drop the files of a generation from the page cache, once it was copied to memory and the copy
 * serves. Dropping them earlier makes readers of the mapping wait (docs/decisions/0006). */
void base_generation_drop_cache(const char *dir, const struct base_generation *b);

#endif
