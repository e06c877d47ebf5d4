/* Checking a whole segment: what opening it takes on trust. */
#ifndef MURR_SEGMENT_VERIFY_H
#define MURR_SEGMENT_VERIFY_H

#include "segment/reader.h"

/* Every payload against its checksum, and the padding between them, which must be zero. */
must_use enum code seg_verify_checksums(const struct segment *s, struct err *err);

/*
 * Every key found where the index says, the number of rows of every block, and every string inside
 * its heap. Costs a lookup a slot.
 */
must_use enum code seg_verify_rows(const struct segment *s, struct err *err);

#endif
