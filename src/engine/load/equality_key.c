#include "engine/load/equality_key.h"

#include "base/mem.h"
#include "model/convert.h"

#include <math.h>

void equality_columns_init(struct equality_columns *c, const struct type *types, size_t n,
                           size_t cap)
{
    *c = (struct equality_columns){.n = n};
    c->types = mem_alloc(n * sizeof(*c->types));
    c->converted = mem_zalloc(n * sizeof(*c->converted));
    c->vectors = mem_zalloc(n * sizeof(struct vector *));
    for (size_t k = 0; k < n; k++) {
        c->types[k] = types[k];
        vector_init(&c->converted[k], &types[k], cap);
    }
}

void equality_columns_done(struct equality_columns *c)
{
    for (size_t k = 0; k < c->n; k++)
        vector_done(&c->converted[k]);
    free(c->types);
    free(c->converted);
    free(c->vectors);
    arena_done(&c->arena);
    *c = (struct equality_columns){0};
}

void equality_columns_reset(struct equality_columns *c)
{
    arena_reset(&c->arena);
}

enum code equality_columns_set(struct equality_columns *c, size_t k, const struct vector *v,
                               struct err *err)
{
    c->vectors[k] = v;
    if (type_eq(&v->type, &c->types[k]))
        return OK;
    c->vectors[k] = &c->converted[k];
    return type_converts(&v->type, &c->types[k])
               ? vector_convert(v, &c->converted[k], &c->arena, err)
               : vector_convert_nulls(v, &c->converted[k], &c->arena, err);
}

/* One NaN for all. */
static void put_float(float v, struct buf *out)
{
    v = isnan(v) ? NAN : v;
    buf_put(out, &v, sizeof(v));
}

static void put_double(double v, struct buf *out)
{
    v = isnan(v) ? (double)NAN : v;
    buf_put(out, &v, sizeof(v));
}

static void put_value(const struct vector *v, size_t row, struct buf *out)
{
    size_t width = vector_width(&v->type);
    const uint8_t *at = (const uint8_t *)v->values + row * width;
    if (vector_has_views(&v->type)) {
        uint64_t len = v->views[row].len;
        buf_put(out, &len, sizeof(len));
        buf_put(out, v->views[row].ptr, v->views[row].len);
    } else if (v->type.dtype == DT_FLOAT32) {
        put_float(((const float *)v->values)[row], out);
    } else if (v->type.dtype == DT_FLOAT64) {
        put_double(((const double *)v->values)[row], out);
    } else {
        buf_put(out, at, width);
    }
}

void equality_key_put(const struct equality_columns *c, size_t row, struct buf *out)
{
    for (size_t k = 0; k < c->n; k++) {
        buf_put_u8(out, c->vectors[k]->valid[row]);
        if (c->vectors[k]->valid[row])
            put_value(c->vectors[k], row, out);
    }
}
