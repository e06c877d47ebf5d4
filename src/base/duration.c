#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>

/* Largest first, as they are printed. Units are matched by their whole name, so "ms" cannot be
 * taken for "m". */
static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct view *v)
{
    while (v->len && is_blank(v->ptr[0]))
        *v = view_of(v->ptr + 1, v->len - 1);
}

static bool take_number(struct view *v, int64_t *out)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < v->len && is_digit(v->ptr[i]); i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, v->ptr[i] - '0', &value))
            return false;
    *v = view_of(v->ptr + i, v->len - i);
    *out = value;
    return i > 0;
}

static const struct unit *take_unit(struct view *v)
{
    size_t n = 0;
    while (n < v->len && !is_blank(v->ptr[n]) && !is_digit(v->ptr[n]))
        n++;
    struct view name = view_of(v->ptr, n);
    *v = view_of(v->ptr + n, v->len - n);
    for (size_t i = 0; i < N_UNITS; i++)
        if (view_eq_cstr(name, units[i].name))
            return &units[i];
    return NULL;
}

static enum code refuse(struct view text, struct err *err)
{
    char shown[80];
    return err_set(err, E_INVALID, "'%s' is not a duration such as 90s, 5m, 1h 30m or 500ms",
                   view_printable(text, shown, sizeof(shown)));
}

enum code duration_parse(struct view text, int64_t *out_ms, struct err *err)
{
    int64_t total = 0;
    struct view rest = text;
    skip_blanks(&rest);
    if (view_eq_cstr(rest, "0"))
        rest.len = 0;
    else if (rest.len == 0)
        return refuse(text, err);
    while (rest.len) {
        int64_t n, ms;
        if (!take_number(&rest, &n))
            return refuse(text, err);
        skip_blanks(&rest);
        const struct unit *unit = take_unit(&rest);
        if (!unit || __builtin_mul_overflow(n, unit->ms, &ms) ||
            __builtin_add_overflow(total, ms, &total))
            return refuse(text, err);
        skip_blanks(&rest);
    }
    *out_ms = total;
    return OK;
}

char *duration_format(int64_t ms, char out[static DURATION_CAP])
{
    size_t used = 0;
    for (size_t i = 0; i < N_UNITS; i++) {
        if (ms < units[i].ms)
            continue;
        used += (size_t)snprintf(out + used, DURATION_CAP - used, "%s%" PRId64 "%s",
                                 used ? " " : "", ms / units[i].ms, units[i].name);
        ms %= units[i].ms;
    }
    if (used == 0)
        snprintf(out, DURATION_CAP, "0s");
    return out;
}
