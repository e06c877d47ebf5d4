#include "sample_check.h"

#include "model/list.h"
#include "test.h"

struct seg_rows rows_alloc(struct arena *arena, size_t n)
{
    return (struct seg_rows){.n = n,
                             .row = arena_alloc(arena, n * sizeof(uint8_t *)),
                             .block = arena_alloc(arena, n * sizeof(uint32_t)),
                             .slot = arena_alloc(arena, n * sizeof(uint32_t)),
                             .present = arena_alloc(arena, n / 8 + 1),
                             .layer = arena_alloc(arena, n + 1)};
}

static void *poisoned(struct arena *arena, size_t bytes)
{
    return memset(arena_alloc(arena, bytes + 1), 0xA5, bytes + 1);
}

struct column column_alloc(struct arena *arena, const struct type *type, size_t n,
                           struct column_sizes sizes)
{
    struct column c = {.type = *type, .n_rows = n};
    c.validity = poisoned(arena, n / 8 + 1);
    if (type_is_variable(type)) {
        c.offsets = poisoned(arena, (n + 1) * sizeof(int32_t));
        c.offsets[0] = 0;
    }
    if (type->dtype != DT_LIST) {
        c.data =
            poisoned(arena, dtype_is_bytes(type->dtype) ? sizes.bytes : column_data_bytes(type, n));
        return c;
    }
    struct type element = type_element(type);
    c.child = arena_alloc(arena, sizeof(*c.child));
    *c.child =
        column_alloc(arena, &element, type->list_size ? n * type->list_size : sizes.n_elements,
                     (struct column_sizes){sizes.bytes, 0});
    return c;
}

struct view cell_of(const struct column *c, size_t i)
{
    static uint8_t bit;
    if (c->offsets)
        return view_of(c->data + c->offsets[i], (size_t)(c->offsets[i + 1] - c->offsets[i]));
    bit = c->type.dtype == DT_BOOL ? c->data[i / 8] >> (i % 8) & 1 : 0;
    if (c->type.dtype == DT_BOOL)
        return view_of(&bit, 1);
    size_t width = type_width(&c->type);
    return view_of(c->data + i * width, width);
}

static void check_elements(const struct column *c, size_t i, struct view value)
{
    struct type element = type_element(&c->type);
    struct list_value l;
    assert_true(list_open(value, &element, &l));
    size_t from = c->offsets ? (size_t)c->offsets[i] : i * c->type.list_size;
    size_t n = c->offsets ? (size_t)(c->offsets[i + 1] - c->offsets[i]) : c->type.list_size;
    assert_int_equal(n, l.n);
    for (uint32_t k = 0; k < n; k++) {
        size_t width = type_width(&element);
        struct view want =
            c->child->offsets ? list_bytes(&l, k) : view_of(l.elements.ptr + k * width, width);
        assert_int_equal(column_is_valid(c->child, from + k), list_is_valid(&l, k));
        assert_true(view_eq(cell_of(c->child, from + k), want));
    }
}

void check_cell(const struct sample *s, const struct column *c, size_t field, size_t i,
                ptrdiff_t row)
{
    const struct vector *v = &s->vectors[field];
    bool is_valid = row >= 0 && v->valid[row];
    assert_int_equal(column_is_valid(c, i), is_valid);
    size_t width = vector_width(&v->type);
    static const uint8_t zeros[64];
    struct view want = is_valid ? view_of((const uint8_t *)v->values + (size_t)row * width, width)
                                : view_of(zeros, width);
    if (vector_has_views(&v->type))
        want = is_valid ? v->views[row] : view_of("", 0);
    if (!c->child)
        assert_true(view_eq(cell_of(c, i), want));
    else if (is_valid)
        check_elements(c, i, want);
    else if (c->offsets)
        assert_int_equal(c->offsets[i], c->offsets[i + 1]);
}

static size_t count_nulls(const struct column *c)
{
    size_t n_nulls = 0;
    for (size_t i = 0; i < c->n_rows; i++)
        n_nulls += !column_is_valid(c, i);
    for (size_t i = c->n_rows; i % 8; i++)
        assert_false(c->validity[i / 8] >> (i % 8) & 1); /* unused bits are zero */
    return n_nulls;
}

void check_totals(const struct column *c, struct column_sizes sizes)
{
    assert_int_equal(c->n_nulls, count_nulls(c));
    if (c->child)
        assert_int_equal(c->child->n_nulls, count_nulls(c->child));
    if (c->offsets)
        assert_int_equal((size_t)c->offsets[c->n_rows], c->child ? sizes.n_elements : sizes.bytes);
}
