#include "format/json/write_cell.h"

#include "base/mem.h"
#include "format/json/text.h"
#include "model/half.h"

#include <assert.h>
#include <fenv.h>
#include <math.h>

enum { SHOWN_CAP = 60 };

/* The bytes of the value at `at`, as far as a message has room for them. */
static const char *shown_value(const struct scan *s, const uint8_t *at, char out[static SHOWN_CAP])
{
    const uint8_t *end = at;
    while (end < s->end && end - at < SHOWN_CAP && *end != ',' && *end != ']' && *end != '\n')
        end++;
    return view_printable(view_of(at, (size_t)(end - at)), out, SHOWN_CAP);
}

static enum code wrong_value(const struct json_cell *c, const uint8_t *at, const char *expected)
{
    char shown[SHOWN_CAP], type[TYPE_TEXT_CAP];
    return scan_refuse(c->s, at, "column '%.100s' (%s), row %zu: expected %s, found %s",
                       c->field->name, type_text(&c->field->type, type), c->row, expected,
                       shown_value(c->s, at, shown));
}

static enum code too_long(const struct json_cell *c)
{
    return err_set(c->s->err, E_LIMIT, "column '%.100s', row %zu: a value of more than %d MiB",
                   c->field->name, c->row, JSON_CELL_BYTES_MAX >> 20);
}

must_use static enum code read_text(const struct json_cell *c, const char *expected,
                                    struct view *out)
{
    if (*c->s->pos != '"')
        return wrong_value(c, c->s->pos, expected);
    TRY(scan_string(c->s, out));
    return out->len > JSON_CELL_BYTES_MAX ? too_long(c) : OK;
}

/*
 * A decimal of at most 19 digits, digits * 10^exponent, if it is one that double arithmetic gets
 * right: both the digits and the power are doubles, so there is one rounding.
 */
static bool quick_double(const uint8_t **at, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const uint8_t *p = *at;
    uint64_t digits = 0;
    int n = 0, behind = 0;
    bool minus = *p == '-';
    for (p += minus; *p >= '0' && *p <= '9'; n++)
        digits = digits * 10 + (*p++ - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; n++, behind++)
            digits = digits * 10 + (*p++ - '0');
    if (n > 19 || behind > 22 || digits > 1ull << 53 || (*p | 0x20) == 'e')
        return false;
    *out = (minus ? -(double)digits : (double)digits) / powers[behind];
    *at = p;
    return true;
}

/* The first pass made sure that the array of the number is closed, so the byte that ends the number
 * is in the body and strtod stops there. */
must_use static enum code read_number(const struct json_cell *c, double *out)
{
    const uint8_t *at = c->s->pos;
    if (*at != '-' && (*at < '0' || *at > '9'))
        return wrong_value(c, at, "a number");
    if (quick_double(&c->s->pos, out))
        return OK;
    char *end;
    *out = strtod((const char *)at, &end);
    c->s->pos = (const uint8_t *)end;
    return isfinite(*out) ? OK : wrong_value(c, at, "a number in range");
}

/* Rounding twice can go wrong: if the nearest double lies exactly between two floats while the
 * number does not, the second rounding may choose the wrong one. Only then is the text read again,
 * as a float. */
must_use static enum code read_float(const struct json_cell *c, float *out)
{
    const uint8_t *at = c->s->pos;
    double wide = 0;
    uint64_t bits;
    TRY(read_number(c, &wide));
    memcpy(&bits, &wide, sizeof(bits));
    bool between = (bits & 0x1FFFFFFF) == 0x10000000 || fabs(wide) < 0x1p-126;
    *out = between ? strtof((const char *)at, NULL) : (float)wide;
    return isfinite(*out) ? OK : wrong_value(c, at, "a number in range");
}

/* An unsigned number, rounded to a double in the given direction. */
static double read_directed(const uint8_t *digits, int direction)
{
    int before = fegetround();
    fesetround(direction);
    double d = strtod((const char *)digits, NULL);
    fesetround(before);
    return d;
}

/* To the nearest, halves to even; 0x7C00 is infinity. As in read_float, rounding twice can go
 * wrong, so where the double lies exactly between two halves, the directed roundings decide. */
static uint16_t half_from(double magnitude, const uint8_t *digits)
{
    uint16_t low = 0, high = 0x7C00;
    while (low + 1 < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if ((double)half_to_float(middle) <= magnitude)
            low = middle;
        else
            high = middle;
    }
    double above = high == 0x7C00 ? 65536.0 : (double)half_to_float(high);
    double to_low = magnitude - (double)half_to_float(low), to_high = above - magnitude;
    if (to_low != to_high)
        return to_low < to_high ? low : high;
    if (read_directed(digits, FE_UPWARD) > magnitude)
        return high;
    if (read_directed(digits, FE_DOWNWARD) < magnitude)
        return low;
    return low % 2 == 0 ? low : high;
}

must_use static enum code read_half(const struct json_cell *c, uint16_t *out)
{
    const uint8_t *at = c->s->pos;
    double wide = 0;
    TRY(read_number(c, &wide));
    *out = fabs(wide) > 65536.0 ? 0x7C00 : half_from(fabs(wide), at + (*at == '-'));
    if (*out == 0x7C00)
        return wrong_value(c, at, "a number in range");
    *out |= signbit(wide) ? 0x8000 : 0;
    return OK;
}

must_use static enum code read_bool(const struct json_cell *c, uint8_t *out)
{
    uint8_t first = *c->s->pos;
    if (first != 't' && first != 'f')
        return wrong_value(c, c->s->pos, "true or false");
    *out = first == 't';
    return scan_literal(c->s, *out ? "true" : "false");
}

must_use static enum code read_int(const struct json_cell *c, enum dtype dtype, uint8_t *out)
{
    struct scan quiet = *c->s;
    uint64_t bits;
    quiet.err = NULL;
    if (scan_int(&quiet, dtype, &bits))
        return wrong_value(c, c->s->pos, "a whole number in range");
    c->s->pos = quiet.pos;
    memcpy(out, &bits, dtype_width(dtype)); /* little-endian: the low bytes come first */
    return OK;
}

must_use static enum code read_date(const struct json_cell *c, int32_t *out)
{
    static const char expected[] = "a date such as \"2026-11-22\"";
    const uint8_t *at = c->s->pos;
    struct view text = {0};
    TRY(read_text(c, expected, &text));
    return json_read_date(text, out) ? OK : wrong_value(c, at, expected);
}

must_use static enum code read_timestamp(const struct json_cell *c, const struct type *t,
                                         int64_t *out)
{
    const char *expected = t->zone[0] ? "a time such as \"2026-11-22T10:30:00Z\""
                                      : "a time such as \"2026-11-22T10:30:00\", without a zone";
    const uint8_t *at = c->s->pos;
    struct view text = {0};
    TRY(read_text(c, expected, &text));
    return json_read_timestamp(text, t, out) ? OK : wrong_value(c, at, expected);
}

must_use static enum code read_time(const struct json_cell *c, const struct type *t, uint8_t *out)
{
    static const char expected[] = "a time such as \"10:30:00\"";
    const uint8_t *at = c->s->pos;
    struct view text = {0};
    int64_t units;
    TRY(read_text(c, expected, &text));
    if (!json_read_time(text, t->unit, &units) ||
        (t->dtype == DT_TIME32 && units != (int32_t)units))
        return wrong_value(c, at, expected);
    memcpy(out, &units, dtype_width(t->dtype));
    return OK;
}

must_use static enum code read_decimal(const struct json_cell *c, const struct type *t,
                                       uint8_t *out)
{
    static const char expected[] = "a string such as \"12.50\" with digits that fit";
    const uint8_t *at = c->s->pos;
    struct view text = {0};
    TRY(read_text(c, expected, &text));
    return json_read_decimal(text, t, out) ? OK : wrong_value(c, at, expected);
}

must_use static enum code read_binary(const struct json_cell *c, const struct type *t,
                                      struct view *out)
{
    const uint8_t *at = c->s->pos;
    struct view text = {0};
    TRY(read_text(c, "base64 in a string", &text));
    if (!json_read_base64(text, c->s->arena, out))
        return wrong_value(c, at, "base64 in a string");
    if (t->dtype == DT_FIXED_BINARY && out->len != t->fixed_width)
        return wrong_value(c, at, "base64 of as many bytes as the type has");
    return OK;
}

/* A value whose bytes all have one width, to `out`. */
must_use static enum code read_fixed(const struct json_cell *c, const struct type *t, void *out)
{
    struct view bytes = {0};
    switch (t->dtype) {
    case DT_BOOL:
        return read_bool(c, out);
    case DT_FLOAT16:
        return read_half(c, out);
    case DT_FLOAT32:
        return read_float(c, out);
    case DT_FLOAT64:
        return read_number(c, out);
    case DT_DATE32:
        return read_date(c, out);
    case DT_TIMESTAMP:
        return read_timestamp(c, t, out);
    case DT_TIME32:
    case DT_TIME64:
        return read_time(c, t, out);
    case DT_DURATION:
        return read_int(c, DT_INT64, out);
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return read_decimal(c, t, out);
    case DT_FIXED_BINARY:
        TRY(read_binary(c, t, &bytes));
        memcpy(out, bytes.ptr, bytes.len);
        return OK;
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
        return read_int(c, t->dtype, out);
    case DT_UTF8:
    case DT_BINARY:
    case DT_LIST:
        break;
    }
    assert(!"a dtype of one width");
    return E_INVALID;
}

/* utf8, binary. */
must_use static enum code read_bytes(const struct json_cell *c, const struct type *t,
                                     struct view *out)
{
    return t->dtype == DT_UTF8 ? read_text(c, "a string", out) : read_binary(c, t, out);
}

must_use static enum code read_element(const struct json_cell *c, const struct type *element,
                                       uint8_t *scratch)
{
    struct list_builder *list = c->list;
    size_t width = dtype_is_bytes(element->dtype) ? 0 : type_width(element);
    struct view bytes = {0};
    if (scan_peek(c->s) == 'n') {
        list_add_null(list, width);
        return scan_literal(c->s, "null");
    }
    if (width) {
        TRY(read_fixed(c, element, scratch));
        list_add_fixed(list, scratch, 1, width);
    } else {
        TRY(read_bytes(c, element, &bytes));
        list_add_bytes(list, bytes);
    }
    return OK;
}

must_use static enum code read_elements(const struct json_cell *c, const struct type *element)
{
    AUTO(ptr) uint8_t *scratch = mem_alloc(type_width(element) + sizeof(uint64_t));
    bool more = true;
    c->s->pos++;
    if (scan_peek(c->s) == ']') {
        c->s->pos++;
        return OK;
    }
    while (more) {
        TRY(read_element(c, element, scratch));
        TRY(scan_next(c->s, ']', &more));
        if (c->list->elements.len > JSON_CELL_BYTES_MAX)
            return too_long(c);
    }
    return OK;
}

must_use static enum code read_list(const struct json_cell *c, const struct type *t,
                                    struct view *out)
{
    const uint8_t *at = c->s->pos;
    const struct type element = type_element(t);
    struct list_builder *list = c->list;
    if (*at != '[')
        return wrong_value(c, at, "an array");
    list_builder_reset(list);
    TRY(read_elements(c, &element));
    if (t->list_size && (list->n != t->list_size || list->n_nulls))
        return wrong_value(c, at, "an array of as many values, none null, as the type has");
    uint8_t *bytes = arena_alloc(c->s->arena, list_built_bytes(list));
    list_built_write(list, bytes);
    *out = view_of(bytes, list_built_bytes(list));
    return OK;
}

enum code json_cell_read(const struct json_cell *c, struct vector *v, size_t i)
{
    size_t width = vector_width(&v->type);
    uint8_t *slot = (uint8_t *)v->values + i * width;
    v->valid[i] = scan_peek(c->s) != 'n';
    if (!v->valid[i]) {
        if (!c->field->nullable)
            return wrong_value(c, c->s->pos, "a value, as it is not nullable");
        memset(slot, 0, width);
        v->n_nulls++;
        return scan_literal(c->s, "null");
    }
    if (v->type.dtype == DT_LIST)
        return read_list(c, &v->type, &v->views[i]);
    if (dtype_is_bytes(v->type.dtype))
        return read_bytes(c, &v->type, &v->views[i]);
    return read_fixed(c, &v->type, slot);
}
