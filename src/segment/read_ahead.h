/*
 * Tables larger than memory. They are mapped like others, but a thousand keys would be a thousand
 * page faults, each waiting for the disk alone. So before a batch is read, all places that it will
 * touch are brought into the page cache at once: one io_uring submission for up to 1,024 of them;
 * where the kernel refuses io_uring (old ones, and many container runtimes), one
 * madvise(MADV_WILLNEED) a place. Then the ordinary passes run over the mapping. The page cache is
 * the only cache; this module keeps no data.
 *
 * What comes from the disk must be checked, though it was before: the bytes of the last time are
 * gone. So each place is first read with RWF_NOWAIT, which fails where a page is not in the cache;
 * its check is then forgotten (segment/pages.h), and it is read again, waiting. Where the file
 * system knows no RWF_NOWAIT, every place is checked every time.
 *
 * A read that fails is not an error here: who touches the page will see.
 */
#ifndef MURR_SEGMENT_READ_AHEAD_H
#define MURR_SEGMENT_READ_AHEAD_H

#include "base/err.h"
#include "base/view.h"
#include "segment/pages.h"

struct read_ahead;

/* Begin to collect places; `ahead` NULL: the table is not read that way, and all of this does
 * nothing. */
struct read_batch {
    struct read_ahead *ahead;
    struct ring *ring;
    unsigned n; /* places not submitted yet */
};

/*
 * For n files, mapped at `files[i]` and open as `fds[i]`; owns the descriptors from the call on;
 * borrows the checks of the mappings. Rings are made as threads come, and kept.
 */
struct read_ahead *read_ahead_new(const struct view *files, const int *take_fds, size_t n,
                                  struct seg_pages *pages);
void read_ahead_free(struct read_ahead *a);

/* Threads: any, each with a batch of its own. */
struct read_batch read_batch_begin(struct read_ahead *a);
void read_batch_add(struct read_batch *b, size_t file_idx, const uint8_t *at, size_t len);
void read_batch_end(struct read_batch *b); /* returns when all places are in the page cache */

#endif
