#include "model/constant.h"

#include <stdlib.h>
#include <string.h>

void constant_done(struct constant *c)
{
    free(c->bytes);
    *c = (struct constant){0};
}

void constant_fill(const struct constant *c, struct vector *v, size_t n)
{
    size_t width = vector_width(&v->type);
    bool is_null = !c || !c->is_set || c->is_null;
    v->n = n;
    v->n_nulls = is_null ? n : 0;
    memset(v->valid, !is_null, n);
    if (is_null) {
        memset(v->values, 0, n * width);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (vector_has_views(&v->type))
            v->views[i] = view_of(c->bytes, c->len);
        else
            memcpy((uint8_t *)v->values + i * width, c->bytes, width);
}
