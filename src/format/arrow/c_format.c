#include "format/arrow/c_format.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char unit_letters[] = "smun"; /* by enum time_unit */

_Static_assert(TYPE_ZONE_CAP + 4 <= C_FORMAT_CAP, "room for tsu: and a zone");

/* Formats without parameters. */
static const struct {
    const char *format;
    struct arrow_spec spec;
} plain_formats[] = {
    {"n", {.kind = KIND_NULL}},
    {"b", {.kind = KIND_BOOL}},
    {"c", {.kind = KIND_INT, .bits = 8, .is_signed = true}},
    {"C", {.kind = KIND_INT, .bits = 8}},
    {"s", {.kind = KIND_INT, .bits = 16, .is_signed = true}},
    {"S", {.kind = KIND_INT, .bits = 16}},
    {"i", {.kind = KIND_INT, .bits = 32, .is_signed = true}},
    {"I", {.kind = KIND_INT, .bits = 32}},
    {"l", {.kind = KIND_INT, .bits = 64, .is_signed = true}},
    {"L", {.kind = KIND_INT, .bits = 64}},
    {"e", {.kind = KIND_FLOAT, .bits = 16}},
    {"f", {.kind = KIND_FLOAT, .bits = 32}},
    {"g", {.kind = KIND_FLOAT, .bits = 64}},
    {"z", {.kind = KIND_BINARY}},
    {"Z", {.kind = KIND_LARGE_BINARY}},
    {"vz", {.kind = KIND_BINARY_VIEW}},
    {"u", {.kind = KIND_UTF8}},
    {"U", {.kind = KIND_LARGE_UTF8}},
    {"vu", {.kind = KIND_UTF8_VIEW}},
    {"tdD", {.kind = KIND_DATE, .bits = 32}},
    {"tdm", {.kind = KIND_DATE, .bits = 64}},
    {"tts", {.kind = KIND_TIME, .bits = 32, .unit = UNIT_S}},
    {"ttm", {.kind = KIND_TIME, .bits = 32, .unit = UNIT_MS}},
    {"ttu", {.kind = KIND_TIME, .bits = 64, .unit = UNIT_US}},
    {"ttn", {.kind = KIND_TIME, .bits = 64, .unit = UNIT_NS}},
    {"tDs", {.kind = KIND_DURATION, .unit = UNIT_S}},
    {"tDm", {.kind = KIND_DURATION, .unit = UNIT_MS}},
    {"tDu", {.kind = KIND_DURATION, .unit = UNIT_US}},
    {"tDn", {.kind = KIND_DURATION, .unit = UNIT_NS}},
    {"tiM", {.kind = KIND_INTERVAL}},
    {"tiD", {.kind = KIND_INTERVAL}},
    {"tin", {.kind = KIND_INTERVAL}},
    {"+l", {.kind = KIND_LIST}},
    {"+L", {.kind = KIND_LARGE_LIST}},
    {"+vl", {.kind = KIND_LIST_VIEW}},
    {"+vL", {.kind = KIND_LARGE_LIST_VIEW}},
    {"+s", {.kind = KIND_STRUCT}},
    {"+m", {.kind = KIND_MAP}},
    {"+r", {.kind = KIND_RUNS}},
};

static bool begins(const char *format, const char *with, const char **out_rest)
{
    size_t len = strlen(with);
    if (strncmp(format, with, len) != 0)
        return false;
    *out_rest = format + len;
    return true;
}

/* A decimal integer followed by `end`; moves past both. */
static bool take_number(const char **at, char end, int64_t *out)
{
    char *stop;
    *out = strtoll(*at, &stop, 10);
    bool good = stop != *at && *stop == end;
    *at = *stop ? stop + 1 : stop;
    return good;
}

/* "12,2" or "12,2,256" */
static bool parse_decimal(const char *rest, struct arrow_spec *s)
{
    bool has_bits = strchr(rest, ',') != strrchr(rest, ',');
    s->kind = KIND_DECIMAL;
    s->bits = 128;
    return take_number(&rest, ',', &s->precision) &&
           take_number(&rest, has_bits ? ',' : '\0', &s->scale) &&
           (!has_bits || take_number(&rest, '\0', &s->bits));
}

/* "u:Europe/Berlin" */
static bool parse_timestamp(const char *rest, struct arrow_spec *s)
{
    const char *unit = *rest ? strchr(unit_letters, *rest) : NULL;
    if (!unit || rest[1] != ':')
        return false;
    s->kind = KIND_TIMESTAMP;
    s->unit = unit - unit_letters;
    s->zone = view_cstr(rest + 2);
    return true;
}

bool c_format_parse(const char *format, struct arrow_spec *out)
{
    const char *rest;
    *out = (struct arrow_spec){0};
    for (size_t i = 0; i < sizeof(plain_formats) / sizeof(plain_formats[0]); i++)
        if (strcmp(format, plain_formats[i].format) == 0) {
            *out = plain_formats[i].spec;
            return true;
        }
    if (begins(format, "d:", &rest))
        return parse_decimal(rest, out);
    if (begins(format, "ts", &rest))
        return parse_timestamp(rest, out);
    if (begins(format, "w:", &rest)) {
        out->kind = KIND_FIXED_BINARY;
        return take_number(&rest, '\0', &out->size);
    }
    if (begins(format, "+w:", &rest)) {
        out->kind = KIND_FIXED_LIST;
        return take_number(&rest, '\0', &out->size);
    }
    if (begins(format, "+ud:", &rest) || begins(format, "+us:", &rest))
        out->kind = KIND_UNION;
    return true;
}

static const char *plain_format(const struct arrow_spec *s)
{
    for (size_t i = 0; i < sizeof(plain_formats) / sizeof(plain_formats[0]); i++) {
        const struct arrow_spec *p = &plain_formats[i].spec;
        if (p->kind == s->kind && p->bits == s->bits && p->is_signed == s->is_signed &&
            p->unit == s->unit)
            return plain_formats[i].format;
    }
    assert(!"a type that Murr writes");
    return "";
}

void c_format_put(const struct arrow_spec *s, char out[static C_FORMAT_CAP])
{
    long long size = s->size, precision = s->precision, scale = s->scale;
    if (s->kind == KIND_TIMESTAMP)
        snprintf(out, C_FORMAT_CAP, "ts%c:%.*s", unit_letters[s->unit], (int)s->zone.len,
                 (const char *)s->zone.ptr);
    else if (s->kind == KIND_DECIMAL)
        snprintf(out, C_FORMAT_CAP, "d:%lld,%lld%s", precision, scale,
                 s->bits == 256 ? ",256" : "");
    else if (s->kind == KIND_FIXED_BINARY)
        snprintf(out, C_FORMAT_CAP, "w:%lld", size);
    else if (s->kind == KIND_FIXED_LIST)
        snprintf(out, C_FORMAT_CAP, "+w:%lld", size);
    else
        snprintf(out, C_FORMAT_CAP, "%s", plain_format(s));
}
