#include "format/arrow/array_priv.h"

#include <assert.h>
#include <inttypes.h>

enum { DAY_MS = 86400000 };

enum code arrow_lies_at(struct arrow_read *r, size_t i)
{
    char shown[100];
    return err_in(r->err, E_INVALID, "column '%s', row %zu",
                  view_printable(r->root->name, shown, sizeof(shown)),
                  r->is_inside ? r->row : r->row + i);
}

enum code arrow_read_alloc(struct arrow_read *r, size_t bytes, void **out)
{
    char shown[100];
    if (r->arena->total >= r->arena_end || bytes > r->arena_end - r->arena->total)
        return err_set(
            r->err, E_LIMIT, "column '%s', from row %zu: values take more than %zu bytes",
            view_printable(r->root->name, shown, sizeof(shown)), r->row, r->root->read_bytes);
    *out = arena_alloc(r->arena, bytes);
    return OK;
}

/* ------------------------------------------------------------------------------------- validity */

/* Validity bitmaps become bytes 0/1, because everything after this indexes them by row. Eight rows
 * cost three operations. */
static uint64_t eight_bytes_of(uint8_t bits)
{
    /* Bit i into byte i: copies of the bits, of which byte i keeps the i-th, made 0 or 1. */
    uint64_t kept = bits * 0x0101010101010101u & 0x8040201008040201u;
    return ((kept + 0x7F7F7F7F7F7F7F7Fu) | kept) >> 7 & 0x0101010101010101u;
}

/* Bits from .. from + n as bytes 0/1. */
static void spread_bits(const uint8_t *bits, size_t from, size_t n, uint8_t *out)
{
    size_t i = 0;
    for (; i < n && (from + i) % 8; i++)
        out[i] = bits[(from + i) / 8] >> ((from + i) % 8) & 1;
    for (; i + 8 <= n; i += 8) {
        uint64_t eight = eight_bytes_of(bits[(from + i) / 8]);
        memcpy(out + i, &eight, 8);
    }
    for (; i < n; i++)
        out[i] = bits[(from + i) / 8] >> ((from + i) % 8) & 1;
}

static void read_validity(const struct arrow_array *a, size_t at, size_t n, struct vector *out)
{
    if (!a->validity) {
        memset(out->valid, 1, n);
        return;
    }
    spread_bits(a->validity, a->offset + at, n, out->valid);
}

/* The values of nulls are undefined in Arrow; vectors promise zeros. */
static size_t zero_nulls(struct vector *out)
{
    size_t width = vector_width(&out->type), n_nulls = 0;
    for (size_t i = 0; i < out->n; i++)
        n_nulls += !out->valid[i];
    for (size_t i = 0; n_nulls && i < out->n; i++)
        if (!out->valid[i])
            memset((uint8_t *)out->values + i * width, 0, width);
    return n_nulls;
}

/* ------------------------------------------------------------------------------------ one width */

static enum code read_plain(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                            struct vector *out)
{
    (void)r;
    size_t width = type_width(&a->type);
    memcpy(out->values, a->data.ptr + (a->offset + at) * width, n * width);
    return OK;
}

static enum code read_bits(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out)
{
    (void)r;
    spread_bits(a->data.ptr, a->offset + at, n, out->values);
    return OK;
}

static enum code read_days(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                           struct vector *out)
{
    for (size_t i = 0; i < n; i++) {
        int64_t ms;
        memcpy(&ms, a->data.ptr + (a->offset + at + i) * sizeof(ms), sizeof(ms));
        int64_t days = ms / DAY_MS;
        int32_t day = (int32_t)days;
        if (out->valid[i] && (ms % DAY_MS || day != days))
            return arrow_lies(r, i, "a date of %" PRId64 " ms is not a whole day", ms);
        memcpy((uint8_t *)out->values + i * sizeof(day), &day, sizeof(day));
    }
    return OK;
}

/* Decimals of 4 and 8 bytes, whose sign fills 16. */
static enum code read_narrow(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                             struct vector *out)
{
    (void)r;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *from = a->data.ptr + (a->offset + at + i) * a->width;
        uint8_t *to = (uint8_t *)out->values + 16 * i;
        memset(to, from[a->width - 1] >> 7 ? 0xFF : 0, 16);
        memcpy(to, from, a->width);
    }
    return OK;
}

static enum code read_nulls(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                            struct vector *out)
{
    (void)r;
    (void)a;
    (void)at;
    memset(out->valid, 0, n);
    return OK;
}

static const arrow_read_fn readers[] = {
    [ARRAY_NULLS] = read_nulls,
    [ARRAY_PLAIN] = read_plain,
    [ARRAY_BITS] = read_bits,
    [ARRAY_DAYS] = read_days,
    [ARRAY_NARROW] = read_narrow,
    [ARRAY_BYTES] = arrow_read_bytes,
    [ARRAY_VIEWS] = arrow_read_views,
    [ARRAY_LIST] = arrow_read_lists,
    [ARRAY_LIST_VIEW] = arrow_read_lists,
    [ARRAY_FIXED_LIST] = arrow_read_lists,
    [ARRAY_DICTIONARY] = arrow_read_dictionary,
    [ARRAY_RUNS] = arrow_read_runs,
};

enum code arrow_read_rows(struct arrow_read *r, const struct arrow_array *a, size_t at, size_t n,
                          struct vector *out)
{
    out->n = n;
    out->n_nulls = 0;
    if (n == 0)
        return OK;
    read_validity(a, at, n, out);
    TRY(readers[a->layout](r, a, at, n, out));
    out->n_nulls = zero_nulls(out);
    return OK;
}

enum code arrow_array_read(const struct arrow_array *a, size_t at, size_t n, struct vector *out,
                           struct arena *arena, struct err *err)
{
    assert(a->supported && n <= out->cap && at <= a->n_rows && n <= a->n_rows - at);
    assert(a->is_null || type_eq(&a->type, &out->type));
    size_t end = arena->total + a->read_bytes;
    struct arrow_read r = {
        .root = a,
        .row = at,
        .arena = arena,
        .arena_end = end < a->read_bytes ? SIZE_MAX : end,
        .err = err,
    };
    return arrow_read_rows(&r, a, at, n, out);
}
