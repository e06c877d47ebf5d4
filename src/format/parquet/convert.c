#include "format/parquet/convert.h"

bool pq_must_convert(const struct pq_leaf *leaf)
{
    if (leaf->physical == PQ_INT96)
        return true;
    switch (leaf->type.dtype) {
    case DT_INT8: /* Parquet has no integers below 32 bits, */
    case DT_INT16:
    case DT_UINT8:
    case DT_UINT16:
    case DT_DECIMAL128: /* and decimals are big-endian there, or integers */
    case DT_DECIMAL256:
        return true;
    case DT_UTF8:
    case DT_BINARY:
    case DT_BOOL:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT32:
    case DT_UINT64:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_DATE32:
    case DT_TIMESTAMP:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DURATION:
    case DT_FIXED_BINARY:
    case DT_LIST:
        return false;
    }
    return false;
}

/*
 * Convert all values first and look for values that do not fit afterwards, so that the loop has no
 * branch. Old writers put the bits of a narrow unsigned integer into 32 as if it had a sign: -1 for
 * 255 of UINT_8, which loses nothing.
 */
#define NARROW(type, other)                                                                     \
    do {                                                                                        \
        int32_t off = 0;                                                                        \
        for (size_t i = 0; i < n; i++) {                                                        \
            ((type *)out)[i] = (type)in[i];                                                     \
            off |= in[i] ^ (int32_t)(type)in[i];                                                \
        }                                                                                       \
        for (size_t i = 0; off && i < n; i++)                                                   \
            if (in[i] != (int32_t)(type)in[i] && in[i] != (int32_t)(other)in[i])                \
                return err_set(err, E_CORRUPT, "%d does not fit %s", in[i], dtype_name(dtype)); \
    } while (0)

static enum code narrow(enum dtype dtype, const int32_t *in, size_t n, void *out, struct err *err)
{
    if (dtype == DT_INT8)
        NARROW(int8_t, int8_t);
    else if (dtype == DT_INT16)
        NARROW(int16_t, int16_t);
    else if (dtype == DT_UINT8)
        NARROW(uint8_t, int8_t);
    else
        NARROW(uint16_t, int16_t);
    return OK;
}

/* A big-endian number of any length, as two's complement of `width` bytes. False: it does not
 * fit. */
static bool decimal_of_bytes(const uint8_t *in, size_t len, uint8_t *out, size_t width)
{
    uint8_t sign = len && in[0] >> 7 ? 0xFF : 0;
    memset(out, sign, width);
    for (size_t i = 0; i < len && i < width; i++)
        out[i] = in[len - 1 - i];
    bool fits = true;
    for (size_t i = width; i < len; i++)
        fits &= in[len - 1 - i] == sign;
    return fits && out[width - 1] >> 7 == sign >> 7;
}

static void decimal_of_int(int64_t value, uint8_t *out, size_t width)
{
    memset(out, value < 0 ? 0xFF : 0, width);
    memcpy(out, &value, sizeof(value));
}

static enum code convert_decimals(const struct pq_leaf *leaf, const void *in, size_t n,
                                  uint8_t *out, struct err *err)
{
    size_t width = dtype_width(leaf->type.dtype);
    for (size_t i = 0; i < n; i++, out += width) {
        struct view bytes = {0};
        if (leaf->physical == PQ_INT32) {
            decimal_of_int(((const int32_t *)in)[i], out, width);
            continue;
        }
        if (leaf->physical == PQ_INT64) {
            decimal_of_int(((const int64_t *)in)[i], out, width);
            continue;
        }
        if (leaf->physical == PQ_BYTE_ARRAY)
            bytes = ((const struct view *)in)[i];
        else
            bytes = view_of((const uint8_t *)in + i * leaf->fixed_width, leaf->fixed_width);
        if (!decimal_of_bytes(bytes.ptr, bytes.len, out, width))
            return err_set(err, E_CORRUPT, "a decimal of %zu bytes is more than %u digits",
                           bytes.len, leaf->type.precision);
    }
    return OK;
}

/*
 * Nanoseconds of a day, which may be more or less than a day, and the Julian day. Spark has
 * microseconds in 64 bits: of its last years it writes a day that is a whole turn of them
 * (213,503,982 days) away, and reads it back by turning on. So in microseconds, no value is out of
 * range.
 */
static enum code convert_int96(const struct type *to, const uint8_t *in, size_t n, int64_t *out,
                               struct err *err)
{
    enum { unix_epoch = 2440588, int96_bytes = 12 };
    const int64_t ns_a_second = 1000000000, ns_a_day = 86400 * ns_a_second;
    int64_t ns_a_unit = ns_a_second / unit_per_second(to->unit);
    for (size_t i = 0; i < n; i++, in += int96_bytes) {
        int64_t ns, units;
        int32_t day;
        memcpy(&ns, in, sizeof(ns));
        memcpy(&day, in + sizeof(ns), sizeof(day));
        __int128 since = (__int128)((int64_t)day - unix_epoch) * ns_a_day + ns;
        __int128 whole = since / ns_a_unit - (since % ns_a_unit < 0);
        units = (int64_t)whole;
        if (units != whole && to->unit != UNIT_US)
            return err_set(
                err, E_INVALID,
                "the INT96 timestamp of Julian day %d does not fit nanoseconds; read the "
                "column as timestamp[us]",
                day);
        out[i] = units;
    }
    return OK;
}

enum code pq_convert(const struct pq_leaf *leaf, const struct type *to, const void *in, size_t n,
                     void *out, struct err *err)
{
    if (leaf->physical == PQ_INT96)
        return convert_int96(to, in, n, out, err);
    if (dtype_is_decimal(to->dtype))
        return convert_decimals(leaf, in, n, out, err);
    return narrow(to->dtype, in, n, out, err);
}

/*
 * Work from the back, so that no value is overwritten before it was moved. Once as many values are
 * left as rows, all of them are in place. There is no branch on `valid`, because nulls are
 * unpredictable.
 */
#define SPREAD(type)                                        \
    do {                                                    \
        type *rows = values;                                \
        size_t from = n_set;                                \
        for (size_t i = n; i-- > from;) {                   \
            from -= valid[i];                               \
            rows[i] = rows[from] & (type) - (type)valid[i]; \
        }                                                   \
    } while (0)

static void spread_views(struct view *rows, const uint8_t *valid, size_t n, size_t n_set)
{
    size_t from = n_set;
    for (size_t i = n; i-- > from;) {
        from -= valid[i];
        rows[i] = valid[i] ? rows[from] : (struct view){0};
    }
}

static void spread_wide(uint8_t *rows, size_t width, const uint8_t *valid, size_t n, size_t n_set)
{
    size_t from = n_set;
    for (size_t i = n; i-- > from;) {
        from -= valid[i];
        if (valid[i])
            memcpy(rows + i * width, rows + from * width, width);
        else
            memset(rows + i * width, 0, width);
    }
}

void pq_spread(void *values, size_t width, const uint8_t *valid, size_t n, size_t n_set)
{
    if (width == 1)
        SPREAD(uint8_t);
    else if (width == 2)
        SPREAD(uint16_t);
    else if (width == 4)
        SPREAD(uint32_t);
    else if (width == 8)
        SPREAD(uint64_t);
    else if (width == sizeof(struct view))
        spread_views(values, valid, n, n_set); /* and whatever else has 16 bytes */
    else
        spread_wide(values, width, valid, n, n_set);
}
