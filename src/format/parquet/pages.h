/*
 * Memory of decompressed pages. A page whose strings were handed out is kept until the caller's
 * next read; memory of other pages is reused for the next page. Zeroed memory is valid and empty.
 */
#ifndef MURR_FORMAT_PARQUET_PAGES_H
#define MURR_FORMAT_PARQUET_PAGES_H

#include "base/err.h"
#include "base/view.h"
#include "format/parquet/budget.h"

enum { PQ_KEEP_BYTES = 8 << 20 }; /* of a buffer that waits for the next chunk */

struct pq_page_buf {
    uint8_t *ptr;
    size_t cap;
    struct pq_budget *budget; /* which it is charged to */
};

struct pq_pages {
    struct pq_page_buf *bufs;
    size_t n_bufs;
    size_t n_used;     /* the last of them is the current page */
    size_t held_bytes; /* of the used ones, the current included */
    struct pq_budget *budget;
};

void pq_pages_done(struct pq_pages *p);

/* No page is used any more. Keeps memory for the next chunk, but not much of it. */
void pq_pages_reset(struct pq_pages *p);

/* Give up all pages but the current one. */
void pq_pages_release_old(struct pq_pages *p);

/*
 * Memory of `size` bytes for a new current page. The one before is held, or, unless `hold`, used
 * again. Fails E_LIMIT where more than `max_bytes` would be held; E_NOMEM.
 */
must_use enum code pq_pages_next(struct pq_pages *p, bool hold, size_t size, size_t max_bytes,
                                 uint8_t **out, struct err *err);

/* Free it if it is larger than that. */
void pq_page_buf_trim(struct pq_page_buf *b, size_t max_bytes);

/* Make room for `size` bytes; what was in there is lost. Fails E_NOMEM; E_LIMIT of the budget. */
must_use enum code pq_page_buf_fit(struct pq_page_buf *b, size_t size, struct err *err);

#endif
