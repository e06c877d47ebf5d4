#include "format/parquet/pages.h"

#include "base/mem.h"

enum { keep_bufs = 4 }; /* kept between chunks */

void pq_pages_done(struct pq_pages *p)
{
    for (size_t i = 0; i < p->n_bufs; i++)
        pq_page_buf_trim(&p->bufs[i], 0);
    free(p->bufs);
    *p = (struct pq_pages){0};
}

void pq_pages_reset(struct pq_pages *p)
{
    p->n_used = 0;
    p->held_bytes = 0;
    for (size_t i = 0; i < p->n_bufs; i++)
        pq_page_buf_trim(&p->bufs[i], i < keep_bufs ? PQ_KEEP_BYTES : 0);
}

void pq_page_buf_trim(struct pq_page_buf *b, size_t max_bytes)
{
    if (b->cap <= max_bytes)
        return;
    pq_budget_give(b->budget, b->cap);
    free(b->ptr);
    *b = (struct pq_page_buf){.budget = b->budget};
}

/* The current page moves to the front, and its old neighbour to its place: buffers are swapped, not
 * copied, and stay for reuse. */
void pq_pages_release_old(struct pq_pages *p)
{
    if (p->n_used <= 1)
        return;
    struct pq_page_buf current = p->bufs[p->n_used - 1];
    p->bufs[p->n_used - 1] = p->bufs[0];
    p->bufs[0] = current;
    p->n_used = 1;
    p->held_bytes = current.cap;
}

enum code pq_page_buf_fit(struct pq_page_buf *b, size_t size, struct err *err)
{
    if (size <= b->cap)
        return OK;
    pq_page_buf_trim(b, 0);
    TRY(pq_budget_resize(b->budget, 0, size, err));
    b->ptr = mem_try_zalloc(size);
    if (!b->ptr)
        pq_budget_give(b->budget, size);
    if (!b->ptr)
        return err_set(err, E_NOMEM, "no memory for a page of %zu bytes", size);
    b->cap = size;
    return OK;
}

static struct pq_page_buf *next_buf(struct pq_pages *p)
{
    if (p->n_used == p->n_bufs) {
        size_t n = p->n_bufs ? p->n_bufs * 2 : keep_bufs;
        p->bufs = mem_realloc(p->bufs, n * sizeof(*p->bufs));
        memset(p->bufs + p->n_bufs, 0, (n - p->n_bufs) * sizeof(*p->bufs));
        p->n_bufs = n;
    }
    p->bufs[p->n_used].budget = p->budget;
    return &p->bufs[p->n_used++];
}

enum code pq_pages_next(struct pq_pages *p, bool hold, size_t size, size_t max_bytes, uint8_t **out,
                        struct err *err)
{
    if (!hold && p->n_used > 0) {
        p->n_used--;
        p->held_bytes -= p->bufs[p->n_used].cap;
    }
    struct pq_page_buf *b = next_buf(p);
    enum code rc = pq_page_buf_fit(b, size, err);
    p->held_bytes += b->cap;
    if (rc)
        return rc;
    if (p->held_bytes > max_bytes)
        return err_set(err, E_LIMIT, "pages of %zu bytes needed at a time, the limit is %zu",
                       p->held_bytes, max_bytes);
    *out = b->ptr;
    return OK;
}
