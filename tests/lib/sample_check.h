/* Columns that were gathered, against the sample that their rows are of. */
#ifndef MURR_TESTS_SAMPLE_CHECK_H
#define MURR_TESTS_SAMPLE_CHECK_H

#include "model/column.h"
#include "sample_rows.h"

/* Arrays for n rows, of a stack too. */
struct seg_rows rows_alloc(struct arena *arena, size_t n);

/* Poisoned: whatever is not written shows. */
struct column column_alloc(struct arena *arena, const struct type *type, size_t n,
                           struct column_sizes sizes);

/* The bytes of a row that is no list; until the next call. */
struct view cell_of(const struct column *c, size_t i);

/* Row i is row `row` of a field of the sample; null where `row` is negative. */
void check_cell(const struct sample *s, const struct column *c, size_t field, size_t i,
                ptrdiff_t row);

/* n_nulls is that of the bitmap, and so it is in the child; the offsets end where the sizes say. */
void check_totals(const struct column *c, struct column_sizes sizes);

#endif
