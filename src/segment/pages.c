#include "segment/pages.h"

#include "base/hash.h"
#include "base/mem.h"

struct paged_segment {
    const struct segment *segment;
    size_t first_page; /* in the range */
    size_t n_pages;    /* of the file */
    /* without checksums of pages: by block, whether its data was checked */
    _Atomic uint8_t *payload;
};

static size_t pages_up(uint64_t bytes)
{
    return (size_t)((bytes + SEG_PAGE_BYTES - 1) / SEG_PAGE_BYTES);
}

/* Pages that rows or heaps lie on. */
static size_t n_data_pages(const struct segment *s)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < s->n_blocks; i++) {
        uint64_t block_end = s->descs[i].data_offset + s->descs[i].data_bytes;
        end = s->descs[i].data_bytes && block_end > end ? block_end : end;
    }
    return pages_up(end);
}

/* Pages without rows were checked when the segment was opened, and are never asked for. */
static size_t add_segment(struct seg_pages *p, size_t i, const struct segment *s)
{
    p->segments[i] = (struct paged_segment){
        .segment = s,
        .first_page = (size_t)(s->bytes.ptr - p->start) / SEG_PAGE_BYTES,
        .n_pages = pages_up(s->bytes.len),
        .payload = s->page_sums ? NULL : mem_zalloc(s->n_blocks),
    };
    return n_data_pages(s) - (s->page_sums && n_data_pages(s) ? 1 : 0);
}

struct seg_pages *seg_pages_new(struct segment *const *segments, size_t n,
                                const struct mapped_file *range)
{
    struct seg_pages *p = mem_zalloc(sizeof(*p));
    size_t n_left = 0;
    p->start = range->ptr;
    p->hit = range->hit;
    p->segments = mem_zalloc(n * sizeof(*p->segments));
    p->n_segments = n;
    for (size_t i = 0; i < n; i++)
        n_left += add_segment(p, i, segments[i]);
    p->n_pages = p->segments[n - 1].first_page + p->segments[n - 1].n_pages;
    p->checked = mem_zalloc((p->n_pages / 64 + 1) * sizeof(*p->checked));
    atomic_store(&p->n_left, n_left);
    return p;
}

void seg_pages_free(struct seg_pages *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_segments; i++)
        free(p->segments[i].payload);
    free(p->segments);
    free(p->checked);
    free(p);
}

static const struct paged_segment *segment_of(const struct seg_pages *p, size_t page)
{
    size_t lo = 0, hi = p->n_segments;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (p->segments[mid].first_page <= page)
            lo = mid;
        else
            hi = mid;
    }
    return &p->segments[lo];
}

static bool data_is_right(const struct paged_segment *gs, uint32_t block)
{
    const struct segment *s = gs->segment;
    const struct seg_entry *e = &s->entries[s->n_entries - s->n_blocks + block];
    if (atomic_load_explicit(&gs->payload[block], memory_order_relaxed))
        return true;
    if (hash_checksum(view_of(s->bytes.ptr + e->offset, e->size)) != e->checksum)
        return false;
    atomic_store_explicit(&gs->payload[block], 1, memory_order_relaxed);
    return true;
}

/* A segment without checksums of pages: check all data that lies on this page. */
static bool payloads_are_right(const struct paged_segment *gs, size_t page_of_file)
{
    const struct segment *s = gs->segment;
    uint64_t from = (uint64_t)page_of_file * SEG_PAGE_BYTES, end = from + SEG_PAGE_BYTES;
    bool right = true;
    for (uint32_t i = 0; i < s->n_blocks && right; i++) {
        const struct seg_block_desc *d = &s->descs[i];
        if (d->data_offset < end && d->data_offset + d->data_bytes > from)
            right = data_is_right(gs, i);
    }
    return right;
}

static bool page_is_right(const struct seg_pages *p, size_t page)
{
    const struct paged_segment *gs = segment_of(p, page);
    const struct segment *s = gs->segment;
    size_t of_file = page - gs->first_page;
    if (gs->payload)
        return of_file < gs->n_pages && payloads_are_right(gs, of_file);
    return of_file < s->n_page_sums && hash_page(s->bytes.ptr + of_file * SEG_PAGE_BYTES,
                                                 SEG_PAGE_BYTES) == s->page_sums[of_file];
}

static void set_checked(struct seg_pages *p, size_t page)
{
    uint64_t bit = 1ull << page % 64;
    if (!(atomic_fetch_or_explicit(&p->checked[page / 64], bit, memory_order_relaxed) & bit))
        atomic_fetch_sub_explicit(&p->n_left, 1, memory_order_relaxed);
}

static bool found_damage(struct seg_pages *p)
{
    atomic_store_explicit(&p->is_damaged, true, memory_order_relaxed);
    return false;
}

bool seg_pages_check_pages(struct seg_pages *p, const uint8_t *at, size_t len)
{
    size_t from = (size_t)(at - p->start), last = (from + len - 1) / SEG_PAGE_BYTES;
    if (at < p->start || last >= p->n_pages || from + len < from)
        return false;
    for (size_t page = from / SEG_PAGE_BYTES; page <= last; page++) {
        if (seg_pages_is_checked(p, page))
            continue;
        if (!page_is_right(p, page))
            return found_damage(p);
        set_checked(p, page);
    }
    return true;
}

void seg_pages_lose(struct seg_pages *p)
{
    atomic_store(&p->is_damaged, true);
    atomic_store(&p->is_lost, true);
}

void seg_pages_doubt(struct seg_pages *p)
{
    atomic_store(&p->is_damaged, true);
    seg_pages_forget(p, p->start, p->n_pages * SEG_PAGE_BYTES);
}

bool seg_pages_verify(struct seg_pages *p, const uint8_t *at, size_t len)
{
    size_t from = (size_t)(at - p->start), end = from + len;
    for (size_t page = from / SEG_PAGE_BYTES; page * SEG_PAGE_BYTES < end; page++) {
        if (page >= p->n_pages || !page_is_right(p, page)) {
            seg_pages_doubt(p);
            return false;
        }
        set_checked(p, page);
    }
    return true;
}

void seg_pages_forget_all(struct seg_pages *p)
{
    atomic_store(p->hit, false); /* before anything else, so that a later fault is noticed */
    seg_pages_forget(p, p->start, p->n_pages * SEG_PAGE_BYTES);
}

void seg_pages_forget(struct seg_pages *p, const uint8_t *at, size_t len)
{
    size_t from = (size_t)(at - p->start), last = (from + len - 1) / SEG_PAGE_BYTES;
    for (size_t page = from / SEG_PAGE_BYTES; page <= last && page < p->n_pages; page++) {
        uint64_t bit = 1ull << page % 64;
        if (atomic_fetch_and_explicit(&p->checked[page / 64], ~bit, memory_order_relaxed) & bit)
            atomic_fetch_add_explicit(&p->n_left, 1, memory_order_relaxed);
    }
}
