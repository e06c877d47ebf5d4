/*
 * Rows that have only some of their columns. The others are read from the layers below, as these
 * are at the time of the read; so values of a batch that is loaded later become visible.
 *
 * A layer with such rows has a mask in front of its stamps and columns, a fixed_binary with one bit
 * a column: 1 means "as below". A row with no bit is a row like any other. A column that the layer
 * does not have at all is as below in rows with a bit, and null in others.
 *
 * To read a masked row, its key is looked for in the layers below, newest first, until all wanted
 * columns were found or a row has no bits; a deleted row, or the end, makes the rest null.
 */
#ifndef MURR_SEGMENT_PATCH_H
#define MURR_SEGMENT_PATCH_H

#include "segment/stack.h"

/* The row of a layer, where the layer has it (not shifted): whether field `i` of the base is as
 * below there. */
bool seg_row_is_below(const struct seg_layer *l, const uint8_t *row, size_t field);

/* Whether any column is. */
bool seg_row_has_below(const struct seg_layer *l, const uint8_t *row);

/*
 * After a search: rows->of_field gets, for those of `fields` that differ from `rows` in some row,
 * the rows that have them. Costs nothing where no layer has masks.
 */
void seg_patch_resolve(const struct seg_stack *stack, const struct view *keys, const size_t *fields,
                       size_t n_fields, struct seg_rows *rows, struct arena *arena);

/*
 * The record `top` with the columns that `is_below` (by field of the format) names from `below`;
 * appended to `out`. Hash, ordinal and key are those of `top`. Fails E_LIMIT for a record that is
 * too long.
 */
must_use enum code seg_patch_combine(const struct record_format *format, const struct record *top,
                                     const struct record *below, const bool *is_below,
                                     struct buf *out, size_t *out_at, struct err *err);

#endif
