#include "model/list.h"

#include "base/cursor.h"

/* Ends must ascend and the last must be the end of the bytes. Then list_bytes needs no checks of
 * its own. */
static bool check_ends(struct list_value *l)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t end;
        memcpy(&end, l->ends + (size_t)i * 4, 4);
        if (end < last || end > l->elements.len)
            return false;
        last = end;
    }
    return last == l->elements.len;
}

bool list_open(struct view value, const struct type *element, struct list_value *out)
{
    struct cursor c = cur_of(value);
    uint32_t head;
    struct view valid = {0}, ends = {0};
    if (!cur_u32le(&c, &head))
        return false;
    struct list_value l = {.n = head >> 1};
    bool is_bytes = dtype_is_bytes(element->dtype);
    if ((head & 1) && !cur_bytes(&c, ((uint64_t)l.n + 7) / 8, &valid))
        return false;
    if (is_bytes && !cur_bytes(&c, (uint64_t)l.n * 4, &ends))
        return false;
    l.valid = valid.ptr;
    l.ends = ends.ptr;
    l.elements = view_of(c.pos, cur_left(&c));
    *out = l;
    if (is_bytes)
        return check_ends(&l);
    return l.elements.len == (uint64_t)l.n * type_width(element);
}

struct view list_bytes(const struct list_value *l, uint32_t i)
{
    uint32_t from = 0, end;
    if (i > 0)
        memcpy(&from, l->ends + (size_t)(i - 1) * 4, 4);
    memcpy(&end, l->ends + (size_t)i * 4, 4);
    return view_of(l->elements.ptr + from, end - from);
}

void list_builder_done(struct list_builder *b)
{
    buf_done(&b->valid);
    buf_done(&b->ends);
    buf_done(&b->elements);
    *b = (struct list_builder){0};
}

void list_builder_reset(struct list_builder *b)
{
    b->n = 0;
    b->n_nulls = 0;
    buf_reset(&b->valid);
    buf_reset(&b->ends);
    buf_reset(&b->elements);
}

static void add_valid(struct list_builder *b, uint8_t valid, size_t n)
{
    memset(buf_reserve(&b->valid, n), valid, n);
    b->valid.len += n;
    b->n += (uint32_t)n;
    b->n_nulls += valid ? 0 : (uint32_t)n;
}

static void add_end(struct list_builder *b)
{
    uint32_t end = (uint32_t)b->elements.len;
    buf_put(&b->ends, &end, sizeof(end));
}

void list_add_fixed(struct list_builder *b, const void *values, size_t n, size_t width)
{
    add_valid(b, 1, n);
    buf_put(&b->elements, values, n * width);
}

void list_add_bytes(struct list_builder *b, struct view value)
{
    add_valid(b, 1, 1);
    buf_put(&b->elements, value.ptr, value.len);
    add_end(b);
}

void list_add_null(struct list_builder *b, size_t width)
{
    add_valid(b, 0, 1);
    if (width)
        buf_put_zeros(&b->elements, width);
    else
        add_end(b);
}

static size_t bitmap_bytes(const struct list_builder *b)
{
    return b->n_nulls ? ((size_t)b->n + 7) / 8 : 0;
}

size_t list_built_bytes(const struct list_builder *b)
{
    return 4 + bitmap_bytes(b) + b->ends.len + b->elements.len;
}

void list_built_write(const struct list_builder *b, uint8_t *out)
{
    uint32_t head = b->n << 1 | (b->n_nulls > 0);
    size_t n_bits = bitmap_bytes(b);
    memcpy(out, &head, sizeof(head));
    out += sizeof(head);
    memset(out, 0, n_bits);
    for (uint32_t i = 0; n_bits && i < b->n; i++)
        out[i / 8] |= (uint8_t)(b->valid.ptr[i] << (i % 8));
    out += n_bits;
    if (b->ends.len)
        memcpy(out, b->ends.ptr, b->ends.len);
    if (b->elements.len)
        memcpy(out + b->ends.len, b->elements.ptr, b->elements.len);
}
