/*
 * Parquet files put together by hand: one column in one row group, with whatever is wrong with
 * them.
 */
#ifndef MURR_TESTS_PARQUET_BUILD_H
#define MURR_TESTS_PARQUET_BUILD_H

#include "base/buf.h"
#include "base/mem.h"

/* A Thrift struct being written. */
struct thrift_out {
    struct buf *to;
    int last_id;
};

static inline void build_uleb(struct buf *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_put_u8(to, (uint8_t)(v | 0x80));
    buf_put_u8(to, (uint8_t)v);
}

static inline void build_zigzag(struct buf *to, int64_t v)
{
    build_uleb(to, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static inline void build_head(struct thrift_out *s, int id, uint8_t type)
{
    buf_put_u8(s->to, (uint8_t)((id - s->last_id) << 4 | type));
    s->last_id = id;
}

static inline void build_int(struct thrift_out *s, int id, int64_t v)
{
    build_head(s, id, 6);
    build_zigzag(s->to, v);
}

static inline void build_bool(struct thrift_out *s, int id, bool v)
{
    build_head(s, id, v ? 1 : 2);
}

static inline void build_text(struct thrift_out *s, int id, const char *v)
{
    build_head(s, id, 8);
    build_uleb(s->to, strlen(v));
    buf_puts(s->to, v);
}

/* Begin a struct as field `id`; ends with build_stop. */
static inline struct thrift_out build_struct(struct thrift_out *s, int id)
{
    build_head(s, id, 12);
    return (struct thrift_out){.to = s->to};
}

/* Begin a list of structs; each of them is a fresh thrift_out that ends with build_stop. */
static inline void build_structs(struct thrift_out *s, int id, size_t n)
{
    build_head(s, id, 9);
    buf_put_u8(s->to, (uint8_t)(n << 4 | 12));
}

static inline void build_stop(struct thrift_out *s)
{
    buf_put_u8(s->to, 0);
}

/* What a page says of itself. */
struct build_page {
    int type; /* 0 data, 1 index, 2 dictionary, 3 data v2 */
    int64_t n_values;
    int64_t encoding;
    int64_t plain_bytes;  /* 0: as many as the body has */
    int64_t def_encoding; /* v1; 0: RLE */
    int64_t def_bytes;    /* v2 */
    bool not_compressed;  /* v2 */
    bool has_crc;
    int64_t crc;
};

static inline void build_page_head(struct buf *to, const struct build_page *p, size_t body_bytes)
{
    struct thrift_out s = {.to = to};
    build_int(&s, 1, p->type);
    build_int(&s, 2, p->plain_bytes ? p->plain_bytes : (int64_t)body_bytes);
    build_int(&s, 3, (int64_t)body_bytes);
    if (p->has_crc)
        build_int(&s, 4, p->crc);
    static const int fields[] = {5, 6, 7, 8};
    struct thrift_out own = build_struct(&s, fields[p->type & 3]);
    if (p->type != 1)
        build_int(&own, 1, p->n_values);
    if (p->type == 0 || p->type == 2)
        build_int(&own, 2, p->encoding);
    if (p->type == 0)
        build_int(&own, 3, p->def_encoding ? p->def_encoding : 3);
    if (p->type == 3) {
        build_int(&own, 4, p->encoding);
        build_int(&own, 5, p->def_bytes);
        build_int(&own, 6, 0);
        build_bool(&own, 7, !p->not_compressed);
    }
    build_stop(&own);
    build_stop(&s);
}

static inline void build_page(struct buf *to, struct build_page p, struct view body)
{
    build_page_head(to, &p, body.len);
    buf_put(to, body.ptr, body.len);
}

/* The column, and what the footer says of its one chunk. */
struct build_column {
    int physical;
    int converted; /* -1: none */
    bool optional;
    int codec;
    int64_t n_rows;
};

static inline void build_schema(struct thrift_out *file, const struct build_column *c)
{
    build_structs(file, 2, 2);
    struct thrift_out root = {.to = file->to};
    build_text(&root, 4, "root");
    build_int(&root, 5, 1);
    build_stop(&root);
    struct thrift_out leaf = {.to = file->to};
    build_int(&leaf, 1, c->physical);
    build_int(&leaf, 3, c->optional);
    build_text(&leaf, 4, "col");
    if (c->converted >= 0)
        build_int(&leaf, 6, c->converted);
    build_stop(&leaf);
}

static inline void build_group(struct thrift_out *file, const struct build_column *c,
                               size_t chunk_bytes)
{
    build_structs(file, 4, 1);
    struct thrift_out group = {.to = file->to};
    build_structs(&group, 1, 1);
    struct thrift_out chunk = {.to = file->to};
    struct thrift_out meta = build_struct(&chunk, 3);
    build_int(&meta, 1, c->physical);
    build_int(&meta, 4, c->codec);
    build_int(&meta, 5, c->n_rows);
    build_int(&meta, 7, (int64_t)chunk_bytes);
    build_int(&meta, 9, 4);
    build_stop(&meta);
    build_stop(&chunk);
    build_int(&group, 3, c->n_rows);
    build_stop(&group);
}

/* "PAR1", the pages, the footer. */
static inline void build_file(struct buf *to, const struct build_column *c, struct view pages)
{
    AUTO(buf) struct buf footer = {0};
    struct thrift_out file = {.to = &footer};
    build_int(&file, 1, 1);
    build_schema(&file, c);
    build_int(&file, 3, c->n_rows);
    build_group(&file, c, pages.len);
    build_stop(&file);
    buf_puts(to, "PAR1");
    buf_put(to, pages.ptr, pages.len);
    buf_put(to, footer.ptr, footer.len);
    uint32_t len = (uint32_t)footer.len;
    buf_put(to, &len, sizeof(len));
    buf_puts(to, "PAR1");
}

#endif
