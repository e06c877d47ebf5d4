/*
 * Roaring bitmaps in their portable serialization, read as ranges. Reading is the validation:
 * whatever another reader might understand otherwise is refused.
 *
 * Format    https://github.com/RoaringBitmap/RoaringFormatSpec: 32 bits, and its 64-bit extension.
 */
#ifndef MURR_FORMAT_PUFFIN_ROARING_H
#define MURR_FORMAT_PUFFIN_ROARING_H

#include "base/cursor.h"

/* Takes the positions first to first + n - 1. Ranges come in ascending order and never touch. */
typedef void (*roaring_fn)(void *arg, uint64_t first, uint64_t n);

/*
 * Read a bitmap of 64 bits, up to the last byte, all of whose positions must be below `end`.
 *
 * Cost      one pass over the bytes; allocates nothing.
 * Fails     E_CORRUPT, after `fn` was called for what came before.
 */
must_use enum code roaring64_read(struct view bytes, uint64_t end, roaring_fn fn, void *arg,
                                  struct err *err);

/* The same of 32 bits. */
must_use enum code roaring32_read(struct view bytes, uint64_t end, roaring_fn fn, void *arg,
                                  struct err *err);

#endif
