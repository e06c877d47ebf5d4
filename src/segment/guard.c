#include "segment/guard.h"

#include "base/hash.h"
#include "base/mem.h"

struct guarded_segment {
    const struct segment *segment;
    size_t first_page; /* in the range */
    size_t n_pages;    /* of the file */
    _Atomic uint8_t
        *payload; /* without checksums of pages: by block, whether its data was checked */
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
static size_t guard_segment(struct seg_guard *g, size_t i, const struct segment *s)
{
    g->segments[i] = (struct guarded_segment){
        .segment = s,
        .first_page = (size_t)(s->bytes.ptr - g->start) / SEG_PAGE_BYTES,
        .n_pages = pages_up(s->bytes.len),
        .payload = s->page_sums ? NULL : mem_zalloc(s->n_blocks),
    };
    return n_data_pages(s) - (s->page_sums && n_data_pages(s) ? 1 : 0);
}

struct seg_guard *seg_guard_new(struct segment *const *segments, size_t n,
                                const struct mapped_file *range)
{
    struct seg_guard *g = mem_zalloc(sizeof(*g));
    size_t n_left = 0;
    g->start = range->ptr;
    g->hit = range->hit;
    g->segments = mem_zalloc(n * sizeof(*g->segments));
    g->n_segments = n;
    for (size_t i = 0; i < n; i++)
        n_left += guard_segment(g, i, segments[i]);
    g->n_pages = g->segments[n - 1].first_page + g->segments[n - 1].n_pages;
    g->checked = mem_zalloc((g->n_pages / 64 + 1) * sizeof(*g->checked));
    atomic_store(&g->n_left, n_left);
    return g;
}

void seg_guard_free(struct seg_guard *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n_segments; i++)
        free(g->segments[i].payload);
    free(g->segments);
    free(g->checked);
    free(g);
}

static const struct guarded_segment *segment_of(const struct seg_guard *g, size_t page)
{
    size_t lo = 0, hi = g->n_segments;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (g->segments[mid].first_page <= page)
            lo = mid;
        else
            hi = mid;
    }
    return &g->segments[lo];
}

static bool data_is_right(const struct guarded_segment *gs, uint32_t block)
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

/* Without checksums of pages: all data that lies on it. */
static bool payloads_are_right(const struct guarded_segment *gs, size_t page_of_file)
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

static bool page_is_right(const struct seg_guard *g, size_t page)
{
    const struct guarded_segment *gs = segment_of(g, page);
    const struct segment *s = gs->segment;
    size_t of_file = page - gs->first_page;
    if (gs->payload)
        return of_file < gs->n_pages && payloads_are_right(gs, of_file);
    return of_file < s->n_page_sums && hash_page(s->bytes.ptr + of_file * SEG_PAGE_BYTES,
                                                 SEG_PAGE_BYTES) == s->page_sums[of_file];
}

static void set_checked(struct seg_guard *g, size_t page)
{
    uint64_t bit = 1ull << page % 64;
    if (!(atomic_fetch_or_explicit(&g->checked[page / 64], bit, memory_order_relaxed) & bit))
        atomic_fetch_sub_explicit(&g->n_left, 1, memory_order_relaxed);
}

static bool found_damage(struct seg_guard *g)
{
    atomic_store_explicit(&g->is_damaged, true, memory_order_relaxed);
    return false;
}

bool seg_guard_check_pages(struct seg_guard *g, const uint8_t *at, size_t len)
{
    size_t from = (size_t)(at - g->start), last = (from + len - 1) / SEG_PAGE_BYTES;
    if (at < g->start || last >= g->n_pages || from + len < from)
        return false;
    for (size_t page = from / SEG_PAGE_BYTES; page <= last; page++) {
        if (seg_guard_is_checked(g, page))
            continue;
        if (!page_is_right(g, page))
            return found_damage(g);
        set_checked(g, page);
    }
    return true;
}

void seg_guard_lose(struct seg_guard *g)
{
    atomic_store(&g->is_damaged, true);
    atomic_store(&g->is_lost, true);
}

void seg_guard_doubt(struct seg_guard *g)
{
    atomic_store(&g->is_damaged, true);
    seg_guard_forget(g, g->start, g->n_pages * SEG_PAGE_BYTES);
}

bool seg_guard_verify(struct seg_guard *g, const uint8_t *at, size_t len)
{
    size_t from = (size_t)(at - g->start), end = from + len;
    for (size_t page = from / SEG_PAGE_BYTES; page * SEG_PAGE_BYTES < end; page++) {
        if (page >= g->n_pages || !page_is_right(g, page)) {
            seg_guard_doubt(g);
            return false;
        }
        set_checked(g, page);
    }
    return true;
}

void seg_guard_forget_all(struct seg_guard *g)
{
    atomic_store(g->hit, false); /* first: a fault from here on is not missed */
    seg_guard_forget(g, g->start, g->n_pages * SEG_PAGE_BYTES);
}

void seg_guard_forget(struct seg_guard *g, const uint8_t *at, size_t len)
{
    size_t from = (size_t)(at - g->start), last = (from + len - 1) / SEG_PAGE_BYTES;
    for (size_t page = from / SEG_PAGE_BYTES; page <= last && page < g->n_pages; page++) {
        uint64_t bit = 1ull << page % 64;
        if (atomic_fetch_and_explicit(&g->checked[page / 64], ~bit, memory_order_relaxed) & bit)
            atomic_fetch_add_explicit(&g->n_left, 1, memory_order_relaxed);
    }
}
