/*
 * Reading FlatBuffers that somebody else wrote (https://flatbuffers.dev/internals/): every offset
 * is checked against the buffer before it is followed. Cycles do no harm, because nothing here
 * recurses: callers follow the few paths that they know.
 *
 * All functions return false for invalid bytes. A field that is absent is not an error: it has its
 * default, or says that it is not there. Alignment is not required.
 */
#ifndef MURR_FORMAT_ARROW_FLATBUF_READER_H
#define MURR_FORMAT_ARROW_FLATBUF_READER_H

#include "base/err.h"
#include "base/view.h"

/* A table whose own bytes and vtable lie inside the buffer. `present` false: the field is
 * absent. */
struct fb_table {
    struct view bytes; /* the whole buffer */
    size_t at;         /* of the table */
    size_t vtable;
    uint16_t vtable_bytes, table_bytes;
    bool present;
};

/* Elements of a fixed size, inside the buffer; n 0 where the field is absent. */
struct fb_vector {
    struct view bytes;
    size_t at; /* of element 0 */
    size_t n;
};

must_use bool fb_root(struct view bytes, struct fb_table *out);

/* A scalar of 1, 2, 4 or 8 bytes, zero-extended; `fallback` where it is absent. */
must_use bool fb_scalar(const struct fb_table *t, unsigned field, unsigned size, uint64_t fallback,
                        uint64_t *out);
must_use bool fb_table(const struct fb_table *t, unsigned field, struct fb_table *out);
must_use bool fb_string(const struct fb_table *t, unsigned field, struct view *out);
must_use bool fb_vector(const struct fb_table *t, unsigned field, size_t element_bytes,
                        struct fb_vector *out);

/* The table that element `i` of a vector of offsets (4 bytes each) refers to. */
must_use bool fb_vector_table(const struct fb_vector *v, size_t i, struct fb_table *out);
/* The 8 bytes at `offset` of element `i`; the element has at least offset + 8 bytes. */
uint64_t fb_vector_u64(const struct fb_vector *v, size_t i, size_t element_bytes, size_t offset);

#endif
