#include "model/convert.h"

#include "base/mem.h"
#include "model/decimal.h"
#include "model/half.h"
#include "model/list.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* An integer, a date, or a number of units of time. Others do not get here. */
static int64_t load_int(const struct vector *v, size_t i)
{
    switch (v->type.dtype) {
    case DT_INT8:
        return ((const int8_t *)v->values)[i];
    case DT_INT16:
        return ((const int16_t *)v->values)[i];
    case DT_INT32:
    case DT_DATE32:
    case DT_TIME32:
        return ((const int32_t *)v->values)[i];
    case DT_UINT8:
        return ((const uint8_t *)v->values)[i];
    case DT_UINT16:
        return ((const uint16_t *)v->values)[i];
    case DT_UINT32:
        return ((const uint32_t *)v->values)[i];
    case DT_INT64:
    case DT_UINT64:
    case DT_TIMESTAMP:
    case DT_TIME64:
    case DT_DURATION:
        return ((const int64_t *)v->values)[i];
    case DT_UTF8:
    case DT_BINARY:
    case DT_BOOL:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_DECIMAL128:
    case DT_DECIMAL256:
    case DT_FIXED_BINARY:
    case DT_LIST:
        break;
    }
    assert(!"a dtype that counts something");
    return 0;
}

static void convert_ints(const struct vector *from, struct vector *to)
{
    size_t width = dtype_width(to->type.dtype);
    uint8_t *out = to->values;
    for (size_t i = 0; i < from->n; i++) {
        int64_t value = load_int(from, i);
        memcpy(out + i * width, &value, width); /* little-endian: the low bytes come first */
    }
}

static double load_float(const struct vector *v, size_t i)
{
    if (v->type.dtype == DT_FLOAT16)
        return (double)half_to_float(((const uint16_t *)v->values)[i]);
    return v->type.dtype == DT_FLOAT32 ? (double)((const float *)v->values)[i]
                                       : ((const double *)v->values)[i];
}

static enum code not_in_range(const struct vector *from, int64_t value, const struct vector *to,
                              struct err *err)
{
    char is[TYPE_TEXT_CAP], wanted[TYPE_TEXT_CAP];
    return err_set(err, E_INVALID, "%" PRId64 " as %s is not a whole %s", value,
                   type_text(&from->type, is), type_text(&to->type, wanted));
}

/* Text of a number for messages. */
static const char *number_text(const struct vector *v, size_t i, char out[static 32])
{
    if (!dtype_is_int(v->type.dtype))
        snprintf(out, 32, "%.17g", load_float(v, i));
    else if (v->type.dtype == DT_UINT64)
        snprintf(out, 32, "%" PRIu64, (uint64_t)load_int(v, i));
    else
        snprintf(out, 32, "%" PRId64, load_int(v, i));
    return out;
}

static enum code not_exact(const struct vector *from, size_t i, const struct vector *to,
                           struct err *err)
{
    char is[TYPE_TEXT_CAP], wanted[TYPE_TEXT_CAP], number[32];
    return err_set(err, E_INVALID, "%s as %s is not exactly a value of %s",
                   number_text(from, i, number), type_text(&from->type, is),
                   type_text(&to->type, wanted));
}

/* An integer of any kind, with room for the whole range of uint64. */
static __int128 load_whole(const struct vector *v, size_t i)
{
    return v->type.dtype == DT_UINT64 ? (__int128)((const uint64_t *)v->values)[i]
                                      : (__int128)load_int(v, i);
}

/* False: it is out of the range of `to`. */
static bool store_whole(__int128 value, struct vector *to, size_t i)
{
    size_t width = dtype_width(to->type.dtype), bits = width * 8;
    bool is_signed = dtype_is_signed(to->type.dtype);
    __int128 most = ((__int128)1 << (is_signed ? bits - 1 : bits)) - 1;
    __int128 least = is_signed ? -most - 1 : 0;
    memcpy((uint8_t *)to->values + i * width, &value, width); /* little-endian */
    return value >= least && value <= most;
}

static void store_float(double value, struct vector *to, size_t i)
{
    if (to->type.dtype == DT_FLOAT16)
        ((uint16_t *)to->values)[i] = half_of_double(value);
    else if (to->type.dtype == DT_FLOAT32)
        ((float *)to->values)[i] = (float)value;
    else
        ((double *)to->values)[i] = value;
}

/* The value as an integer. False: it has a fraction, or fits neither int64 nor uint64. */
static bool whole_of(double value, __int128 *out)
{
    if (!(value >= -0x1p63 && value < 0x1p64))
        return false;
    *out = (__int128)value;
    return (double)*out == value;
}

/*
 * __int128 holds every int64 and every uint64, so one type serves both signs. Floats are compared
 * by converting back: a double holds integers up to 2^53 exactly and some above, and only the way
 * back tells which.
 */
/* Convert between kinds of numbers. Every value must be the same before and after, which is checked
 * by converting it back. */
static enum code convert_exactly(const struct vector *from, struct vector *to, struct err *err)
{
    bool from_int = dtype_is_int(from->type.dtype), to_int = dtype_is_int(to->type.dtype);
    for (size_t i = 0; i < from->n; i++) {
        __int128 whole = 0, back = 0;
        bool same = from_int || whole_of(load_float(from, i), &whole);
        if (from_int)
            whole = load_whole(from, i);
        if (to_int) {
            same = same && store_whole(whole, to, i);
        } else {
            store_float((double)whole, to, i);
            same = same && whole_of(load_float(to, i), &back) && back == whole;
        }
        if (!same && from->valid[i])
            return not_exact(from, i, to, err);
        if (!from->valid[i])
            store_whole(0, to, i);
    }
    return OK;
}

/* Rounded to the nearest; what would become infinite is refused. */
static enum code convert_floats(const struct vector *from, struct vector *to, struct err *err)
{
    for (size_t i = 0; i < from->n; i++) {
        double value = load_float(from, i);
        store_float(value, to, i);
        if (isfinite(value) && !isfinite(load_float(to, i)))
            return not_exact(from, i, to, err);
    }
    return OK;
}

/* Times in another unit: finer must not overflow, coarser must not lose anything. */
static enum code convert_times(const struct vector *from, struct vector *to, struct err *err)
{
    int64_t have = unit_per_second(from->type.unit), want = unit_per_second(to->type.unit);
    size_t width = dtype_width(to->type.dtype);
    for (size_t i = 0; i < from->n; i++) {
        int64_t value = load_int(from, i), result;
        bool bad;
        if (want >= have) {
            bad = __builtin_mul_overflow(value, want / have, &result);
        } else {
            result = value / (have / want);
            bad = value % (have / want) != 0;
        }
        if (bad && from->valid[i])
            return not_in_range(from, value, to, err);
        memcpy((uint8_t *)to->values + i * width, &result, width);
    }
    return OK;
}

static enum code too_many_digits(const struct vector *from, const uint8_t *value,
                                 const struct vector *to, struct err *err)
{
    char is[TYPE_TEXT_CAP], wanted[TYPE_TEXT_CAP], digits[DECIMAL_TEXT_CAP];
    bool is_int = dtype_is_int(from->type.dtype);
    const struct decimal_form form = {
        .width = dtype_width(from->type.dtype),
        .scale = is_int ? 0 : from->type.scale,
        .is_unsigned = from->type.dtype == DT_UINT64,
    };
    return err_set(err, E_INVALID, "%s as %s has too many digits for %s",
                   decimal_text(value, &form, digits), type_text(&from->type, is),
                   type_text(&to->type, wanted));
}

/* From decimals and from integers, which are decimals of scale 0. */
static enum code convert_decimals(const struct vector *from, struct vector *to, struct err *err)
{
    bool from_int = dtype_is_int(from->type.dtype);
    size_t have = dtype_width(from->type.dtype), want = dtype_width(to->type.dtype);
    int steps = to->type.scale - (from_int ? 0 : from->type.scale);
    unsigned precision = type_widens(&from->type, &to->type) ? 0 : to->type.precision;
    for (size_t i = 0; i < from->n; i++) {
        const uint8_t *value = (const uint8_t *)from->values + i * have;
        uint8_t wide[16];
        __int128 whole = from_int ? load_whole(from, i) : 0;
        memcpy(wide, &whole, sizeof(wide));
        if (!decimal_rescale(from_int ? wide : value, from_int ? sizeof(wide) : have,
                             (uint8_t *)to->values + i * want, want, steps, precision))
            return too_many_digits(from, value, to, err);
    }
    return OK;
}

static enum code convert_bytes(const struct vector *from, struct vector *to, struct err *err)
{
    memcpy(to->views, from->views, from->n * sizeof(*to->views));
    if (to->type.dtype != DT_UTF8)
        return OK;
    for (size_t i = 0; i < from->n; i++)
        if (!view_is_utf8(from->views[i])) {
            char shown[128];
            return err_set(err, E_INVALID, "text is not UTF-8: %s",
                           view_printable(from->views[i], shown, sizeof(shown)));
        }
    return OK;
}

static void fixed_to_binary(const struct vector *from, struct vector *to)
{
    size_t width = from->type.fixed_width;
    for (size_t i = 0; i < from->n; i++)
        to->views[i] = from->valid[i] ? view_of((const uint8_t *)from->values + i * width, width)
                                      : (struct view){0};
}

/* ---------------------------------------------------------------------------------------- lists */

/*
 * A list is converted by converting its elements as a vector and building the list again. That
 * costs two vectors for each list; it happens only if the file has another element type than the
 * table, and not at all for equal ones.
 */
/* The elements of a list value as a vector. */
static void elements_of(const struct list_value *l, struct vector *out)
{
    out->n = l->n;
    for (uint32_t i = 0; i < l->n; i++)
        out->valid[i] = list_is_valid(l, i);
    if (dtype_is_bytes(out->type.dtype))
        for (uint32_t i = 0; i < l->n; i++)
            out->views[i] = list_bytes(l, i);
    else if (l->n)
        memcpy(out->values, l->elements.ptr, l->elements.len);
}

static void build_list(const struct vector *elements, struct list_builder *b)
{
    bool is_bytes = dtype_is_bytes(elements->type.dtype);
    size_t width = is_bytes ? 0 : type_width(&elements->type);
    list_builder_reset(b);
    for (size_t i = 0; i < elements->n; i++)
        if (!elements->valid[i])
            list_add_null(b, width);
        else if (is_bytes)
            list_add_bytes(b, elements->views[i]);
        else
            list_add_fixed(b, (const uint8_t *)elements->values + i * width, 1, width);
}

static enum code convert_elements(const struct list_value *l, const struct type *from,
                                  const struct type *to, struct arena *arena, struct view *out,
                                  struct err *err)
{
    AUTO(vector) struct vector have = {0}, want = {0};
    AUTO(list_builder) struct list_builder built = {0};
    vector_init(&have, from, l->n);
    vector_init(&want, to, l->n);
    elements_of(l, &have);
    TRY(vector_convert(&have, &want, arena, err));
    build_list(&want, &built);
    uint8_t *bytes = arena_alloc(arena, list_built_bytes(&built));
    list_built_write(&built, bytes);
    *out = view_of(bytes, list_built_bytes(&built));
    return OK;
}

static enum code check_list(const struct list_value *l, const struct type *to, struct err *err)
{
    char wanted[TYPE_TEXT_CAP];
    if (to->list_size && l->n != to->list_size)
        return err_set(err, E_INVALID, "a list of %u elements is no %s", l->n,
                       type_text(to, wanted));
    if (to->list_size && l->valid)
        return err_set(err, E_INVALID, "an element is null, which %s has no room for",
                       type_text(to, wanted));
    return OK;
}

static enum code convert_lists(const struct vector *from, struct vector *to, struct arena *arena,
                               struct err *err)
{
    struct type have = type_element(&from->type), want = type_element(&to->type);
    bool same = type_eq(&have, &want);
    for (size_t i = 0; i < from->n; i++) {
        struct list_value l;
        to->views[i] = from->views[i];
        if (!from->valid[i])
            continue;
        if (!list_open(from->views[i], &have, &l))
            return err_set(err, E_CORRUPT, "a list is damaged");
        TRY(check_list(&l, &to->type, err));
        if (!same)
            TRY(convert_elements(&l, &have, &want, arena, &to->views[i], err));
    }
    return OK;
}

/* The order of the tests matters: each one may assume that those before did not apply, as
 * type_converts has allowed the pair. */
enum code vector_convert(const struct vector *from, struct vector *to, struct arena *arena,
                         struct err *err)
{
    assert(to->cap >= from->n);
    assert(type_converts(&from->type, &to->type));
    enum dtype have = from->type.dtype, want = to->type.dtype;
    to->n = from->n;
    to->n_nulls = from->n_nulls;
    memcpy(to->valid, from->valid, from->n);
    if (have == DT_LIST)
        return convert_lists(from, to, arena, err);
    if (dtype_is_decimal(want))
        return convert_decimals(from, to, err);
    if (dtype_is_bytes(have))
        return convert_bytes(from, to, err);
    if (dtype_has_unit(have))
        return convert_times(from, to, err);
    if (have == DT_FIXED_BINARY && want == DT_BINARY)
        fixed_to_binary(from, to);
    else if (have == want)
        memcpy(to->values, from->values, from->n * vector_width(&to->type));
    else if (dtype_is_float(have) && dtype_is_float(want))
        return convert_floats(from, to, err);
    else if (dtype_is_float(want) || (dtype_is_int(want) && !dtype_widens(have, want)))
        return convert_exactly(from, to, err);
    else
        convert_ints(from, to);
    return OK;
}

/* A list of the same length whose elements are all null. */
static enum code convert_null_list(const struct list_value *l, const struct type *to,
                                   struct arena *arena, struct view *out, struct err *err)
{
    AUTO(list_builder) struct list_builder built = {0};
    size_t width = dtype_is_bytes(to->dtype) ? 0 : type_width(to);
    list_builder_reset(&built);
    for (uint32_t i = 0; i < l->n; i++) {
        if (list_is_valid(l, i))
            return err_set(err, E_INVALID, "an element that is not null where all were said to be");
        list_add_null(&built, width);
    }
    uint8_t *bytes = arena_alloc(arena, list_built_bytes(&built));
    list_built_write(&built, bytes);
    *out = view_of(bytes, list_built_bytes(&built));
    return OK;
}

static enum code convert_null_lists(const struct vector *from, struct vector *to,
                                    struct arena *arena, struct err *err)
{
    struct type have = type_element(&from->type), want = type_element(&to->type);
    memcpy(to->valid, from->valid, from->n);
    for (size_t i = 0; i < from->n; i++) {
        struct list_value l;
        if (!from->valid[i])
            continue;
        if (!list_open(from->views[i], &have, &l))
            return err_set(err, E_CORRUPT, "a list is damaged");
        TRY(convert_null_list(&l, &want, arena, &to->views[i], err));
        if (!list_open(to->views[i], &want, &l))
            return err_set(err, E_CORRUPT, "a list is damaged");
        TRY(check_list(&l, &to->type, err));
    }
    return OK;
}

enum code vector_convert_nulls(const struct vector *from, struct vector *to, struct arena *arena,
                               struct err *err)
{
    char is[TYPE_TEXT_CAP], want[TYPE_TEXT_CAP];
    to->n = from->n;
    to->n_nulls = from->n_nulls;
    memset(to->valid, 0, from->n);
    memset(to->values, 0, from->n * vector_width(&to->type));
    if (from->n_nulls == from->n)
        return OK;
    if (from->type.dtype == DT_LIST && to->type.dtype == DT_LIST)
        return convert_null_lists(from, to, arena, err);
    return err_set(err, E_INVALID, "a value of %s where all were said to be null, in place of %s",
                   type_text(&from->type, is), type_text(&to->type, want));
}
