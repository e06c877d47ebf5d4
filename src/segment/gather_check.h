/* Before rows are gathered: bringing in and checking those of their bytes that the search did not
 * look at. */
#ifndef MURR_SEGMENT_GATHER_CHECK_H
#define MURR_SEGMENT_GATHER_CHECK_H

#include "segment/stack.h"

/*
 * For these columns of these rows: other groups than the first, and values that do not fit their
 * cells. Of a table larger than memory they are read in many at a time; pages that nobody has read
 * yet are compared with their checksums.
 *
 * Fails E_CORRUPT where bytes are not what was written.
 */
must_use enum code seg_check_read(const struct seg_stack *stack, const struct seg_rows *rows,
                                  const size_t *fields, size_t n_fields, struct err *err);

#endif
