#include "model/fill.h"

#include "model/list.h"

bool fill_add_sizes(const struct type *t, struct view value, struct column_sizes *sizes)
{
    if (t->dtype != DT_LIST) {
        sizes->bytes += value.len;
        return true;
    }
    struct type element = type_element(t);
    struct list_value l;
    if (value.len == 0)
        return true;
    if (!list_open(value, &element, &l))
        return false;
    sizes->n_elements += l.n;
    if (dtype_is_bytes(element.dtype))
        sizes->bytes += l.elements.len;
    return true;
}

/* Bits are set in ascending order, so the first bit of a byte clears the rest of it: buffers of
 * answers are not zeroed before. */
static void put_bit(uint8_t *bitmap, size_t at, bool bit)
{
    if (at % 8 == 0)
        bitmap[at / 8] = 0;
    bitmap[at / 8] |= (uint8_t)(bit << (at % 8));
}

void fill_ones(uint8_t *bitmap, size_t from, size_t n)
{
    size_t end = from + n;
    for (; from < end && from % 8; from++)
        put_bit(bitmap, from, true);
    memset(bitmap + from / 8, 0xFF, (end - from) / 8);
    for (from += (end - from) / 8 * 8; from < end; from++)
        put_bit(bitmap, from, true);
}

void fill_bits(uint8_t *bitmap, size_t from, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_bit(bitmap, from + i, bytes[i] != 0);
}

static void put_validity(struct column *child, const struct list_value *l, size_t at)
{
    if (!l->valid) {
        fill_ones(child->validity, at, l->n);
        return;
    }
    for (uint32_t i = 0; i < l->n; i++) {
        bool valid = list_is_valid(l, i);
        put_bit(child->validity, at + i, valid);
        child->n_nulls += !valid;
    }
}

/* Elements of fixed width, from the `at`-th on. */
static void put_fixed(struct column *child, const struct list_value *l, size_t at)
{
    if (child->type.dtype == DT_BOOL)
        fill_bits(child->data, at, l->elements.ptr, l->n);
    else if (l->elements.len)
        memcpy(child->data + at * type_width(&child->type), l->elements.ptr, l->elements.len);
}

/* Ends of a list value count from its own first byte; offsets of the child count from the first
 * byte of the column. */
static void put_bytes(struct column *child, const struct list_value *l, struct list_fill *fill)
{
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t end;
        memcpy(&end, l->ends + (size_t)i * 4, sizeof(end));
        child->offsets[fill->n_elements + i + 1] = (int32_t)(fill->bytes + end);
    }
    if (l->elements.len)
        memcpy(child->data + fill->bytes, l->elements.ptr, l->elements.len);
    fill->bytes += l->elements.len;
}

/* A damaged list is an empty one here: fill_add_sizes has refused it before, so this only keeps us
 * inside the buffers. */
void fill_list(struct column *out, size_t row, struct view value, struct list_fill *fill)
{
    struct column *child = out->child;
    struct list_value l;
    out->offsets[row] = (int32_t)fill->n_elements;
    if (value.len && list_open(value, &child->type, &l)) {
        put_validity(child, &l, fill->n_elements);
        if (child->offsets)
            put_bytes(child, &l, fill);
        else
            put_fixed(child, &l, fill->n_elements);
        fill->n_elements += l.n;
    }
    out->offsets[row + 1] = (int32_t)fill->n_elements;
}

static void put_null_elements(struct column *child, size_t at, size_t n)
{
    size_t width = type_width(&child->type);
    for (size_t i = 0; i < n; i++) {
        put_bit(child->validity, at + i, false);
        if (child->type.dtype == DT_BOOL)
            put_bit(child->data, at + i, false);
    }
    if (child->type.dtype != DT_BOOL)
        memset(child->data + at * width, 0, n * width);
    child->n_nulls += n;
}

void fill_fixed_list(struct column *out, size_t row, struct view value)
{
    struct column *child = out->child;
    size_t n = out->type.list_size, at = row * n;
    struct list_value l;
    if (value.len == 0 || !list_open(value, &child->type, &l) || l.n != n) {
        put_null_elements(child, at, n);
        return;
    }
    put_validity(child, &l, at);
    put_fixed(child, &l, at);
}
