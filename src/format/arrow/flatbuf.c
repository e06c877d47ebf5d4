#include "format/arrow/flatbuf.h"

#include <assert.h>

static void align_to(struct flatbuf *fb, size_t align)
{
    buf_put_zeros(&fb->bytes, -fb->bytes.len & (align - 1));
}

static void put_at(struct flatbuf *fb, size_t pos, const void *value, size_t size)
{
    assert(pos + size <= fb->bytes.len);
    memcpy(fb->bytes.ptr + pos, value, size);
}

static uint16_t u16_at(const struct flatbuf *fb, size_t pos)
{
    uint16_t value;
    memcpy(&value, fb->bytes.ptr + pos, sizeof(value));
    return value;
}

void flatbuf_reset(struct flatbuf *fb)
{
    buf_reset(&fb->bytes);
    buf_put_zeros(&fb->bytes, 4);
}

/* Put fields after the 4 bytes of the vtable reference, in order; returns the bytes of the table.
 */
static size_t place_fields(const uint8_t *sizes, size_t n_fields, uint16_t *places)
{
    size_t end = 4;
    for (size_t i = 0; i < n_fields; i++) {
        places[i] = 0;
        if (sizes[i] == 0)
            continue;
        end = (end + sizes[i] - 1) & ~(size_t)(sizes[i] - 1);
        places[i] = (uint16_t)end;
        end += sizes[i];
    }
    return end;
}

/* The vtable is put in front of its table, not shared between equal tables: metadata is small, and
 * this needs no lookup. */
static size_t put_table(struct flatbuf *fb, const uint8_t *sizes, size_t n_fields)
{
    uint16_t vtable[2 + 16];
    assert(n_fields <= 16);
    size_t vtable_bytes = (2 + n_fields) * sizeof(vtable[0]);
    size_t table_bytes = place_fields(sizes, n_fields, vtable + 2);
    vtable[0] = (uint16_t)vtable_bytes;
    vtable[1] = (uint16_t)table_bytes;
    align_to(fb, 2);
    size_t vtable_pos = fb->bytes.len;
    buf_put(&fb->bytes, vtable, vtable_bytes);
    align_to(fb, 8);
    size_t pos = fb->bytes.len;
    int32_t back = (int32_t)(pos - vtable_pos);
    buf_put_zeros(&fb->bytes, table_bytes);
    put_at(fb, pos, &back, sizeof(back));
    return pos;
}

size_t flatbuf_field(const struct flatbuf *fb, size_t table, size_t i)
{
    int32_t back;
    memcpy(&back, fb->bytes.ptr + table, sizeof(back));
    uint16_t place = u16_at(fb, table - (size_t)back + (2 + i) * sizeof(uint16_t));
    assert(place != 0);
    return table + place;
}

void flatbuf_set(struct flatbuf *fb, size_t table, size_t i, uint64_t value, size_t size)
{
    put_at(fb, flatbuf_field(fb, table, i), &value, size); /* little-endian: the low bytes first */
}

/* What is at `pos` is what the reference means. */
static void link_to(struct flatbuf *fb, size_t reference, size_t pos)
{
    uint32_t forward = (uint32_t)(pos - reference);
    put_at(fb, reference, &forward, sizeof(forward));
}

size_t flatbuf_add_table(struct flatbuf *fb, size_t reference, const uint8_t *sizes,
                         size_t n_fields)
{
    size_t pos = put_table(fb, sizes, n_fields);
    link_to(fb, reference, pos);
    return pos;
}

void flatbuf_add_string(struct flatbuf *fb, size_t reference, struct view text)
{
    uint32_t len = (uint32_t)text.len;
    align_to(fb, 4);
    link_to(fb, reference, fb->bytes.len);
    buf_put(&fb->bytes, &len, sizeof(len));
    buf_put(&fb->bytes, text.ptr, text.len);
    buf_put_zeros(&fb->bytes, 1);
}

size_t flatbuf_add_vector(struct flatbuf *fb, size_t reference, size_t n, size_t size, size_t align)
{
    uint32_t count = (uint32_t)n;
    align_to(fb, 4);
    while ((fb->bytes.len + sizeof(count)) % align != 0)
        buf_put_zeros(&fb->bytes, 4);
    link_to(fb, reference, fb->bytes.len);
    buf_put(&fb->bytes, &count, sizeof(count));
    size_t first = fb->bytes.len;
    buf_put_zeros(&fb->bytes, n * size);
    return first;
}

void flatbuf_put_i64(struct flatbuf *fb, size_t pos, int64_t value)
{
    put_at(fb, pos, &value, sizeof(value));
}
