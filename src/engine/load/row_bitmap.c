#include "engine/load/row_bitmap.h"

#include "base/mem.h"

#include <string.h>

enum { PAGE_ROWS = 65536, PAGE_BYTES = PAGE_ROWS / 8 };

void row_bitmap_done(struct row_bitmap *b)
{
    for (size_t i = 0; i < b->n_pages; i++)
        free(b->pages[i]);
    free(b->pages);
    *b = (struct row_bitmap){0};
}

/* Make the list of pages so long that it has page `page`. */
static size_t grow(struct row_bitmap *b, size_t page)
{
    if (page < b->n_pages)
        return 0;
    size_t n = page + 1 > 2 * b->n_pages ? page + 1 : 2 * b->n_pages;
    size_t added = (n - b->n_pages) * sizeof(*b->pages);
    b->pages = mem_realloc(b->pages, n * sizeof(*b->pages));
    memset(b->pages + b->n_pages, 0, added);
    b->n_pages = n;
    return added;
}

/* Set the bits `from` to `end` - 1 of a page. */
static void set_bits(uint64_t *page, size_t from, size_t end)
{
    while (from < end) {
        size_t bit = from % 64, n = 64 - bit < end - from ? 64 - bit : end - from;
        page[from / 64] |= (n == 64 ? UINT64_MAX : (1ull << n) - 1) << bit;
        from += n;
    }
}

size_t row_bitmap_add(struct row_bitmap *b, uint64_t first, uint64_t n)
{
    size_t taken = 0;
    for (uint64_t at = first; at < first + n;) {
        size_t page = (size_t)(at / PAGE_ROWS), from = (size_t)(at % PAGE_ROWS);
        uint64_t left = first + n - at;
        size_t end = left < PAGE_ROWS - from ? from + (size_t)left : PAGE_ROWS;
        taken += grow(b, page);
        if (!b->pages[page]) {
            b->pages[page] = mem_zalloc(PAGE_BYTES);
            taken += PAGE_BYTES;
        }
        set_bits(b->pages[page], from, end);
        at += end - from;
    }
    return taken;
}

bool row_bitmap_has(const struct row_bitmap *b, uint64_t row)
{
    size_t page = (size_t)(row / PAGE_ROWS), bit = (size_t)(row % PAGE_ROWS);
    return page < b->n_pages && b->pages[page] && (b->pages[page][bit / 64] >> bit % 64 & 1);
}

bool row_bitmap_touches(const struct row_bitmap *b, uint64_t first, uint64_t n)
{
    for (uint64_t page = first / PAGE_ROWS; n && page <= (first + n - 1) / PAGE_ROWS; page++)
        if (page < b->n_pages && b->pages[page])
            return true;
    return false;
}

void row_bitmap_add_all(struct row_bitmap *b, const struct row_bitmap *other)
{
    for (size_t page = 0; page < other->n_pages; page++) {
        if (!other->pages[page])
            continue;
        grow(b, page);
        if (!b->pages[page])
            b->pages[page] = mem_zalloc(PAGE_BYTES);
        for (size_t i = 0; i < PAGE_ROWS / 64; i++)
            b->pages[page][i] |= other->pages[page][i];
    }
}

void row_bitmap_remove(struct row_bitmap *b, const struct row_bitmap *other)
{
    for (size_t page = 0; page < b->n_pages && page < other->n_pages; page++)
        for (size_t i = 0; b->pages[page] && other->pages[page] && i < PAGE_ROWS / 64; i++)
            b->pages[page][i] &= ~other->pages[page][i];
}

uint64_t row_bitmap_count(const struct row_bitmap *b)
{
    uint64_t n = 0;
    for (size_t page = 0; page < b->n_pages; page++)
        for (size_t i = 0; b->pages[page] && i < PAGE_ROWS / 64; i++)
            n += (uint64_t)__builtin_popcountll(b->pages[page][i]);
    return n;
}
