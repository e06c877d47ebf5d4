/* Row, null and value counts of a column; the hash is the one of the corpus and of the golden
 * files. */
#ifndef MURR_TESTS_PARQUET_VALUE_HASH_H
#define MURR_TESTS_PARQUET_VALUE_HASH_H

#include "sha256.h"

#include "base/err.h"
#include "model/list.h"
#include "model/vector.h"

/* Of a value of fixed width; whatever counts is 64 bits. */
static inline void hash_fixed(struct sha256 *s, const struct type *t, const uint8_t *at)
{
    int64_t value = 0;
    uint32_t len = t->fixed_width;
    size_t width = type_width(t);
    bool counts = dtype_is_int(t->dtype) || t->dtype == DT_DATE32 || t->dtype == DT_TIME32;
    if (t->dtype == DT_FIXED_BINARY)
        sha256_put(s, &len, 4);
    if (!counts) {
        sha256_put(s, at, width);
        return;
    }
    memcpy(&value, at, width);
    if (dtype_is_signed(t->dtype) || !dtype_is_int(t->dtype)) {
        unsigned shift = 64 - 8 * (unsigned)width;
        value = (int64_t)((uint64_t)value << shift) >> shift;
    }
    sha256_put(s, &value, 8);
}

static inline void hash_bytes(struct sha256 *s, struct view value)
{
    uint32_t len = (uint32_t)value.len;
    sha256_put(s, &len, 4);
    sha256_put(s, value.ptr, len);
}

static inline void hash_list(struct sha256 *s, const struct type *t, struct view value)
{
    struct type element = type_element(t);
    struct list_value l = {0};
    bool sound = list_open(value, &element, &l);
    uint32_t n = sound ? l.n : UINT32_MAX;
    sha256_put(s, &n, 4);
    for (uint32_t i = 0; i < l.n; i++) {
        uint8_t set = list_is_valid(&l, i);
        sha256_put(s, &set, 1);
        if (set && dtype_is_bytes(element.dtype))
            hash_bytes(s, list_bytes(&l, i));
        else if (set)
            hash_fixed(s, &element, l.elements.ptr + i * type_width(&element));
    }
}

static inline void hash_value(struct sha256 *s, const struct vector *v, size_t i)
{
    uint8_t set = v->valid[i];
    sha256_put(s, &set, 1);
    if (!set)
        return;
    if (v->type.dtype == DT_LIST)
        hash_list(s, &v->type, v->views[i]);
    else if (dtype_is_bytes(v->type.dtype))
        hash_bytes(s, v->views[i]);
    else
        hash_fixed(s, &v->type, (const uint8_t *)v->values + i * type_width(&v->type));
}

struct tally {
    struct sha256 sha;
    size_t n_rows;
    size_t n_nulls;
};

static inline enum code tally_vector(void *ctx, const struct vector *v, struct err *err)
{
    struct tally *t = ctx;
    (void)err;
    for (size_t i = 0; i < v->n; i++)
        hash_value(&t->sha, v, i);
    t->n_rows += v->n;
    t->n_nulls += v->n_nulls;
    return OK;
}

#endif
