/* Single values in JSON (appendix C) to their binary form (appendix D). */
#include "format/iceberg/schema_priv.h"
#include "format/json/text.h"

#include <math.h>

must_use static enum code refuse(const json_t *j, const struct ice_type *type, struct err *err)
{
    char text[TYPE_TEXT_CAP], shown[100];
    char *json = json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *value = json_is_string(j) ? json_string_value(j) : json ? json : "?";
    enum code rc =
        err_set(err, E_CORRUPT, "%s is not a value of type %s",
                view_printable(view_cstr(value), shown, sizeof(shown)), ice_type_text(type, text));
    free(json);
    return rc;
}

static bool keep(struct arena *arena, const void *bytes, size_t len, struct ice_value *out)
{
    out->bytes = view_of(arena_strndup(arena, bytes, len), len);
    return true;
}

static struct view text_of(const json_t *j)
{
    return view_of(json_string_value(j), json_string_length(j));
}

static bool parse_int(const json_t *j, size_t width, struct arena *arena, struct ice_value *out)
{
    int64_t v = json_integer_value(j);
    bool fits = width == sizeof(v) || (v >= INT32_MIN && v <= INT32_MAX);
    return json_is_integer(j) && fits && keep(arena, &v, width, out);
}

/* Jackson writes what is no number in JSON as a text. */
static bool number_of(const json_t *j, double *out)
{
    *out = json_number_value(j);
    if (json_is_number(j))
        return true;
    struct view text = text_of(j);
    bool is_nan = view_eq_cstr(text, "NaN"), is_minus = view_eq_cstr(text, "-Infinity");
    *out = is_nan ? (double)NAN : is_minus ? -(double)INFINITY : (double)INFINITY;
    return is_nan || is_minus || view_eq_cstr(text, "Infinity");
}

static bool parse_float(const json_t *j, bool is_double, struct arena *arena, struct ice_value *out)
{
    double d;
    if (!number_of(j, &d))
        return false;
    float f = (float)d;
    return is_double ? keep(arena, &d, sizeof(d), out) : keep(arena, &f, sizeof(f), out);
}

static bool parse_decimal(struct view text, const struct ice_type *t, struct arena *arena,
                          struct ice_value *out)
{
    struct type type = {
        .dtype = DT_DECIMAL128, .precision = (uint8_t)t->precision, .scale = (int8_t)t->scale};
    uint8_t little[16], big[16];
    if (!json_read_decimal(text, &type, little))
        return false;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = little[sizeof(big) - 1 - i];
    return keep(arena, big, sizeof(big), out);
}

static bool parse_date(struct view text, struct arena *arena, struct ice_value *out)
{
    int32_t days;
    return json_read_date(text, &days) && keep(arena, &days, sizeof(days), out);
}

static bool parse_time(struct view text, const struct ice_type *t, struct arena *arena,
                       struct ice_value *out)
{
    struct type type;
    int64_t v;
    if (ice_type_model(t, &type, NULL))
        return false;
    return (t->kind == ICE_TIME ? json_read_time(text, type.unit, &v)
                                : json_read_timestamp(text, &type, &v)) &&
           keep(arena, &v, sizeof(v), out);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(struct view text, struct arena *arena, struct ice_value *out)
{
    uint8_t *bytes = arena_alloc(arena, text.len / 2);
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        int high = hex_digit(text.ptr[i]), low = hex_digit(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    out->bytes = view_of(bytes, text.len / 2);
    return text.len % 2 == 0;
}

/* 8-4-4-4-12 digits. */
static bool parse_uuid(struct view text, struct arena *arena, struct ice_value *out)
{
    uint8_t digits[32];
    size_t n = 0;
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash != (text.ptr[i] == '-'))
            return false;
        if (!is_dash)
            digits[n++] = text.ptr[i];
    }
    return parse_hex(view_of(digits, n), arena, out);
}

static bool parse_text(const json_t *j, const struct ice_type *t, struct arena *arena,
                       struct ice_value *out)
{
    struct view text = text_of(j);
    if (!json_is_string(j))
        return false;
    switch (t->kind) {
    case ICE_DECIMAL:
        return parse_decimal(text, t, arena, out);
    case ICE_DATE:
        return parse_date(text, arena, out);
    case ICE_TIME:
    case ICE_TIMESTAMP:
    case ICE_TIMESTAMPTZ:
    case ICE_TIMESTAMP_NS:
    case ICE_TIMESTAMPTZ_NS:
        return parse_time(text, t, arena, out);
    case ICE_UUID:
        return parse_uuid(text, arena, out);
    case ICE_FIXED:
        return parse_hex(text, arena, out) && out->bytes.len == t->width;
    case ICE_BINARY:
        return parse_hex(text, arena, out);
    default:
        return t->kind == ICE_STRING && keep(arena, text.ptr, text.len, out);
    }
}

static bool parse_value(const json_t *j, const struct ice_type *t, struct arena *arena,
                        struct ice_value *out)
{
    uint8_t b = json_is_true(j);
    switch (t->kind) {
    case ICE_BOOLEAN:
        return json_is_boolean(j) && keep(arena, &b, 1, out);
    case ICE_INT:
        return parse_int(j, sizeof(int32_t), arena, out);
    case ICE_LONG:
        return parse_int(j, sizeof(int64_t), arena, out);
    case ICE_FLOAT:
    case ICE_DOUBLE:
        return parse_float(j, t->kind == ICE_DOUBLE, arena, out);
    default:
        return parse_text(j, t, arena, out);
    }
}

enum code ice_value_parse(const json_t *j, const struct ice_type *type, struct arena *arena,
                          struct ice_value *out, struct err *err)
{
    *out = (struct ice_value){0};
    return parse_value(j, type, arena, out) ? OK : refuse(j, type, err);
}
