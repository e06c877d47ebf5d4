#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

void buf_done(struct buf *b)
{
    free(b->ptr);
    *b = (struct buf){0};
}

uint8_t *buf_reserve(struct buf *b, size_t extra)
{
    if (!b->ptr || b->cap - b->len < extra) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        if (cap < b->len + extra)
            cap = b->len + extra;
        b->ptr = mem_realloc(b->ptr, cap);
        b->cap = cap;
    }
    return b->ptr + b->len;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    memcpy(buf_reserve(b, len), bytes, len);
    b->len += len;
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

/* Most texts fit 64 bytes, so usually one call is enough; else the first call has told the
 * length. */
void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int need = vsnprintf((char *)buf_reserve(b, 64), 64, fmt, ap);
    if (need >= 64)
        vsnprintf((char *)buf_reserve(b, (size_t)need + 1), (size_t)need + 1, fmt, again);
    if (need > 0)
        b->len += (size_t)need;
    va_end(again);
    va_end(ap);
}

void buf_put_zeros(struct buf *b, size_t len)
{
    if (len == 0)
        return;
    memset(buf_reserve(b, len), 0, len);
    b->len += len;
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = 0;
    return (const char *)b->ptr;
}

uint8_t *buf_detach(struct buf *b)
{
    uint8_t *ptr = b->ptr;
    *b = (struct buf){0};
    return ptr;
}
