/*
 * Memory shares: how the memory of one job is divided. A job is a load, a group of writes, a merge,
 * or a scan (murr cat). Everything that grows with the job's input is bounded by one of these
 * shares. What exceeds its share waits in a file, is split, or ends the job with E_LIMIT.
 *
 *                    load          writes       merge        scan     beyond it
 *     records        3/8           1/2 *        -            -        a spill file
 *     decoded        3/8           1/8          -            1/2      E_LIMIT
 *     chunks         1/8           1/16         -            1/4      a temporary file
 *     page           1/8           1/16         -            1/4      E_LIMIT
 *     held           1/4 : w       1/16         -            1/2      E_LIMIT (for one decoder)
 *     tails          1/16          -            -            -        reads the file's end again
 *     deletes        1/8           -            -            1/8      E_LIMIT
 *     block          1/16 : w      1/16 : w     1/16 : w     -        more blocks
 *     lone_block     -             1/8          -            -        more blocks
 *     build          1/4 : w       1/4 : w **   1/4 : w      -        E_LIMIT (for one worker)
 *     batch          -             -            -            1/16     the next batch
 *
 *     : w  divided by the number of workers
 *     *    for all writes of the group together
 *     **   divided only by the workers that have a block to build
 *
 * A batch has at most 64 MiB, whatever its share.
 *
 * The shares of a job add up to more than one, since they are not all in use at once: records,
 * decoded pages and chunks exist while rows are read; records and the builders' memory afterwards.
 */
#ifndef MURR_ENGINE_SPEC_MEMORY_SHARES_H
#define MURR_ENGINE_SPEC_MEMORY_SHARES_H

#include <stdint.h>

/* Bytes. */
struct memory_shares {
    uint64_t records;    /* records waiting to be built */
    uint64_t decoded;    /* pages, dictionaries and values of all decoders together */
    uint64_t undoubted;  /* files may always decode to twice this, however small they are */
    uint64_t chunks;     /* column chunks and buffers as they were read, still compressed */
    uint64_t page;       /* the largest page that is decompressed */
    uint64_t held;       /* what one decoder keeps from page to page */
    uint64_t tails;      /* ends of files, kept for the column chunks in them */
    uint64_t deletes;    /* which rows are deleted, of all files together */
    uint64_t block;      /* records of one block */
    uint64_t lone_block; /* records of a block if there is only one */
    uint64_t build;      /* what one worker takes to build a block */
    uint64_t batch;      /* Arrow handed out at a time */
};

struct memory_shares memory_shares_of_load(uint64_t memory_bytes, unsigned n_workers);
struct memory_shares memory_shares_of_writes(uint64_t memory_bytes, unsigned n_workers);
struct memory_shares memory_shares_of_merge(uint64_t memory_bytes, unsigned n_workers);
struct memory_shares memory_shares_of_scan(uint64_t memory_bytes);

#endif
