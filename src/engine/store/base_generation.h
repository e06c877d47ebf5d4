/*
 * The base of a table: the segments of one generation, open as the configuration says they shall be kept.
 * Immutable and refcounted; many snapshots may share one.
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
    struct schema_cache *schemas; /* any thread */
    /* Immutable from here on. */
    struct generation_info info;
    enum storage_kind storage;
    struct huge_memory memory; /* STORAGE_MEMORY: all segments, one behind the other */
    struct mapped_file range;  /* else: their files, likewise */
    struct segment **segments; /* by part */
    size_t n_segments;
    struct seg_set set;
    uint64_t n_rows;
    uint64_t index_bytes;
};

/*
 * Open and check the segments of a generation's directory. The caller holds the one reference. A copy in memory has
 * been compared with its checksums; of what is mapped, rows are checked when they are read (segment/pages.h).
 *
 * Cost      STORAGE_MMAP: milliseconds. STORAGE_MEMORY: a copy of the files, about a second a 2 GB, which ends
 *           early with `op`.
 * Fails     E_NOTFOUND, E_CORRUPT, E_IO; E_NOMEM when STORAGE_MEMORY does not fit; E_CANCELLED.
 */
must_use enum code base_generation_open(const char *dir, enum storage_kind storage,
                                        const struct remote_op *op,
                                        struct base_generation **out_base, struct err *err);

struct base_generation *base_generation_ref(struct base_generation *b);
void base_generation_unref(struct base_generation *b); /* NULL is fine; the last one unmaps */

/* Take the files of a generation that was copied to memory out of the page cache. */
void base_generation_drop_cache(const char *dir, const struct base_generation *b);

#endif
