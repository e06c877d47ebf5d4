#include "model/vector.h"

#include "base/mem.h"

#include <assert.h>

void vector_init(struct vector *v, enum dtype dtype, size_t cap)
{
    size_t width = dtype == DT_UTF8 ? sizeof(struct view) : dtype_width(dtype);
    *v = (struct vector){.dtype = dtype, .cap = cap};
    v->valid = mem_zalloc(cap);
    v->values = mem_zalloc(cap * width);
}

void vector_done(struct vector *v)
{
    free(v->valid);
    free(v->values);
    *v = (struct vector){0};
}

static int64_t load_int(const struct vector *v, size_t i)
{
    switch (v->dtype) {
    case DT_INT8:
        return ((const int8_t *)v->values)[i];
    case DT_INT16:
        return ((const int16_t *)v->values)[i];
    case DT_INT32:
        return ((const int32_t *)v->values)[i];
    case DT_UINT8:
        return ((const uint8_t *)v->values)[i];
    case DT_UINT16:
        return ((const uint16_t *)v->values)[i];
    case DT_UINT32:
        return ((const uint32_t *)v->values)[i];
    default:
        return ((const int64_t *)v->values)[i];
    }
}

static void convert_ints(const struct vector *from, struct vector *to)
{
    size_t width = dtype_width(to->dtype);
    uint8_t *out = to->values;
    for (size_t i = 0; i < from->n; i++) {
        int64_t value = load_int(from, i);
        memcpy(out + i * width, &value, width); /* little-endian: the low bytes come first */
    }
}

void vector_convert(const struct vector *from, struct vector *to)
{
    assert(to->cap >= from->n);
    assert(dtype_widens(from->dtype, to->dtype) ||
           (from->dtype == DT_FLOAT64 && to->dtype == DT_FLOAT32));
    to->n = from->n;
    to->n_nulls = from->n_nulls;
    memcpy(to->valid, from->valid, from->n);
    if (from->dtype == to->dtype) {
        size_t width = from->dtype == DT_UTF8 ? sizeof(struct view) : dtype_width(from->dtype);
        memcpy(to->values, from->values, from->n * width);
    } else if (from->dtype == DT_FLOAT32) {
        for (size_t i = 0; i < from->n; i++)
            ((double *)to->values)[i] = (double)((const float *)from->values)[i];
    } else if (from->dtype == DT_FLOAT64) {
        for (size_t i = 0; i < from->n; i++)
            ((float *)to->values)[i] = (float)((const double *)from->values)[i];
    } else {
        convert_ints(from, to);
    }
}
