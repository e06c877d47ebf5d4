#include "model/vector.h"

#include "base/mem.h"
#include "model/half.h"
#include "model/list.h"

#include <assert.h>
#include <inttypes.h>

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

static int64_t load_int(const struct vector *v, size_t i)
{
    switch (v->type.dtype) {
    case DT_INT8:
        return ((const int8_t *)v->values)[i];
    case DT_INT16:
        return ((const int16_t *)v->values)[i];
    case DT_INT32:
    case DT_TIME32:
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

static void convert_floats(const struct vector *from, struct vector *to)
{
    if (to->type.dtype == DT_FLOAT32)
        for (size_t i = 0; i < from->n; i++)
            ((float *)to->values)[i] = (float)load_float(from, i);
    else
        for (size_t i = 0; i < from->n; i++)
            ((double *)to->values)[i] = load_float(from, i);
}

static enum code not_in_range(const struct vector *from, int64_t value, const struct vector *to,
                              struct err *err)
{
    char is[TYPE_TEXT_CAP], wanted[TYPE_TEXT_CAP];
    return err_set(err, E_INVALID, "%" PRId64 " as %s is not a whole %s", value,
                   type_text(&from->type, is), type_text(&to->type, wanted));
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

/* value * 10^n in 32 bytes of two's complement; false: it does not fit. */
static bool scale_up(uint64_t words[4], unsigned n)
{
    bool negative = words[3] >> 63;
    for (; n > 0; n--) {
        uint64_t carry = 0;
        for (unsigned w = 0; w < 4; w++) {
            unsigned __int128 product = (unsigned __int128)words[w] * 10 + carry;
            words[w] = (uint64_t)product;
            carry = (uint64_t)(product >> 64);
        }
        if (carry != (negative ? 9 : 0) || words[3] >> 63 != negative)
            return false;
    }
    return true;
}

static bool convert_decimal(const uint8_t *from, size_t from_bytes, uint8_t *to, size_t to_bytes,
                            unsigned steps)
{
    uint64_t words[4];
    memset(words, from[from_bytes - 1] >> 7 ? 0xFF : 0, sizeof(words));
    memcpy(words, from, from_bytes);
    if (!scale_up(words, steps))
        return false;
    memcpy(to, words, to_bytes);
    uint64_t sign = words[to_bytes / 8 - 1] >> 63 ? UINT64_MAX : 0;
    return to_bytes == 32 || (words[2] == sign && words[3] == sign);
}

static enum code convert_decimals(const struct vector *from, struct vector *to, struct err *err)
{
    size_t have = dtype_width(from->type.dtype), want = dtype_width(to->type.dtype);
    unsigned steps = (unsigned)(to->type.scale - from->type.scale);
    for (size_t i = 0; i < from->n; i++)
        if (!convert_decimal((const uint8_t *)from->values + i * have, have,
                             (uint8_t *)to->values + i * want, want, steps)) {
            char wanted[TYPE_TEXT_CAP];
            return err_set(err, E_INVALID, "a decimal has too many digits for %s",
                           type_text(&to->type, wanted));
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

static bool is_float(enum dtype t)
{
    return t == DT_FLOAT16 || t == DT_FLOAT32 || t == DT_FLOAT64;
}

static bool is_time(enum dtype t)
{
    return t == DT_TIMESTAMP || t == DT_TIME32 || t == DT_TIME64 || t == DT_DURATION;
}

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
    if (have == DT_DECIMAL128 || have == DT_DECIMAL256)
        return convert_decimals(from, to, err);
    if (dtype_is_bytes(have))
        return convert_bytes(from, to, err);
    if (is_time(have))
        return convert_times(from, to, err);
    if (have == DT_FIXED_BINARY && want == DT_BINARY)
        fixed_to_binary(from, to);
    else if (have == want)
        memcpy(to->values, from->values, from->n * vector_width(&to->type));
    else if (is_float(have))
        convert_floats(from, to);
    else
        convert_ints(from, to);
    return OK;
}
