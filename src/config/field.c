#include "config/field.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/suggest.h"
#include "model/type.h"

#include <inttypes.h>
#include <stdio.h>

/* What is expected, for "expected a whole number, found the string 'x'". */
static const char *expected(enum field_type type)
{
    switch (type) {
    case FIELD_STRING:
    case FIELD_SECRET:
        return "a string";
    case FIELD_UINT:
    case FIELD_COUNT:
        return "a whole number";
    case FIELD_BYTES:
        return "a size such as 64MB or 1GiB";
    case FIELD_DURATION:
        return "a duration such as 90s, 5m or 1h 30m";
    case FIELD_PERCENT:
        return "a share such as 50%";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_NAMES:
        return "a list of names";
    case FIELD_TYPE:
        return "a dtype such as float32 or timestamp[us]";
    case FIELD_TIME:
        return "a time such as 2026-11-22 or 2026-11-22T10:00:00Z";
    default:
        return "a word";
    }
}

static enum code wrong_type(const struct config_field *f, const struct node *n, struct err *err)
{
    char shown[NODE_SHOWN_CAP];
    if (f->type == FIELD_SECRET)
        return err_set(err, E_INVALID, "expected a string; put it in quotes");
    const char *hint = f->type == FIELD_STRING && n->kind == NODE_SCALAR && n->text.len
                           ? "; put it in quotes if it is meant as a string"
                           : "";
    return err_set(err, E_INVALID, "expected %s, found %s%s", expected(f->type),
                   node_shown(n, shown), hint);
}

/* Whether a node has the YAML type of the field. Words from flags and variables are taken as meant.
 */
static bool fits(const struct config_field *f, const struct node *n)
{
    if (f->type == FIELD_NAMES)
        return n->kind == NODE_LIST || n->loose;
    if (n->kind != NODE_SCALAR)
        return false;
    if (n->loose)
        return true;
    enum scalar_type type = node_scalar_type(n);
    switch (f->type) {
    case FIELD_BOOL:
        return type == SCALAR_BOOL;
    case FIELD_UINT:
    case FIELD_COUNT:
        return type == SCALAR_NUMBER;
    case FIELD_BYTES:
    case FIELD_DURATION:
    case FIELD_PERCENT:
        return type == SCALAR_STRING || type == SCALAR_NUMBER;
    default:
        return type == SCALAR_STRING;
    }
}

must_use static enum code parse_count(const struct config_field *f, const struct node *n,
                                      uint64_t *out, struct err *err)
{
    uint64_t value = 0;
    struct view t = n->text;
    if (f->type == FIELD_PERCENT && t.len && t.ptr[t.len - 1] == '%')
        t.len--;
    for (size_t i = 0; i < t.len; i++) {
        if (t.ptr[i] < '0' || t.ptr[i] > '9')
            return wrong_type(f, n, err);
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, t.ptr[i] - '0', &value))
            value = UINT64_MAX;
    }
    if (t.len == 0)
        return wrong_type(f, n, err);
    *out = value;
    return OK;
}

must_use static enum code parse_bool(const struct config_field *f, const struct node *n,
                                     uint64_t *out, struct err *err)
{
    char c = n->text.len ? (char)(n->text.ptr[0] | 0x20) : 0;
    if (node_scalar_type(n) != SCALAR_BOOL)
        return wrong_type(f, n, err);
    *out = c == 't';
    return OK;
}

must_use static enum code parse_word(const struct config_field *f, const struct node *n,
                                     uint64_t *out, struct err *err)
{
    char known[200], shown[80], hint[SUGGEST_CAP];
    size_t used = 0;
    struct suggest close = suggest_init(n->text);
    for (size_t i = 0; f->words[i]; i++) {
        if (view_eq_cstr(n->text, f->words[i])) {
            *out = i;
            return OK;
        }
        suggest_offer(&close, f->words[i]);
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
                                 f->words[i]);
    }
    return err_set(err, E_INVALID, "'%s' is not one of %s%s",
                   view_printable(n->text, shown, sizeof(shown)), known,
                   suggest_text(&close, hint));
}

must_use static enum code parse_number(const struct config_field *f, const struct node *n,
                                       uint64_t *out, struct err *err)
{
    switch (f->type) {
    case FIELD_BYTES:
        return size_parse(n->text, out, err);
    case FIELD_DURATION:
        return duration_parse(n->text, (int64_t *)out, err);
    case FIELD_ENUM:
        return parse_word(f, n, out, err);
    case FIELD_BOOL:
        return parse_bool(f, n, out, err);
    default:
        return parse_count(f, n, out, err);
    }
}

static const char *show_number(const struct config_field *f, uint64_t v, char out[DURATION_CAP])
{
    if (f->type == FIELD_DURATION)
        return duration_format((int64_t)v, out);
    if (f->type == FIELD_BYTES)
        return size_format(v, out);
    snprintf(out, DURATION_CAP, "%" PRIu64 "%s", v, f->type == FIELD_PERCENT ? "%" : "");
    return out;
}

must_use static enum code check_bounds(const struct config_field *f, uint64_t v, struct view text,
                                       struct err *err)
{
    char min[DURATION_CAP], max[DURATION_CAP], shown[80];
    if (v >= f->min && (f->max == 0 || v <= f->max))
        return OK;
    return err_set(err, E_INVALID, "%s is out of range: %s to %s",
                   view_printable(text, shown, sizeof(shown)), show_number(f, f->min, min),
                   show_number(f, f->max, max));
}

static void store(const struct config_field *f, uint64_t value, void *base)
{
    void *at = (char *)base + f->offset;
    if (f->type == FIELD_BOOL)
        *(bool *)at = value != 0;
    else if (f->type == FIELD_UINT || f->type == FIELD_ENUM || f->type == FIELD_PERCENT)
        *(unsigned *)at = (unsigned)value;
    else
        *(uint64_t *)at = value;
}

/* A list; or "a,b" from a flag or variable. */
must_use static enum code parse_names(const struct config_field *f, const struct node *n,
                                      char **out, struct err *err)
{
    AUTO(buf) struct buf names = {0};
    if (n->kind == NODE_SCALAR)
        buf_put(&names, n->text.ptr, n->text.len);
    for (const struct node *m = n->first; m; m = m->next) {
        if (m->kind != NODE_SCALAR || m->text.len == 0 || memchr(m->text.ptr, ',', m->text.len))
            return wrong_type(f, m, err);
        buf_puts(&names, names.len ? "," : "");
        buf_put(&names, m->text.ptr, m->text.len);
    }
    free(*out);
    *out = mem_strdup(buf_cstr(&names));
    return OK;
}

must_use static enum code parse_time(const struct config_field *f, const struct node *n,
                                     int64_t *out, struct err *err)
{
    *out = 0;
    return n->text.len == 0 || clock_parse(n->text, out) ? OK : wrong_type(f, n, err);
}

must_use static enum code parse(const struct config_field *f, const struct node *n, void *base,
                                struct err *err)
{
    uint64_t value = 0;
    if (!fits(f, n))
        return wrong_type(f, n, err);
    if (f->type == FIELD_STRING || f->type == FIELD_SECRET) {
        if (n->text.len < f->min)
            return err_set(err, E_INVALID, "must not be empty");
        char **at = (char **)((char *)base + f->offset);
        free(*at);
        *at = mem_strndup(n->text.ptr, n->text.len);
        return OK;
    }
    if (f->type == FIELD_NAMES)
        return parse_names(f, n, (char **)(void *)((char *)base + f->offset), err);
    if (f->type == FIELD_TYPE)
        return type_parse(n->text, (struct type *)(void *)((char *)base + f->offset), err);
    if (f->type == FIELD_TIME)
        return parse_time(f, n, (int64_t *)(void *)((char *)base + f->offset), err);
    TRY(parse_number(f, n, &value, err));
    if (f->type != FIELD_BOOL && f->type != FIELD_ENUM)
        TRY(check_bounds(f, value, n->text, err));
    store(f, value, base);
    return OK;
}

enum code field_read(const struct config_field *f, const struct node *n, void *base,
                     const char *owner, const char *path, struct err *err)
{
    if (!n && !f->fallback)
        return err_set(err, E_INVALID, "%s: %s: missing; it must be given", owner, path);
    struct node fallback = {.origin = "default", .loose = true};
    if (!n) {
        fallback.text = view_cstr(f->fallback);
        n = &fallback;
    }
    enum code rc = parse(f, n, base, err);
    return rc ? err_in(err, rc, "%s: %s", n->origin, path) : OK;
}

void field_done(const struct config_field *f, void *base)
{
    char **at = (char **)(void *)((char *)base + f->offset);
    if (f->type != FIELD_STRING && f->type != FIELD_SECRET && f->type != FIELD_NAMES)
        return;
    free(*at);
    *at = NULL;
}

/* The code point of a character of two or three bytes that YAML refuses or treats as a line break;
 * else 0. */
static unsigned unprintable(const uint8_t *p)
{
    unsigned c = p[0] == 0xC2 ? p[1] : 0;
    if (p[0] >= 0xE0 && p[0] < 0xF0 && p[1] && p[2])
        c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    bool bad = (c >= 0x80 && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c >= 0xFFFE;
    return bad ? c : 0;
}

/* One character inside double quotes; returns what follows it. */
static const uint8_t *put_quoted(struct buf *out, const uint8_t *p)
{
    unsigned c = unprintable(p);
    if (c) {
        buf_printf(out, "\\u%04X", c);
        return p + (c < 0x800 ? 2 : 3);
    }
    if (*p == '"' || *p == '\\')
        buf_printf(out, "\\%c", *p);
    else if (*p < 0x20 || *p == 0x7F)
        buf_printf(out, "\\x%02X", *p);
    else
        buf_put_u8(out, *p);
    return p + 1;
}

void yaml_put_string(struct buf *out, const char *s)
{
    struct node plain = {.text = view_cstr(s)};
    bool safe = node_scalar_type(&plain) == SCALAR_STRING && s[0] != '-' && s[0] != '.';
    for (const char *p = s; *p; p++)
        safe = safe && (*p == '_' || *p == '-' || *p == '.' || *p == '/' ||
                        (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'));
    if (safe) {
        buf_puts(out, s);
        return;
    }
    buf_puts(out, "\"");
    for (const uint8_t *p = (const uint8_t *)s; *p;)
        p = put_quoted(out, p);
    buf_puts(out, "\"");
}

static void print_names(const char *names, struct buf *out)
{
    buf_puts(out, "[");
    for (const char *at = names; *at;) {
        size_t len = strcspn(at, ",");
        AUTO(ptr) char *name = mem_strndup(at, len);
        buf_puts(out, at == names ? "" : ", ");
        yaml_put_string(out, name);
        at += len + (at[len] == ',');
    }
    buf_puts(out, "]");
}

void field_print(const struct config_field *f, const void *base, struct buf *out)
{
    const void *at = (const char *)base + f->offset;
    char text[DURATION_CAP], type[TYPE_TEXT_CAP], time[25];
    switch (f->type) {
    case FIELD_TYPE:
        yaml_put_string(out, type_text(at, type));
        break;
    case FIELD_STRING:
        yaml_put_string(out, *(char *const *)at);
        break;
    case FIELD_NAMES:
        print_names(*(char *const *)at, out);
        break;
    case FIELD_SECRET:
        buf_puts(out, (*(char *const *)at)[0] ? "\"********\"" : "\"\"");
        break;
    case FIELD_TIME:
        yaml_put_string(out, *(const int64_t *)at ? clock_format(*(const int64_t *)at, time) : "");
        break;
    case FIELD_BOOL:
        buf_puts(out, *(const bool *)at ? "true" : "false");
        break;
    case FIELD_ENUM:
        buf_puts(out, f->words[*(const unsigned *)at]);
        break;
    case FIELD_UINT:
    case FIELD_PERCENT:
        buf_puts(out, show_number(f, *(const unsigned *)at, text));
        break;
    default:
        buf_puts(out, show_number(f, *(const uint64_t *)at, text));
    }
}
