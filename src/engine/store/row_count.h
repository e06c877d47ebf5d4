/* The row count of a table with its layers: a write may add rows, replace them or delete them. */
#ifndef MURR_ENGINE_STORE_ROW_COUNT_H
#define MURR_ENGINE_STORE_ROW_COUNT_H

#include "engine/store/layer.h"

/*
 * The number of rows that `layer` adds to those of `below`, minus the number that it deletes. Rows
 * with stamps up to `floor` do not count.
 *
 * Cost      one lookup for each row of the layer, 512 at a time.
 */
int64_t row_count_added(const struct seg_stack *below, const struct layer *layer, int64_t floor);

#endif
