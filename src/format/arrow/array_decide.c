#include "format/arrow/array_decide.h"

#include <stdio.h>

/* False: Murr has no such type. */
typedef bool (*decide_fn)(struct arrow_array *a, const struct arrow_spec *spec);

static bool plain(struct arrow_array *a, enum dtype dtype)
{
    a->layout = ARRAY_PLAIN;
    a->type = type_of(dtype);
    return true;
}

static bool decide_null(struct arrow_array *a, const struct arrow_spec *spec)
{
    (void)spec;
    a->layout = ARRAY_NULLS;
    a->is_null = true;
    return true;
}

/* Integers and floats: the dtype that Murr writes with this spec. */
static bool decide_number(struct arrow_array *a, const struct arrow_spec *spec)
{
    for (int t = 0; t < DT_COUNT; t++) {
        const struct type type = type_of((enum dtype)t);
        const struct arrow_spec s = arrow_spec_of(&type);
        if (s.kind == spec->kind && s.bits == spec->bits && !s.is_signed == !spec->is_signed)
            return plain(a, type.dtype);
    }
    return false;
}

static bool decide_bytes(struct arrow_array *a, const struct arrow_spec *spec)
{
    bool is_text =
        spec->kind == KIND_UTF8 || spec->kind == KIND_LARGE_UTF8 || spec->kind == KIND_UTF8_VIEW;
    bool is_view = spec->kind == KIND_UTF8_VIEW || spec->kind == KIND_BINARY_VIEW;
    a->type = type_of(is_text ? DT_UTF8 : DT_BINARY);
    a->layout = is_view ? ARRAY_VIEWS : ARRAY_BYTES;
    a->is_wide = spec->kind == KIND_LARGE_UTF8 || spec->kind == KIND_LARGE_BINARY;
    return true;
}

static bool decide_bool(struct arrow_array *a, const struct arrow_spec *spec)
{
    (void)spec;
    a->layout = ARRAY_BITS;
    a->type = type_of(DT_BOOL);
    return true;
}

/* Arrow allows negative scales and scales beyond the precision; Murr has no text for these. */
static bool decide_decimal(struct arrow_array *a, const struct arrow_spec *spec)
{
    int64_t most = spec->bits == 256 ? DECIMAL256_PRECISION : DECIMAL128_PRECISION;
    if (spec->precision < 1 || spec->precision > most || spec->scale < 0 ||
        spec->scale > spec->precision)
        return false;
    plain(a, spec->bits == 256 ? DT_DECIMAL256 : DT_DECIMAL128);
    a->type.precision = (uint8_t)spec->precision;
    a->type.scale = (int8_t)spec->scale;
    if (spec->bits == 32 || spec->bits == 64) {
        a->layout = ARRAY_NARROW;
        a->width = (uint8_t)(spec->bits / 8);
        return true;
    }
    return spec->bits == 128 || spec->bits == 256;
}

static bool decide_date(struct arrow_array *a, const struct arrow_spec *spec)
{
    plain(a, DT_DATE32);
    if (spec->bits == 64)
        a->layout = ARRAY_DAYS;
    return spec->bits == 32 || spec->bits == 64;
}

static bool take_unit(struct arrow_array *a, const struct arrow_spec *spec)
{
    if (spec->unit < UNIT_S || spec->unit > UNIT_NS)
        return false;
    a->type.unit = (enum time_unit)spec->unit;
    return true;
}

/* The format ties the width to the unit: seconds and milliseconds are 32 bits, finer units 64. */
static bool decide_time(struct arrow_array *a, const struct arrow_spec *spec)
{
    bool is_coarse = spec->unit == UNIT_S || spec->unit == UNIT_MS;
    plain(a, spec->bits == 32 ? DT_TIME32 : DT_TIME64);
    return spec->bits == (is_coarse ? 32 : 64) && take_unit(a, spec);
}

static bool decide_duration(struct arrow_array *a, const struct arrow_spec *spec)
{
    return plain(a, DT_DURATION) && take_unit(a, spec);
}

static bool decide_timestamp(struct arrow_array *a, const struct arrow_spec *spec)
{
    return plain(a, DT_TIMESTAMP) && take_unit(a, spec) && type_zone(spec->zone, a->type.zone);
}

static bool decide_fixed_binary(struct arrow_array *a, const struct arrow_spec *spec)
{
    plain(a, DT_FIXED_BINARY);
    a->type.fixed_width = (uint32_t)spec->size;
    return spec->size >= 1 && spec->size <= TYPE_FIXED_MAX;
}

static bool decide_list(struct arrow_array *a, const struct arrow_spec *spec)
{
    if (a->n_children != 1)
        return false;
    const struct arrow_array *child = &a->children[0];
    if (!child->supported || child->is_null || child->type.dtype == DT_LIST)
        return false;
    a->type = child->type;
    a->type.element = child->type.dtype;
    a->type.dtype = DT_LIST;
    a->is_wide = spec->kind == KIND_LARGE_LIST || spec->kind == KIND_LARGE_LIST_VIEW;
    a->layout = ARRAY_LIST;
    if (spec->kind == KIND_LIST_VIEW || spec->kind == KIND_LARGE_LIST_VIEW)
        a->layout = ARRAY_LIST_VIEW;
    if (spec->kind == KIND_FIXED_LIST) {
        if (spec->size < 0 || spec->size > INT32_MAX)
            return false;
        a->layout = ARRAY_FIXED_LIST;
        a->list_size = (uint32_t)spec->size;
        const struct type element = type_element(&a->type);
        a->type.list_size = type_list_fits(&element, spec->size) ? a->list_size : 0;
    }
    return true;
}

/* Ends may be of 16, 32 or 64 bits, and signed, by the format. */
static bool decide_runs(struct arrow_array *a, const struct arrow_spec *spec)
{
    (void)spec;
    if (a->n_children != 2 || !a->children[1].supported)
        return false;
    const struct arrow_array *ends = &a->children[0];
    enum dtype end = ends->type.dtype;
    if (!ends->supported || ends->layout != ARRAY_PLAIN ||
        (end != DT_INT16 && end != DT_INT32 && end != DT_INT64))
        return false;
    a->layout = ARRAY_RUNS;
    a->type = a->children[1].type;
    a->is_null = a->children[1].is_null;
    return true;
}

static bool decide_none(struct arrow_array *a, const struct arrow_spec *spec)
{
    (void)a;
    (void)spec;
    return false;
}

static const decide_fn decisions[KIND_COUNT] = {
    [0] = decide_none,
    [KIND_NULL] = decide_null,
    [KIND_INT] = decide_number,
    [KIND_FLOAT] = decide_number,
    [KIND_BINARY] = decide_bytes,
    [KIND_UTF8] = decide_bytes,
    [KIND_BOOL] = decide_bool,
    [KIND_DECIMAL] = decide_decimal,
    [KIND_DATE] = decide_date,
    [KIND_TIME] = decide_time,
    [KIND_TIMESTAMP] = decide_timestamp,
    [KIND_INTERVAL] = decide_none,
    [KIND_LIST] = decide_list,
    [KIND_STRUCT] = decide_none,
    [KIND_UNION] = decide_none,
    [KIND_FIXED_BINARY] = decide_fixed_binary,
    [KIND_FIXED_LIST] = decide_list,
    [KIND_MAP] = decide_none,
    [KIND_DURATION] = decide_duration,
    [KIND_LARGE_BINARY] = decide_bytes,
    [KIND_LARGE_UTF8] = decide_bytes,
    [KIND_LARGE_LIST] = decide_list,
    [KIND_RUNS] = decide_runs,
    [KIND_BINARY_VIEW] = decide_bytes,
    [KIND_UTF8_VIEW] = decide_bytes,
    [KIND_LIST_VIEW] = decide_list,
    [KIND_LARGE_LIST_VIEW] = decide_list,
};

static const char *refusal_text(const struct arrow_array *a, const struct arrow_spec *spec,
                                struct arena *arena)
{
    char text[TYPE_TEXT_CAP], zone[48];
    const char *name = arrow_kind_facts(spec->kind)->name;
    bool has_inside = decisions[spec->kind] == decide_list && a->n_children == 1;
    if (has_inside)
        snprintf(text, sizeof(text), "%s<%.80s>", name, a->children[0].type_text);
    else if (spec->kind == KIND_DECIMAL)
        snprintf(text, sizeof(text), "decimal%lld(%lld, %lld)", (long long)spec->bits,
                 (long long)spec->precision, (long long)spec->scale);
    else if (spec->kind == KIND_FIXED_BINARY)
        snprintf(text, sizeof(text), "fixed_binary[%lld]", (long long)spec->size);
    else if (spec->kind == KIND_INT || spec->kind == KIND_FLOAT || spec->kind == KIND_TIME)
        snprintf(text, sizeof(text), "%s%lld", name, (long long)spec->bits);
    else if (spec->kind == KIND_TIMESTAMP)
        snprintf(text, sizeof(text), "timestamp of time zone \"%s\"",
                 view_printable(spec->zone, zone, sizeof(zone)));
    else
        return name;
    return arena_strndup(arena, text, strlen(text));
}

static const char *own_text(const struct arrow_array *a, struct arena *arena)
{
    char text[TYPE_TEXT_CAP];
    if (a->is_null)
        return "null";
    type_text(&a->type, text);
    return arena_strndup(arena, text, strlen(text));
}

static void refuse(struct arrow_array *a, const char *text)
{
    a->supported = a->is_null = false;
    a->layout = ARRAY_SKIPPED;
    a->type = type_of(DT_UTF8);
    a->type_text = text;
}

void arrow_array_decide(struct arrow_array *a, const struct arrow_spec *spec, struct arena *arena)
{
    a->supported = decisions[spec->kind](a, spec);
    if (a->supported)
        a->type_text = own_text(a, arena);
    else
        refuse(a, refusal_text(a, spec, arena));
}

void arrow_array_decide_dictionary(struct arrow_array *a, const struct arrow_spec *index,
                                   const struct arrow_array *values, struct arena *arena)
{
    a->supported = index->kind == KIND_INT && decide_number(a, index) && values->supported;
    if (!a->supported) {
        char text[TYPE_TEXT_CAP];
        snprintf(text, sizeof(text), "dictionary<%.100s>", values->type_text);
        refuse(a, arena_strndup(arena, text, strlen(text)));
        return;
    }
    a->layout = ARRAY_DICTIONARY;
    a->width = (uint8_t)(index->bits / 8);
    a->index_is_signed = index->is_signed;
    a->type = values->type;
    a->is_null = values->is_null;
    a->type_text = values->type_text;
}

bool arrow_array_same_type(const struct arrow_array *a, const struct arrow_array *b)
{
    if (a->supported != b->supported || a->layout != b->layout || a->is_null != b->is_null ||
        a->is_wide != b->is_wide || a->width != b->width || a->list_size != b->list_size ||
        a->n_children != b->n_children || a->n_buffers != b->n_buffers ||
        a->dictionary != b->dictionary || a->index_is_signed != b->index_is_signed ||
        !type_eq(&a->type, &b->type))
        return false;
    for (size_t i = 0; i < a->n_children; i++)
        if (!arrow_array_same_type(&a->children[i], &b->children[i]))
            return false;
    return true;
}
