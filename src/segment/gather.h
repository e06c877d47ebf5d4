/*
 * From rows to the columns of an answer: one loop a column over the rows that seg_stack_find left
 * in cache, written straight into the buffers of the response.
 */
#ifndef MURR_SEGMENT_GATHER_H
#define MURR_SEGMENT_GATHER_H

#include "model/column.h"
#include "segment/stack.h"

/*
 * Sizes of the values of these columns for these rows: out_sizes[i] of fields[i], zero where values
 * have one width. Everything that seg_gather will read for them is checked here if it was not
 * before (segment/pages.h), and brought in for a table larger than memory.
 *
 * Fails E_LIMIT past 2^31-1; E_CORRUPT for damaged bytes.
 */
must_use enum code seg_sizes(const struct seg_stack *stack, const struct seg_rows *rows,
                             const size_t *fields, size_t n_fields, struct column_sizes *out_sizes,
                             struct err *err);

/*
 * After seg_sizes of the same columns: fill validity, data, offsets and children of `columns`, one
 * for each of `fields`, whose memory, type and n_rows are set; sets n_nulls. Absent and null rows
 * and unused bits become zero. Columns of variable length have the room that seg_sizes said.
 *
 * Threads   any; no lock, no allocation.
 */
void seg_gather(const struct seg_stack *stack, const struct seg_rows *rows, const size_t *fields,
                size_t n_fields, struct column *columns);

#endif
