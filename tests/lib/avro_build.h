/* Avro files by hand, and the reading of whole ones. */
#ifndef MURR_TESTS_AVRO_BUILD_H
#define MURR_TESTS_AVRO_BUILD_H

#include "base/buf.h"
#include "base/mem.h"
#include "format/avro/file.h"

static const char build_sync[] = "0123456789abcdef";

static inline void put_long(struct buf *b, int64_t v)
{
    uint64_t raw = ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
    for (; raw >= 0x80; raw >>= 7)
        buf_put_u8(b, (uint8_t)(raw | 0x80));
    buf_put_u8(b, (uint8_t)raw);
}

static inline void put_text(struct buf *b, const char *s)
{
    put_long(b, (int64_t)strlen(s));
    buf_puts(b, s);
}

static inline void put_head(struct buf *b, const char *schema, const char *codec)
{
    buf_put(b, "Obj\1", 4);
    put_long(b, 2);
    put_text(b, "avro.schema");
    put_text(b, schema);
    put_text(b, "avro.codec");
    put_text(b, codec);
    put_long(b, 0);
    buf_put(b, build_sync, 16);
}

static inline void put_block(struct buf *b, int64_t n, const void *body, size_t len)
{
    put_long(b, n);
    put_long(b, (int64_t)len);
    buf_put(b, body, len);
    buf_put(b, build_sync, 16);
}

/* Read all records of a copy of the exact size, so that one byte too many is seen. */
static inline enum code avro_read_all(struct view bytes, const struct avro_limits *limits,
                                      size_t *out_n, struct err *err)
{
    AUTO(ptr) uint8_t *exact = mem_alloc(bytes.len);
    struct avro_file *f;
    const struct avro_value *v;
    size_t n = 0;
    if (bytes.len)
        memcpy(exact, bytes.ptr, bytes.len);
    TRY(avro_open(view_of(exact, bytes.len), limits, &f, err));
    enum code rc;
    while ((rc = avro_next(f, &v, err)) == OK && v)
        n++;
    avro_close(f);
    *out_n = n;
    return rc;
}

#endif
