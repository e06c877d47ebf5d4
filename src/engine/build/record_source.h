/* A record source: where a build takes its records from. They are in bins, one for each block. */
#ifndef MURR_ENGINE_BUILD_RECORD_SOURCE_H
#define MURR_ENGINE_BUILD_RECORD_SOURCE_H

#include "base/broken.h"
#include "base/err.h"
#include "segment/record.h"

struct record_source {
    /*
     * Take the next piece of a bin: a run of records, one after the other; empty when nothing is
     * left. The caller owns the bytes (free). A worker empties one bin before it takes from
     * another, and no two workers take from the same bin.
     */
    enum code (*take)(struct record_source *s, unsigned worker, size_t bin, uint8_t **out_bytes,
                      size_t *out_len, struct err *err);
};

/* The ordinal of a record in a merge: odd for a delete, and larger for a newer layer, which has a
 * larger rank. */
static inline uint64_t record_merge_ordinal(size_t rank, bool is_delete)
{
    if (is_broken("old rows win"))
        rank = 1000 - rank;
    return (uint64_t)rank * 2 + is_delete;
}

static inline bool record_is_delete(const struct record *r)
{
    return r->ordinal & 1;
}

#endif
