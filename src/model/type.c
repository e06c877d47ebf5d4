#include "model/type.h"

#include "base/cursor.h"
#include "base/suggest.h"

#include <stdio.h>

static const char *const unit_names[] = {"s", "ms", "us", "ns"};

size_t type_width(const struct type *t)
{
    if (t->dtype == DT_FIXED_BINARY)
        return t->fixed_width;
    if (t->dtype != DT_LIST)
        return dtype_width(t->dtype);
    struct type element = type_element(t);
    return t->list_size * type_width(&element);
}

struct type type_element(const struct type *list)
{
    struct type e = *list;
    e.dtype = list->element;
    e.element = DT_UTF8;
    e.list_size = 0;
    return e;
}

static bool is_word(uint8_t b)
{
    return (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || b == '_';
}

bool type_zone(struct view name, char out[static TYPE_ZONE_CAP])
{
    if (name.len >= TYPE_ZONE_CAP)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (!is_word(c) && (c == 0 || !strchr("/+-:", c)))
            return false;
        out[i] = (char)c;
    }
    memset(out + name.len, 0, TYPE_ZONE_CAP - name.len);
    return true;
}

bool type_list_fits(const struct type *element, int64_t size)
{
    return size >= 1 && size <= TYPE_FIXED_MAX && !dtype_is_bytes(element->dtype) &&
           (size_t)size * type_width(element) <= TYPE_WIDTH_MAX;
}

bool type_eq(const struct type *a, const struct type *b)
{
    return a->dtype == b->dtype && a->element == b->element && a->list_size == b->list_size &&
           a->fixed_width == b->fixed_width && a->unit == b->unit && a->precision == b->precision &&
           a->scale == b->scale && strcmp(a->zone, b->zone) == 0;
}

/* --------------------------------------------------------------------------------------- text */

/* The text of a type without the part that makes it a list; type_parse must read all of this
 * back. */
static int print_plain(const struct type *t, char *out, size_t cap)
{
    switch (t->dtype) {
    case DT_TIMESTAMP:
        return snprintf(out, cap, "timestamp[%s%s%s]", unit_names[t->unit],
                        t->zone[0] ? ", tz=" : "", t->zone);
    case DT_TIME32:
    case DT_TIME64:
    case DT_DURATION:
        return snprintf(out, cap, "%s[%s]", dtype_name(t->dtype), unit_names[t->unit]);
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return snprintf(out, cap, "%s(%u, %d)", dtype_name(t->dtype), t->precision, t->scale);
    case DT_FIXED_BINARY:
        return snprintf(out, cap, "fixed_binary[%u]", t->fixed_width);
    case DT_UTF8:
    case DT_BINARY:
    case DT_BOOL:
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_DATE32:
    case DT_LIST: /* its elements are told by type_text */
        break;
    }
    return snprintf(out, cap, "%s", dtype_name(t->dtype));
}

const char *type_text(const struct type *t, char out[static TYPE_TEXT_CAP])
{
    if (t->dtype != DT_LIST) {
        print_plain(t, out, TYPE_TEXT_CAP);
        return out;
    }
    char inner[TYPE_TEXT_CAP - 24];
    struct type element = type_element(t);
    print_plain(&element, inner, sizeof(inner));
    if (t->list_size)
        snprintf(out, TYPE_TEXT_CAP, "list<%s>[%u]", inner, t->list_size);
    else
        snprintf(out, TYPE_TEXT_CAP, "list<%s>", inner);
    return out;
}

static void skip_spaces(struct cursor *c)
{
    while (c->pos < c->end && *c->pos == ' ')
        c->pos++;
}

/* The next character, after spaces, if it is this one. */
static bool take(struct cursor *c, char wanted)
{
    skip_spaces(c);
    if (c->pos == c->end || *c->pos != (uint8_t)wanted)
        return false;
    c->pos++;
    return true;
}

static struct view take_word(struct cursor *c)
{
    skip_spaces(c);
    const uint8_t *from = c->pos;
    while (c->pos < c->end && is_word(*c->pos))
        c->pos++;
    return view_of(from, (size_t)(c->pos - from));
}

/* At most 7 digits: no parameter has more, and nothing overflows. */
static bool take_number(struct cursor *c, long *out)
{
    bool negative = take(c, '-');
    struct view digits = take_word(c);
    long value = 0;
    if (digits.len == 0 || digits.len > 7)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        value = value * 10 + (digits.ptr[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

static bool parse_unit(struct cursor *c, struct type *t)
{
    struct view word = take_word(c);
    for (unsigned u = 0; u < 4; u++)
        if (view_eq_cstr(word, unit_names[u])) {
            t->unit = (enum time_unit)u;
            return true;
        }
    return false;
}

/* ", tz=Europe/Berlin" up to the bracket. */
static bool parse_zone(struct cursor *c, struct type *t)
{
    if (!take(c, ','))
        return true;
    skip_spaces(c);
    if (cur_left(c) > 3 && memcmp(c->pos, "tz=", 3) == 0)
        c->pos += 3;
    const uint8_t *from = c->pos;
    while (c->pos < c->end && *c->pos != ']')
        c->pos++;
    return c->pos > from && type_zone(view_of(from, (size_t)(c->pos - from)), t->zone);
}

/* A bare "timestamp" is in microseconds; other times need their unit, since no unit is an obvious
 * default for them. */
static bool parse_time(struct cursor *c, struct type *t)
{
    if (!take(c, '[')) {
        t->unit = UNIT_US;
        return t->dtype == DT_TIMESTAMP;
    }
    if (!parse_unit(c, t) || (t->dtype == DT_TIMESTAMP && !parse_zone(c, t)))
        return false;
    bool coarse = t->unit == UNIT_S || t->unit == UNIT_MS;
    bool fits = (t->dtype != DT_TIME32 || coarse) && (t->dtype != DT_TIME64 || !coarse);
    return fits && take(c, ']');
}

static bool parse_decimal(struct cursor *c, struct type *t)
{
    long precision, scale;
    long most = t->dtype == DT_DECIMAL128 ? DECIMAL128_PRECISION : DECIMAL256_PRECISION;
    if (!take(c, '(') || !take_number(c, &precision) || !take(c, ',') || !take_number(c, &scale) ||
        !take(c, ')'))
        return false;
    if (precision < 1 || precision > most || scale < 0 || scale > precision)
        return false;
    t->precision = (uint8_t)precision;
    t->scale = (int8_t)scale;
    return true;
}

/* "[768]" */
static bool parse_size(struct cursor *c, uint32_t *out)
{
    long size;
    if (!take(c, '[') || !take_number(c, &size) || !take(c, ']') || size < 1 ||
        size > TYPE_FIXED_MAX)
        return false;
    *out = (uint32_t)size;
    return true;
}

static bool parse_parameters(struct cursor *c, struct type *t)
{
    switch (t->dtype) {
    case DT_TIMESTAMP:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DURATION:
        return parse_time(c, t);
    case DT_DECIMAL128:
    case DT_DECIMAL256:
        return parse_decimal(c, t);
    case DT_FIXED_BINARY:
        return parse_size(c, &t->fixed_width);
    case DT_UTF8:
    case DT_BINARY:
    case DT_BOOL:
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_DATE32:
    case DT_LIST: /* parse_list reads it */
        break;
    }
    return true;
}

/* "<element>" and maybe "[n]". The element's parameters go into the type itself, as the header
 * says. */
static bool parse_list(struct cursor *c, struct type *t)
{
    if (!take(c, '<') || !dtype_parse(take_word(c), &t->element) || t->element == DT_LIST)
        return false;
    struct type element = type_of(t->element);
    if (!parse_parameters(c, &element) || !take(c, '>'))
        return false;
    enum dtype of = t->element;
    *t = element;
    t->dtype = DT_LIST;
    t->element = of;
    skip_spaces(c);
    if (c->pos == c->end)
        return true;
    return parse_size(c, &t->list_size) && type_list_fits(&element, t->list_size);
}

/* The message lists all dtypes: whoever meets it is writing a configuration and wants to know the
 * choices. */
static enum code unknown_dtype(struct view text, struct err *err)
{
    char shown[80], hint[SUGGEST_CAP];
    struct suggest close = suggest_init(text);
    for (int t = 0; t < DT_COUNT; t++)
        suggest_offer(&close, dtype_name((enum dtype)t));
    char all[320];
    size_t used = 0;
    for (int t = 0; t < DT_COUNT; t++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", t ? ", " : "",
                                 dtype_name((enum dtype)t));
    return err_set(err, E_INVALID, "unknown dtype '%s'%s; there are %s",
                   view_printable(text, shown, sizeof(shown)), suggest_text(&close, hint), all);
}

static const char *example_of(enum dtype t)
{
    switch (t) {
    case DT_TIMESTAMP:
        return "timestamp[us] or timestamp[ms, tz=UTC]";
    case DT_DECIMAL128:
        return "decimal128(12, 2)";
    case DT_DECIMAL256:
        return "decimal256(60, 2)";
    case DT_LIST:
        return "list<float32> or list<float32>[768]";
    case DT_FIXED_BINARY:
        return "fixed_binary[16]";
    case DT_TIME32:
        return "time32[ms]";
    case DT_TIME64:
        return "time64[us]";
    case DT_DURATION:
        return "duration[us]";
    case DT_UTF8:
    case DT_BINARY:
    case DT_BOOL:
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
    case DT_FLOAT16:
    case DT_FLOAT32:
    case DT_FLOAT64:
    case DT_DATE32:
        break;
    }
    return dtype_name(t);
}

enum code type_parse(struct view text, struct type *out, struct err *err)
{
    struct cursor c = cur_of(text);
    struct type t = {0};
    if (text.len == 0 || !dtype_parse(take_word(&c), &t.dtype))
        return unknown_dtype(text, err);
    enum dtype head = t.dtype;
    bool good = head == DT_LIST ? parse_list(&c, &t) : parse_parameters(&c, &t);
    skip_spaces(&c);
    if (!good || c.pos != c.end) {
        char shown[80];
        return err_set(err, E_INVALID, "dtype '%s' is not understood; write %s",
                       view_printable(text, shown, sizeof(shown)), example_of(head));
    }
    *out = t;
    return OK;
}

/* ---------------------------------------------------------------------------------- conversion */

/* All digits before and after the point have room. */
static bool decimal_widens(const struct type *from, const struct type *to)
{
    return to->dtype >= from->dtype && to->scale >= from->scale &&
           to->precision - to->scale >= from->precision - from->scale;
}

/* The same kind of time in another unit. Zones may differ, since all zoned timestamps count from
 * the same instant. */
static bool same_time(const struct type *from, const struct type *to)
{
    return dtype_has_unit(from->dtype) && from->dtype == to->dtype &&
           !from->zone[0] == !to->zone[0];
}

bool type_widens(const struct type *from, const struct type *to)
{
    if (type_eq(from, to))
        return true;
    if (dtype_is_decimal(from->dtype) && dtype_is_decimal(to->dtype))
        return decimal_widens(from, to);
    if (from->dtype == DT_FIXED_BINARY && to->dtype == DT_BINARY)
        return true;
    if (from->dtype == DT_TIME32 && to->dtype == DT_TIME64)
        return true;
    if (same_time(from, to))
        return from->unit <= to->unit;
    if (from->dtype == DT_LIST && to->dtype == DT_LIST) {
        struct type a = type_element(from), b = type_element(to);
        return (to->list_size == 0 || to->list_size == from->list_size) && type_widens(&a, &b);
    }
    return !dtype_has_parameters(from->dtype) && !dtype_has_parameters(to->dtype) &&
           dtype_widens(from->dtype, to->dtype);
}

static bool is_number(const struct type *t)
{
    return dtype_is_int(t->dtype) || dtype_is_float(t->dtype);
}

bool type_rounds(const struct type *from, const struct type *to)
{
    if (from->dtype == DT_LIST && to->dtype == DT_LIST) {
        struct type a = type_element(from), b = type_element(to);
        return type_rounds(&a, &b);
    }
    return dtype_is_float(from->dtype) && dtype_is_float(to->dtype) &&
           dtype_width(from->dtype) > dtype_width(to->dtype);
}

bool type_converts(const struct type *from, const struct type *to)
{
    if (type_widens(from, to))
        return true;
    if (from->dtype == DT_LIST && to->dtype == DT_LIST) {
        struct type a = type_element(from), b = type_element(to);
        bool same_size = from->list_size == 0 || from->list_size == to->list_size;
        return (same_size || to->list_size == 0) && type_converts(&a, &b);
    }
    if (dtype_is_decimal(to->dtype) && (dtype_is_decimal(from->dtype) || dtype_is_int(from->dtype)))
        return true;
    return (is_number(from) && is_number(to)) ||
           (from->dtype == DT_BINARY && to->dtype == DT_UTF8) || same_time(from, to) ||
           (from->dtype == DT_INT64 && (to->dtype == DT_TIMESTAMP || to->dtype == DT_DURATION));
}

/* ---------------------------------------------------------------------------------- unification */

/*
 * Files of one table may disagree about a type, because the writer chose it by the values it saw. A
 * unified type must hold the values of all of them:
 *
 *     integers         the wider one; of different signs, a signed type wider than the unsigned one
 *     float, integer   the smallest float that holds the integer, at least the given one
 *     decimals         enough digits before and after the point for both
 *     lists            the unified element; of any length if the lengths differ
 *     bytes            binary
 */

/* The signed type of at least so many bits, of which there are 64 at most. */
static enum dtype signed_of(size_t bits)
{
    return bits <= 8 ? DT_INT8 : bits <= 16 ? DT_INT16 : bits <= 32 ? DT_INT32 : DT_INT64;
}

/* Of different signs: a signed one that is wider than the unsigned one. */
static enum dtype unify_ints(enum dtype a, enum dtype b)
{
    size_t x = dtype_width(a) * 8, y = dtype_width(b) * 8;
    if (dtype_is_signed(a) == dtype_is_signed(b))
        return x >= y ? a : b;
    size_t of_unsigned = dtype_is_signed(a) ? y : x;
    return signed_of(of_unsigned * 2 > x + y - of_unsigned ? of_unsigned * 2 : x + y - of_unsigned);
}

/* A float whose fraction has room for the integer: 11, 24 or 53 bits. */
static enum dtype unify_float_int(enum dtype f, enum dtype i)
{
    size_t bits = dtype_width(i) * 8;
    enum dtype least = bits <= 8 ? DT_FLOAT16 : bits <= 16 ? DT_FLOAT32 : DT_FLOAT64;
    return dtype_width(f) >= dtype_width(least) ? f : least;
}

static struct type unify_numbers(const struct type *a, const struct type *b)
{
    if (dtype_is_float(a->dtype) && dtype_is_float(b->dtype))
        return dtype_width(a->dtype) >= dtype_width(b->dtype) ? *a : *b;
    if (dtype_is_float(a->dtype))
        return type_of(unify_float_int(a->dtype, b->dtype));
    if (dtype_is_float(b->dtype))
        return type_of(unify_float_int(b->dtype, a->dtype));
    return type_of(unify_ints(a->dtype, b->dtype));
}

/* An integer as the decimal that holds it. */
static struct type as_decimal(const struct type *t)
{
    static const uint8_t digits[] = {[1] = 3, [2] = 5, [4] = 10, [8] = 20};
    if (dtype_is_decimal(t->dtype))
        return *t;
    return (struct type){.dtype = DT_DECIMAL128, .precision = digits[dtype_width(t->dtype)]};
}

static bool unify_decimals(const struct type *x, const struct type *y, struct type *out)
{
    struct type a = as_decimal(x), b = as_decimal(y);
    int scale = a.scale > b.scale ? a.scale : b.scale;
    int before = a.precision - a.scale > b.precision - b.scale ? a.precision - a.scale
                                                               : b.precision - b.scale;
    if (before + scale > DECIMAL256_PRECISION)
        return false;
    bool wide = before + scale > DECIMAL128_PRECISION || a.dtype == DT_DECIMAL256 ||
                b.dtype == DT_DECIMAL256;
    *out = (struct type){.dtype = wide ? DT_DECIMAL256 : DT_DECIMAL128,
                         .precision = (uint8_t)(before + scale),
                         .scale = (int8_t)scale};
    return true;
}

static bool unify_lists(const struct type *a, const struct type *b, struct type *out)
{
    struct type x = type_element(a), y = type_element(b), element;
    if (!type_unify(&x, &y, &element))
        return false;
    element.element = element.dtype;
    element.dtype = DT_LIST;
    element.list_size = a->list_size == b->list_size ? a->list_size : 0;
    *out = element;
    return true;
}

static bool is_bytes(const struct type *t)
{
    return dtype_is_bytes(t->dtype) || t->dtype == DT_FIXED_BINARY;
}

bool type_unify(const struct type *a, const struct type *b, struct type *out)
{
    if (type_widens(b, a))
        *out = *a;
    else if (type_widens(a, b))
        *out = *b;
    else if (is_number(a) && is_number(b))
        *out = unify_numbers(a, b);
    else if ((dtype_is_decimal(a->dtype) || dtype_is_decimal(b->dtype)) &&
             (dtype_is_decimal(a->dtype) || dtype_is_int(a->dtype)) &&
             (dtype_is_decimal(b->dtype) || dtype_is_int(b->dtype)))
        return unify_decimals(a, b, out);
    else if (a->dtype == DT_LIST && b->dtype == DT_LIST)
        return unify_lists(a, b, out);
    else if (is_bytes(a) && is_bytes(b))
        *out = type_of(DT_BINARY);
    else
        return false;
    return true;
}
