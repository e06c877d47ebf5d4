/*
 * No byte of a row or heap reaches an answer unchecked, though a table is served the moment it is
 * mapped: each 4 KiB page has a checksum in its segment (segment/format.h, PAGES), and is compared
 * with it when it is first read. A page costs about a third of a microsecond once; after that, a
 * bit says that it was correct.
 *
 * One struct seg_pages has all segments of a generation. They lie in one range of addresses, each
 * beginning on a page, so that the number of a page is a subtraction and a shift.
 *
 *     1. A page is unchecked, or checked. Segments written before there were checksums of pages are
 *        checked by the whole payload that the page lies in, once.
 *     2. Checked pages become unchecked again when they are read anew from the disk: read_ahead
 *        says so.
 *     3. All become unchecked again when a page could not be read (base/fault.h), as it is zeros
 *        from then on; and when a merge or the scrub compares a page again and it is not what it
 *        was.
 *     4. A damaged page stays unchecked, so that every reader finds out. Nothing of it may be used.
 *
 * Tables copied to memory have no seg_pages: they were checked while they were copied.
 *
 * Threads   all functions any, at once.
 */
#ifndef MURR_SEGMENT_PAGES_H
#define MURR_SEGMENT_PAGES_H

#include "segment/reader.h"

#include <stdatomic.h>
#include <stdbool.h>

struct paged_segment;

struct seg_pages {
    const uint8_t *start; /* of the range, and of the first segment */
    _Atomic bool *hit;    /* of the mapping of the range */
    size_t n_pages;
    _Atomic uint64_t *checked; /* a bit a page */
    _Atomic size_t n_left;     /* pages of rows and heaps that are unchecked */
    _Atomic bool is_damaged;   /* some page was found damaged */
    _Atomic bool is_lost;      /* nothing may be read: the index itself is damaged */
    struct paged_segment *segments;
    size_t n_segments;
};

/* Borrows the segments, which lie in this order in one range, each beginning on a page, the first
 * at its start. */
struct seg_pages *seg_pages_new(struct segment *const *segments, size_t n,
                                const struct mapped_file *range);
void seg_pages_free(struct seg_pages *p); /* NULL is fine */

/* Compare all pages of these bytes, whether they were checked before or not: for a merge, which
 * writes them again under new checksums, and for the scrub. Sets bits as _check does; if a page is
 * damaged, all pages become unchecked. */
bool seg_pages_verify(struct seg_pages *p, const uint8_t *at, size_t len);

/* Some page was found damaged that may have been correct before: all pages become unchecked. */
void seg_pages_doubt(struct seg_pages *p);

/* From now on, nothing may be read. */
void seg_pages_lose(struct seg_pages *p);

/* The slow way of seg_pages_check: with the pages that are unchecked. */
bool seg_pages_check_pages(struct seg_pages *p, const uint8_t *at, size_t len);

/* Pages of these bytes will come from the disk again. */
void seg_pages_forget(struct seg_pages *p, const uint8_t *at, size_t len);

/* With the pages that could not be read since the last time; before a search. */
void seg_pages_forget_all(struct seg_pages *p);
static inline void seg_pages_begin(struct seg_pages *p)
{
    if (atomic_load_explicit(p->hit, memory_order_acquire))
        seg_pages_forget_all(p);
}

/* Whether some page is unchecked. */
static inline bool seg_pages_has_unchecked(const struct seg_pages *p)
{
    return atomic_load_explicit(&p->n_left, memory_order_relaxed) > 0;
}

static inline bool seg_pages_is_checked(const struct seg_pages *p, size_t page)
{
    uint64_t word = atomic_load_explicit(&p->checked[page / 64], memory_order_relaxed);
    return word >> page % 64 & 1;
}

/* Whether bytes of rows or heap are as written. False: they are damaged, or lie outside. */
static inline bool seg_pages_check(struct seg_pages *p, const uint8_t *at, size_t len)
{
    size_t first = (size_t)(at - p->start) / SEG_PAGE_BYTES;
    size_t last = ((size_t)(at - p->start) + len - 1) / SEG_PAGE_BYTES;
    if (last - first <= 1 && last < p->n_pages && seg_pages_is_checked(p, first) &&
        seg_pages_is_checked(p, last))
        return true;
    return len == 0 || seg_pages_check_pages(p, at, len);
}

#endif
