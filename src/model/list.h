/*
 * The value of a list as one run of bytes, so that vectors, records and heaps can store it like a
 * string:
 *
 *     u32     number of elements * 2, + 1 where some are null
 *     bits    1 = value, LSB first, whole bytes; only where some are null
 *     ...     elements of fixed width, packed, nulls as zeros. For utf8 and binary: the u32 end of
 *             each element, counted from the byte after the last end, then the bytes
 *
 * Written by us, but also read from segments: list_open checks. Nothing is aligned.
 */
#ifndef MURR_MODEL_LIST_H
#define MURR_MODEL_LIST_H

#include "base/buf.h"
#include "model/type.h"

/* A value taken apart; all pointers into it. */
struct list_value {
    uint32_t n;
    const uint8_t *valid; /* bits; NULL: no element is null */
    struct view elements; /* of fixed width; or the bytes after the ends */
    const uint8_t *ends;  /* utf8, binary */
};

/* Of a list whose element is `element`. False when the bytes are not such a value. */
bool list_open(struct view value, const struct type *element, struct list_value *out);

static inline bool list_is_valid(const struct list_value *l, uint32_t i)
{
    return !l->valid || (l->valid[i / 8] >> (i % 8) & 1);
}

/* Element i of utf8 or binary; ends were checked by list_open. */
struct view list_bytes(const struct list_value *l, uint32_t i);

/* The elements of one value, being collected. Zeroed memory is empty. */
struct list_builder {
    uint32_t n;
    uint32_t n_nulls;
    struct buf valid; /* a byte each, 0/1 */
    struct buf ends;  /* u32 each; utf8, binary */
    struct buf elements;
};

void list_builder_done(struct list_builder *b);
void list_builder_reset(struct list_builder *b);

/* Append `n` elements of fixed width, none null. */
void list_add_fixed(struct list_builder *b, const void *values, size_t n, size_t width);
void list_add_bytes(struct list_builder *b, struct view value);
/* `width` 0: utf8 or binary. */
void list_add_null(struct list_builder *b, size_t width);

/* Bytes of the value, and the value itself into so much memory. */
size_t list_built_bytes(const struct list_builder *b);
void list_built_write(const struct list_builder *b, uint8_t *out);

#endif
