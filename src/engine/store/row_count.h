/* How many rows a table has, layers included: a write may add rows, replace them or delete them. */
#ifndef MURR_ENGINE_STORE_ROW_COUNT_H
#define MURR_ENGINE_STORE_ROW_COUNT_H

#include "engine/store/layer.h"

/*
 * Rows that a layer adds to what lies below it, `below`, less those that it deletes. Rows with stamps up to
 * `below->floor` do not count.
 *
 * Cost      a lookup a row.
 */
int64_t row_count_added(const struct seg_stack *below, const struct layer *layer);

#endif
