#include "source/iceberg/constant.h"

#include "base/mem.h"

#include <string.h>

enum { DECIMAL_BYTES = 16 };
static const int64_t us_per_day = 86400 * 1000000ll;

must_use static enum code wrong_width(const struct ice_type *type, const struct ice_value *value,
                                      struct err *err)
{
    char shown[TYPE_TEXT_CAP];
    return err_set(err, E_CORRUPT, "a value of type %s has %zu bytes", ice_type_text(type, shown),
                   value->bytes.len);
}

static void set_bytes(struct constant *out, const void *bytes, size_t len)
{
    *out = (struct constant){.is_set = true, .bytes = mem_alloc(len + 1), .len = len};
    if (len)
        memcpy(out->bytes, bytes, len);
}

/* Bytes as they are, of one width. */
must_use static enum code set_exactly(const struct ice_type *type, const struct ice_value *value,
                                      size_t width, struct constant *out, struct err *err)
{
    if (value->bytes.len != width)
        return wrong_width(type, value, err);
    set_bytes(out, value->bytes.ptr, width);
    return OK;
}

/* int -> long; for times stored as int. */
must_use static enum code set_long(const struct ice_type *type, const struct ice_value *value,
                                   int64_t times, struct constant *out, struct err *err)
{
    int32_t narrow;
    int64_t wide;
    if (value->bytes.len == sizeof(wide))
        return set_exactly(type, value, sizeof(wide), out, err);
    if (value->bytes.len != sizeof(narrow))
        return wrong_width(type, value, err);
    memcpy(&narrow, value->bytes.ptr, sizeof(narrow));
    wide = narrow * times;
    set_bytes(out, &wide, sizeof(wide));
    return OK;
}

/* float -> double */
must_use static enum code set_double(const struct ice_type *type, const struct ice_value *value,
                                     struct constant *out, struct err *err)
{
    float narrow;
    if (value->bytes.len != sizeof(narrow))
        return set_exactly(type, value, sizeof(double), out, err);
    memcpy(&narrow, value->bytes.ptr, sizeof(narrow));
    double wide = (double)narrow;
    set_bytes(out, &wide, sizeof(wide));
    return OK;
}

/* Big-endian of any length to 16 bytes, little-endian. */
must_use static enum code set_decimal(const struct ice_type *type, const struct ice_value *value,
                                      struct constant *out, struct err *err)
{
    uint8_t le[DECIMAL_BYTES];
    struct view v = value->bytes;
    if (v.len == 0 || v.len > DECIMAL_BYTES)
        return wrong_width(type, value, err);
    memset(le, v.ptr[0] & 0x80 ? 0xff : 0, sizeof(le));
    for (size_t i = 0; i < v.len; i++)
        le[i] = v.ptr[v.len - 1 - i];
    set_bytes(out, le, sizeof(le));
    return OK;
}

must_use static enum code set_value(const struct ice_type *type, const struct ice_value *value,
                                    struct constant *out, struct err *err)
{
    switch (type->kind) {
    case ICE_BOOLEAN:
        return set_exactly(type, value, 1, out, err);
    case ICE_INT:
    case ICE_DATE:
    case ICE_FLOAT:
        return set_exactly(type, value, 4, out, err);
    case ICE_LONG:
        return set_long(type, value, 1, out, err);
    case ICE_TIME:
        return set_exactly(type, value, 8, out, err);
    case ICE_TIMESTAMP:
    case ICE_TIMESTAMPTZ:
        return set_long(type, value, us_per_day, out, err); /* from a date */
    case ICE_TIMESTAMP_NS:
    case ICE_TIMESTAMPTZ_NS:
        return set_long(type, value, 1000 * us_per_day, out, err);
    case ICE_DOUBLE:
        return set_double(type, value, out, err);
    case ICE_DECIMAL:
        return set_decimal(type, value, out, err);
    case ICE_UUID:
        return set_exactly(type, value, 16, out, err);
    case ICE_FIXED:
        return set_exactly(type, value, type->width, out, err);
    case ICE_STRING:
    case ICE_BINARY:
        set_bytes(out, value->bytes.ptr, value->bytes.len);
        return OK;
    case ICE_STRUCT:
    case ICE_LIST:
    case ICE_MAP:
    case ICE_VARIANT:
    case ICE_GEOMETRY:
    case ICE_GEOGRAPHY:
    case ICE_UNKNOWN:
        break;
    }
    return wrong_width(type, value, err);
}

enum code iceberg_constant(const struct ice_type *type, const struct ice_value *value,
                           struct constant *out, struct err *err)
{
    *out = (struct constant){.is_set = true, .is_null = true};
    return value->is_null ? OK : set_value(type, value, out, err);
}
