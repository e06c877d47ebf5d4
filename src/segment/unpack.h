/*
 * From rows back to records, for merging segments: block_build undone. A plan is made once for a
 * segment and the records wanted of it; then each row costs a few copies.
 */
#ifndef MURR_SEGMENT_UNPACK_H
#define MURR_SEGMENT_UNPACK_H

#include "base/buf.h"
#include "segment/find.h"

struct unpack;

/*
 * Borrows both. `field_of` has one a field of the format's schema: the same column in the set, or
 * SIZE_MAX for one that is null in all records.
 */
struct unpack *unpack_new(const struct seg_set *set, const struct record_format *format,
                          const size_t *field_of);
void unpack_free(struct unpack *u);

/*
 * Append the record of the row in `slot` of a block of the set; size, key, nulls and cells are set.
 * The caller sets hash and ordinal. Returns its offset in `out`. Fails E_CORRUPT for a value
 * outside its heap.
 */
must_use enum code unpack_row(const struct unpack *u, uint64_t block_idx, uint64_t slot,
                              struct view key, struct buf *out, size_t *out_at, struct err *err);

#endif
