/*
 * How the memory of one job is divided: a load, a group of writes, a merge, a scan (murr cat). Everything that grows with
 * its input is bounded by one of these shares; what does not fit waits in a file, is split, or ends the job with E_LIMIT.
 *
 *                    load          writes       merge        scan     of the memory of the job
 *     records        3/8           1/2 *        -            -        then in a spill file
 *     decoded        3/8           1/8          -            1/2      then E_LIMIT
 *     chunks         1/8           1/16         -            1/4      then in a temporary file
 *     page           1/8           1/16         -            1/4      then E_LIMIT
 *     held           1/4 : w       1/16         -            1/2      of one decoder; then E_LIMIT
 *     tails          1/16          -            -            -        then read again
 *     block          1/16 : w      1/16 : w     1/16 : w     -        more blocks
 *     lone_block     -             1/8          -            -        more blocks
 *     build          1/4 : w       1/4 : w **   1/4 : w      -        of one worker; then E_LIMIT
 *     batch          -             -            -            1/16     and at most 64 MiB: the next batch
 *
 *     w    workers
 *     *    of all writes of the group
 *     **   of the workers that have a block to build
 *
 * The shares of a column do not add up to one, as not all are taken at a time: records, decoded pages and chunks are there
 * while rows are read; then records and what builds blocks.
 */
#ifndef MURR_ENGINE_SPEC_MEMORY_SHARES_H
#define MURR_ENGINE_SPEC_MEMORY_SHARES_H

#include <stdint.h>

/* Bytes. */
struct memory_shares {
    uint64_t records;    /* of rows that wait to be built */
    uint64_t decoded;    /* pages, dictionaries and values, of all decoders together */
    uint64_t undoubted;  /* files that decode to twice this are fine, whatever their size */
    uint64_t chunks;     /* compressed column chunks and buffers, as they were read */
    uint64_t page;       /* the largest that is decompressed */
    uint64_t held;       /* what one decoder keeps from page to page */
    uint64_t tails;      /* ends of files, which are kept for what lies in them */
    uint64_t block;      /* records of one block */
    uint64_t lone_block; /* where there is only one */
    uint64_t build;      /* what one worker takes to build a block */
    uint64_t batch;      /* Arrow that is handed out at a time */
};

struct memory_shares memory_shares_of_load(uint64_t memory_bytes, unsigned n_workers);
struct memory_shares memory_shares_of_writes(uint64_t memory_bytes, unsigned n_workers);
struct memory_shares memory_shares_of_merge(uint64_t memory_bytes, unsigned n_workers);
struct memory_shares memory_shares_of_scan(uint64_t memory_bytes);

#endif
