/* Row, null and value counts of a column; the hash is the one of the corpus and of the golden
 * files. */
#ifndef MURR_TESTS_PARQUET_VALUE_HASH_H
#define MURR_TESTS_PARQUET_VALUE_HASH_H

#include "sha256.h"

#include "base/err.h"
#include "model/vector.h"

static inline void hash_int(struct sha256 *s, const struct vector *v, size_t i)
{
    int64_t value = 0;
    size_t width = dtype_width(v->dtype);
    memcpy(&value, (const uint8_t *)v->values + i * width, width);
    if (dtype_is_signed(v->dtype)) {
        unsigned shift = 64 - 8 * (unsigned)width;
        value = (int64_t)((uint64_t)value << shift) >> shift;
    }
    sha256_put(s, &value, 8);
}

static inline void hash_value(struct sha256 *s, const struct vector *v, size_t i)
{
    uint8_t set = v->valid[i];
    sha256_put(s, &set, 1);
    if (!set)
        return;
    if (v->dtype == DT_UTF8) {
        uint32_t len = (uint32_t)v->views[i].len;
        sha256_put(s, &len, 4);
        sha256_put(s, v->views[i].ptr, len);
    } else if (dtype_is_int(v->dtype)) {
        hash_int(s, v, i);
    } else {
        size_t width = dtype_width(v->dtype);
        sha256_put(s, (const uint8_t *)v->values + i * width, width);
    }
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
