/*
 * Values as text, for comparing: what a vector holds as hex of its bytes, "-" for a null, lists in
 * brackets: "[0100,-,0300]". Streams are read 7 rows at a time, so that runs begin anywhere.
 */
#ifndef MURR_TESTS_ARROW_VALUE_TEXT_H
#define MURR_TESTS_ARROW_VALUE_TEXT_H

#include "base/mem.h"
#include "format/arrow/ipc_reader.h"
#include "model/list.h"

enum { VALUE_TEXT_RUN = 7 };

static inline void put_hex(struct buf *out, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

static inline bool list_text(struct view value, const struct type *type, struct buf *out)
{
    struct type element = type_element(type);
    struct list_value l;
    size_t width = type_width(&element);
    if (!list_open(value, &element, &l))
        return false;
    buf_puts(out, "[");
    for (uint32_t i = 0; i < l.n; i++) {
        struct view v = width ? view_of(l.elements.ptr + i * width, width) : list_bytes(&l, i);
        buf_puts(out, i ? "," : "");
        if (list_is_valid(&l, i))
            put_hex(out, v.ptr, v.len);
        else
            buf_puts(out, "-");
    }
    buf_puts(out, "]");
    return true;
}

/* False: a list is not what model/list.h says. */
static inline bool value_text(const struct vector *v, size_t i, struct buf *out)
{
    size_t width = vector_width(&v->type);
    if (!v->valid[i])
        buf_puts(out, "-");
    else if (v->type.dtype == DT_LIST)
        return list_text(v->views[i], &v->type, out);
    else if (vector_has_views(&v->type))
        put_hex(out, v->views[i].ptr, v->views[i].len);
    else
        put_hex(out, (const uint8_t *)v->values + i * width, width);
    return true;
}

/* All rows of a column, a line each. */
must_use static inline enum code array_text(const struct arrow_array *a, struct buf *out,
                                            struct err *err)
{
    AUTO(vector) struct vector v = {0};
    AUTO(arena) struct arena arena = {0};
    vector_init(&v, &a->type, VALUE_TEXT_RUN);
    for (size_t at = 0; at < a->n_rows; at += v.n) {
        size_t n = a->n_rows - at < VALUE_TEXT_RUN ? a->n_rows - at : VALUE_TEXT_RUN;
        TRY(arrow_array_read(a, at, n, &v, &arena, err));
        for (size_t i = 0; i < n; i++) {
            if (!value_text(&v, i, out))
                return err_set(err, E_CORRUPT, "row %zu is no list value", at + i);
            buf_puts(out, "\n");
        }
        arena_reset(&arena);
    }
    return OK;
}

#endif
