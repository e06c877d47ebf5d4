/*
 * Row deletes: which rows of a publication's data files are deleted, as its delete files say. All of
 * them are read before the first row is.
 *
 *     by position   a bitmap for each data file
 *     by equality   for each group the values that are deleted, with the greatest sequence number of
 *                   their deletes: rows of files with a smaller number are deleted
 *
 * Threads   any, once read.
 */
#ifndef MURR_ENGINE_LOAD_ROW_DELETES_H
#define MURR_ENGINE_LOAD_ROW_DELETES_H

#include "base/pool.h"
#include "engine/load/key_numbers.h"
#include "engine/load/resolve.h"
#include "engine/load/row_bitmap.h"
#include "engine/spec/memory_shares.h"

#include <pthread.h>

/* Zeroed memory has no deletes. */
struct row_deletes {
    const struct publication *publication; /* borrowed */
    struct row_bitmap *positions;          /* by data file */
    struct key_numbers *equalities;        /* by equality group */
    bool is_inverse; /* only the rows in `positions` are read, not all others */
    /* While delete files are read. */
    pthread_mutex_t lock;
    uint64_t bytes, max_bytes; /* of all bitmaps and values */
};

struct row_deletes_config {
    const struct publication *publication;
    struct pool *pool;
    const struct memory_shares *shares;
    const struct pq_limits *limits;
    const struct remote_op *op; /* bounds all reads */
    const char *temp_dir;       /* for row groups too large for memory */
    uint64_t hash_seed;
};

/*
 * Read all delete files of the publication, on the pool. The caller calls row_deletes_done, also
 * after a failure.
 *
 * Fails     E_CORRUPT for a delete file that is none; E_LIMIT if shares->deletes is too little;
 *           E_CHANGED, E_IO, E_CANCELLED as reading does. Messages name the file.
 */
must_use enum code row_deletes_read(struct row_deletes *d, const struct row_deletes_config *config,
                                    struct err *err);
void row_deletes_done(struct row_deletes *d);

#endif
