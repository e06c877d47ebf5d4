#include "model/vector.h"

#include "base/mem.h"

void vector_init(struct vector *v, const struct type *type, size_t cap)
{
    *v = (struct vector){.type = *type, .cap = cap};
    v->valid = mem_zalloc(cap);
    v->values = mem_zalloc(cap * vector_width(type));
}

void vector_done(struct vector *v)
{
    free(v->valid);
    free(v->values);
    *v = (struct vector){0};
}
