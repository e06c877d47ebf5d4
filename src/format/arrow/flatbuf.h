/*
 * As much of FlatBuffers (https://flatbuffers.dev/internals/) as Arrow's metadata needs, written
 * front to back: a table is appended with its fields still zero; what it refers to is appended
 * later and linked.
 *
 *   buffer      u32 offset of the root table, counted from that u32
 *   table       i32 distance back to its vtable; then the fields, each aligned to its size
 *   vtable      u16 its own bytes, u16 bytes of the table, then for each field a u16: its place in
 *               the table, or 0 where it is absent
 *   string      u32 length, bytes, NUL
 *   vector      u32 count, elements
 *   reference   to a table, string or vector: u32 distance forward from the reference itself
 *
 * Positions are bytes from the start of the buffer; alignment is relative to it.
 */
#ifndef MURR_FORMAT_ARROW_FLATBUF_H
#define MURR_FORMAT_ARROW_FLATBUF_H

#include "base/buf.h"
#include "base/view.h"

struct flatbuf {
    struct buf bytes;
};

static inline void flatbuf_done(struct flatbuf *fb)
{
    buf_done(&fb->bytes);
}

/* Empty, with the reference to the root still open: link it before appending the root table. */
void flatbuf_reset(struct flatbuf *fb);
#define FLATBUF_ROOT 0

/* Where field i of a table is; it must be present. */
size_t flatbuf_field(const struct flatbuf *fb, size_t table, size_t i);

/* Set a field of `size` bytes to the low bytes of `value`. */
void flatbuf_set(struct flatbuf *fb, size_t table, size_t i, uint64_t value, size_t size);

/* Append a table and link it from the reference at `reference`; field i takes sizes[i] bytes (0:
 * absent, else 1, 2, 4 or 8). Returns its position. */
size_t flatbuf_add_table(struct flatbuf *fb, size_t reference, const uint8_t *sizes,
                         size_t n_fields);
void flatbuf_add_string(struct flatbuf *fb, size_t reference, struct view text);
/* A vector of zeroed elements, each of `size` bytes and aligned to `align`; the place of the first.
 */
size_t flatbuf_add_vector(struct flatbuf *fb, size_t reference, size_t n, size_t size,
                          size_t align);

void flatbuf_put_i64(struct flatbuf *fb, size_t pos, int64_t value);

#endif
