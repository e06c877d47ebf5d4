/*
 * From rows to the columns of an answer: one loop a column over the rows that seg_find left in cache,
 * written straight into the buffers of the response.
 */
#ifndef MURR_SEGMENT_GATHER_H
#define MURR_SEGMENT_GATHER_H

#include "model/column.h"
#include "segment/find.h"

/*
 * Bytes of all values of utf8 column `field_idx` for these rows. Fails E_LIMIT past 2^31-1, and
 * E_CORRUPT when a damaged cell points outside its heap.
 */
must_use enum code seg_utf8_bytes(const struct seg_set *set, const struct seg_rows *rows,
                                  size_t field_idx, size_t *out_bytes, struct err *err);

/*
 * Fill validity, data and, for utf8, offsets of `columns`, one for each of `fields`, whose memory, dtype
 * and n_rows are set; sets n_nulls. Absent and null rows and unused bits become zero. For utf8, data has
 * the room that seg_utf8_bytes said.
 *
 * Threads   any; no lock, no allocation.
 */
void seg_gather(const struct seg_set *set, const struct seg_rows *rows, const size_t *fields,
                size_t n_fields, struct column *columns);

#endif
