#include "format/iceberg/json_load.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/mem.h"

#include <inttypes.h>
#include <jansson.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_of_number(uint8_t c)
{
    return is_digit(c) || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

/* The end of the string that begins at the cursor. */
static void skip_string(struct cursor *c)
{
    uint8_t b;
    for (c->pos++; cur_u8(c, &b) && b != '"';)
        if (b == '\\' && !cur_skip(c, 1))
            return;
}

/* Any number as it is written. */
static struct view take_number(struct cursor *c)
{
    const uint8_t *begin = c->pos;
    while (c->pos < c->end && is_of_number(*c->pos))
        c->pos++;
    return view_of(begin, (size_t)(c->pos - begin));
}

/* Whether it is an integer without a sign that only a uint64 holds. */
static bool is_too_large(struct view number, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < number.len; i++)
        if (!is_digit(number.ptr[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, number.ptr[i] - '0', &value))
            return false;
    *out = value;
    return value > INT64_MAX;
}

/* The text with the integers that are too large replaced. */
static void wrap_integers(struct view text, struct buf *out)
{
    struct cursor c = cur_of(text);
    while (c.pos < c.end) {
        const uint8_t *begin = c.pos;
        uint64_t value;
        if (*c.pos == '"') {
            skip_string(&c);
        } else if (*c.pos == '-' || is_digit(*c.pos)) {
            if (is_too_large(take_number(&c), &value)) {
                buf_printf(out, "%" PRId64, (int64_t)value);
                continue;
            }
        } else {
            c.pos++;
        }
        buf_put(out, begin, (size_t)(c.pos - begin));
    }
}

enum code ice_json_load(struct view text, struct json_t **out, struct err *err)
{
    AUTO(buf) struct buf wrapped = {0};
    json_error_t why;
    json_t *j = json_loadb((const char *)text.ptr, text.len, 0, &why);
    if (!j && json_error_code(&why) == json_error_numeric_overflow) {
        wrap_integers(text, &wrapped);
        j = json_loadb((const char *)wrapped.ptr, wrapped.len, 0, &why);
    }
    if (!j)
        return err_set(err, E_CORRUPT, "%s at byte %d", why.text, why.position);
    *out = j;
    return OK;
}
