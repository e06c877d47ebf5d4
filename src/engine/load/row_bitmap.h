/*
 * A row bitmap: which rows of a file are deleted, by position. Pages of 65,536 rows exist only where
 * a row is.
 *
 * Threads   one at a time while rows are added; then any.
 */
#ifndef MURR_ENGINE_LOAD_ROW_BITMAP_H
#define MURR_ENGINE_LOAD_ROW_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory is empty. */
struct row_bitmap {
    uint64_t **pages; /* NULL: no row of the page */
    size_t n_pages;
};

void row_bitmap_done(struct row_bitmap *b);

/* Add rows `first` to `first` + n - 1. Returns how many bytes it took. */
size_t row_bitmap_add(struct row_bitmap *b, uint64_t first, uint64_t n);

bool row_bitmap_has(const struct row_bitmap *b, uint64_t row);

/* Add the rows that `other` has. */
void row_bitmap_add_all(struct row_bitmap *b, const struct row_bitmap *other);

/* Take out the rows that `other` has. */
void row_bitmap_remove(struct row_bitmap *b, const struct row_bitmap *other);

uint64_t row_bitmap_count(const struct row_bitmap *b);

/* Whether any of the rows `first` to `first` + n - 1 may be there. */
bool row_bitmap_touches(const struct row_bitmap *b, uint64_t first, uint64_t n);

#endif
