/*
 * The deletion vector of a data file: the positions of its deleted rows, a blob of the type
 * `deletion-vector-v1` in a Puffin file. A manifest says where the blob is, so the rest of the
 * Puffin file is not read.
 *
 * Format    the Iceberg specification of Puffin, "deletion-vector-v1" blob type.
 */
#ifndef MURR_FORMAT_PUFFIN_DV_H
#define MURR_FORMAT_PUFFIN_DV_H

#include "format/puffin/roaring.h"

/*
 * Read a whole blob, for a data file of n_rows rows. `fn` gets the positions of deleted rows.
 *
 * Cost      one pass for the checksum, one over the bitmap; allocates nothing.
 * Fails     E_CORRUPT, also for a position beyond the rows, after `fn` was called for earlier ones.
 */
must_use enum code dv_read(struct view blob, uint64_t n_rows, roaring_fn fn, void *arg,
                           struct err *err);

#endif
