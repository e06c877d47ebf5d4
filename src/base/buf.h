/* A growable byte buffer. Zeroed memory is a valid, empty one. */
#ifndef MURR_BASE_BUF_H
#define MURR_BASE_BUF_H

#include "base/err.h"
#include "base/view.h"

struct buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
};

void buf_done(struct buf *b);

/* Empty, but keep the capacity. */
static inline void buf_reset(struct buf *b)
{
    b->len = 0;
}

static inline struct view buf_view(const struct buf *b)
{
    return (struct view){b->ptr, b->len};
}

/* Make room for `extra` more bytes (amortised doubling) and return where they go. */
uint8_t *buf_reserve(struct buf *b, size_t extra);

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *s);
printf_like(2, 3) void buf_printf(struct buf *b, const char *fmt, ...);

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
    *buf_reserve(b, 1) = v;
    b->len++;
}

/* Append `len` zero bytes. */
void buf_put_zeros(struct buf *b, size_t len);

/* Put a NUL after the bytes, not counted in len, and return them as a C string. */
const char *buf_cstr(struct buf *b);

/* Hand the memory over; the buffer is empty and usable afterwards. Free with free(). */
uint8_t *buf_detach(struct buf *b);

#endif
