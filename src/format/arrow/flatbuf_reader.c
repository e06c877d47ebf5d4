#include "format/arrow/flatbuf_reader.h"

static bool fits(struct view bytes, size_t at, size_t len)
{
    return at <= bytes.len && len <= bytes.len - at;
}

static bool get_u32(struct view bytes, size_t at, uint32_t *out)
{
    if (!fits(bytes, at, sizeof(*out)))
        return false;
    memcpy(out, bytes.ptr + at, sizeof(*out));
    return true;
}

/* A table is checked once, here: its vtable and its own bytes are inside the buffer. Fields then
 * only need to be inside the table. */
static bool table_at(struct view bytes, size_t at, struct fb_table *out)
{
    uint32_t raw;
    if (!get_u32(bytes, at, &raw))
        return false;
    int64_t vtable = (int64_t)at - (int32_t)raw; /* the vtable may come before or after the table */
    struct fb_table t = {.bytes = bytes, .at = at, .present = true};
    if (vtable < 0 || !fits(bytes, (size_t)vtable, 4))
        return false;
    t.vtable = (size_t)vtable;
    memcpy(&t.vtable_bytes, bytes.ptr + t.vtable, 2);
    memcpy(&t.table_bytes, bytes.ptr + t.vtable + 2, 2);
    if (t.vtable_bytes < 4 || t.vtable_bytes % 2 || !fits(bytes, t.vtable, t.vtable_bytes) ||
        t.table_bytes < 4 || !fits(bytes, at, t.table_bytes))
        return false;
    *out = t;
    return true;
}

/* What an offset at `at` refers to: forward, and inside. */
static bool follow(struct view bytes, size_t at, size_t *out)
{
    uint32_t offset;
    if (!get_u32(bytes, at, &offset) || offset == 0 || !fits(bytes, at, offset))
        return false;
    *out = at + offset;
    return true;
}

bool fb_root(struct view bytes, struct fb_table *out)
{
    size_t at;
    return follow(bytes, 0, &at) && table_at(bytes, at, out);
}

/* Where a field of `size` bytes is; 0: absent. */
static bool place_of(const struct fb_table *t, unsigned field, size_t size, size_t *out)
{
    size_t entry = 4 + 2 * (size_t)field;
    uint16_t offset = 0;
    if (entry + 2 <= t->vtable_bytes)
        memcpy(&offset, t->bytes.ptr + t->vtable + entry, 2);
    *out = 0;
    if (offset == 0)
        return true;
    if (offset < 4 || offset + size > t->table_bytes)
        return false;
    *out = t->at + offset;
    return true;
}

bool fb_scalar(const struct fb_table *t, unsigned field, unsigned size, uint64_t fallback,
               uint64_t *out)
{
    size_t at;
    if (!place_of(t, field, size, &at))
        return false;
    *out = at ? 0 : fallback;
    if (at)
        memcpy(out, t->bytes.ptr + at, size);
    return true;
}

bool fb_table(const struct fb_table *t, unsigned field, struct fb_table *out)
{
    size_t place, at;
    *out = (struct fb_table){0};
    if (!place_of(t, field, 4, &place))
        return false;
    return place == 0 || (follow(t->bytes, place, &at) && table_at(t->bytes, at, out));
}

bool fb_vector(const struct fb_table *t, unsigned field, size_t element_bytes,
               struct fb_vector *out)
{
    size_t place, at;
    uint32_t n;
    *out = (struct fb_vector){.bytes = t->bytes};
    if (!place_of(t, field, 4, &place))
        return false;
    if (place == 0)
        return true;
    if (!follow(t->bytes, place, &at) || !get_u32(t->bytes, at, &n) ||
        (uint64_t)n * element_bytes > t->bytes.len - at - 4)
        return false;
    out->at = at + 4;
    out->n = n;
    return true;
}

bool fb_string(const struct fb_table *t, unsigned field, struct view *out)
{
    struct fb_vector v;
    if (!fb_vector(t, field, 1, &v))
        return false;
    *out = view_of(v.bytes.ptr + v.at, v.n);
    return true;
}

bool fb_vector_table(const struct fb_vector *v, size_t i, struct fb_table *out)
{
    size_t at;
    return follow(v->bytes, v->at + 4 * i, &at) && table_at(v->bytes, at, out);
}

uint64_t fb_vector_u64(const struct fb_vector *v, size_t i, size_t element_bytes, size_t offset)
{
    uint64_t value;
    memcpy(&value, v->bytes.ptr + v->at + i * element_bytes + offset, sizeof(value));
    return value;
}
