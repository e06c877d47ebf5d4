/* Where a build takes its records from: bins of them, one for each block. */
#ifndef MURR_ENGINE_BUILD_RECORD_SOURCE_H
#define MURR_ENGINE_BUILD_RECORD_SOURCE_H

#include "base/err.h"
#include "segment/record.h"

struct record_source {
    /*
     * The next piece of a bin: a run of records, one behind the other; empty when nothing is left. The bytes are
     * the caller's (free). Called for one bin until that is empty, then for another, by each worker.
     */
    enum code (*take)(struct record_source *s, unsigned worker, size_t bin, uint8_t **out_bytes,
                      size_t *out_len, struct err *err);
};

/* The ordinals of a merge: deletes have odd ones. Newer layers have larger ranks. The broken build (make
 * VARIANT=broken) lets old rows win; the model test must catch it. */
static inline uint64_t record_merge_ordinal(size_t rank, bool is_delete)
{
#ifdef MURR_TEST_OLD_ROWS_WIN
    rank = 1000 - rank;
#endif
    return (uint64_t)rank * 2 + is_delete;
}

static inline bool record_is_delete(const struct record *r)
{
    return r->ordinal & 1;
}

#endif
