/* Types of Iceberg as text, and as types of the model. */
#include "format/iceberg/schema_priv.h"

#include <stdio.h>

static const char *const kind_names[] = {
    [ICE_BOOLEAN] = "boolean",
    [ICE_INT] = "int",
    [ICE_LONG] = "long",
    [ICE_FLOAT] = "float",
    [ICE_DOUBLE] = "double",
    [ICE_DECIMAL] = "decimal",
    [ICE_DATE] = "date",
    [ICE_TIME] = "time",
    [ICE_TIMESTAMP] = "timestamp",
    [ICE_TIMESTAMPTZ] = "timestamptz",
    [ICE_TIMESTAMP_NS] = "timestamp_ns",
    [ICE_TIMESTAMPTZ_NS] = "timestamptz_ns",
    [ICE_STRING] = "string",
    [ICE_UUID] = "uuid",
    [ICE_FIXED] = "fixed",
    [ICE_BINARY] = "binary",
    [ICE_STRUCT] = "struct",
    [ICE_LIST] = "list",
    [ICE_MAP] = "map",
    [ICE_VARIANT] = "variant",
    [ICE_GEOMETRY] = "geometry",
    [ICE_GEOGRAPHY] = "geography",
    [ICE_UNKNOWN] = "unknown",
};

/* What is inside of a list or a map is told one level deep. */
static void put_type(const struct ice_type *t, char *out, size_t cap)
{
    const char *name = kind_names[t->kind];
    if (t->kind == ICE_DECIMAL)
        snprintf(out, cap, "%s(%u, %u)", name, t->precision, t->scale);
    else if (t->kind == ICE_FIXED)
        snprintf(out, cap, "%s[%u]", name, t->width);
    else
        snprintf(out, cap, "%s", name);
}

const char *ice_type_text(const struct ice_type *t, char out[static TYPE_TEXT_CAP])
{
    char first[32], second[32];
    if (t->kind != ICE_LIST && t->kind != ICE_MAP) {
        put_type(t, out, TYPE_TEXT_CAP);
        return out;
    }
    put_type(&t->fields[0].type, first, sizeof(first));
    if (t->kind == ICE_LIST) {
        snprintf(out, TYPE_TEXT_CAP, "list<%s>", first);
    } else {
        put_type(&t->fields[1].type, second, sizeof(second));
        snprintf(out, TYPE_TEXT_CAP, "map<%s, %s>", first, second);
    }
    return out;
}

must_use static enum code unsupported(const struct ice_type *t, struct err *err)
{
    char text[TYPE_TEXT_CAP];
    return err_set(err, E_UNSUPPORTED, "values of type %s are not supported",
                   ice_type_text(t, text));
}

static struct type timestamp(enum time_unit unit, const char *zone)
{
    struct type t = {.dtype = DT_TIMESTAMP, .unit = unit};
    snprintf(t.zone, sizeof(t.zone), "%s", zone);
    return t;
}

must_use static enum code fixed(const struct ice_type *t, uint32_t width, struct type *out,
                                struct err *err)
{
    *out = (struct type){.dtype = DT_FIXED_BINARY, .fixed_width = width};
    return width > 0 && width <= TYPE_FIXED_MAX ? OK : unsupported(t, err);
}

must_use static enum code list(const struct ice_type *t, struct type *out, struct err *err)
{
    if (ice_type_is_nested(&t->fields[0].type))
        return unsupported(t, err);
    TRY(ice_type_model(&t->fields[0].type, out, err));
    out->element = out->dtype;
    out->dtype = DT_LIST;
    return OK;
}

static struct type plain(enum ice_kind kind)
{
    static const uint8_t dtypes[] = {
        [ICE_BOOLEAN] = DT_BOOL,  [ICE_INT] = DT_INT32,      [ICE_LONG] = DT_INT64,
        [ICE_FLOAT] = DT_FLOAT32, [ICE_DOUBLE] = DT_FLOAT64, [ICE_DATE] = DT_DATE32,
        [ICE_STRING] = DT_UTF8,   [ICE_BINARY] = DT_BINARY,
    };
    return type_of((enum dtype)dtypes[kind]);
}

enum code ice_type_model(const struct ice_type *t, struct type *out, struct err *err)
{
    switch (t->kind) {
    case ICE_BOOLEAN:
    case ICE_INT:
    case ICE_LONG:
    case ICE_FLOAT:
    case ICE_DOUBLE:
    case ICE_DATE:
    case ICE_STRING:
    case ICE_BINARY:
        *out = plain(t->kind);
        return OK;
    case ICE_DECIMAL:
        *out = (struct type){
            .dtype = DT_DECIMAL128, .precision = (uint8_t)t->precision, .scale = (int8_t)t->scale};
        return OK;
    case ICE_TIME:
        *out = (struct type){.dtype = DT_TIME64, .unit = UNIT_US};
        return OK;
    case ICE_TIMESTAMP:
    case ICE_TIMESTAMPTZ:
        *out = timestamp(UNIT_US, t->kind == ICE_TIMESTAMPTZ ? "UTC" : "");
        return OK;
    case ICE_TIMESTAMP_NS:
    case ICE_TIMESTAMPTZ_NS:
        *out = timestamp(UNIT_NS, t->kind == ICE_TIMESTAMPTZ_NS ? "UTC" : "");
        return OK;
    case ICE_UUID:
        return fixed(t, 16, out, err);
    case ICE_FIXED:
        return fixed(t, t->width, out, err);
    case ICE_LIST:
        return list(t, out, err);
    case ICE_STRUCT:
    case ICE_MAP:
    case ICE_VARIANT:
    case ICE_GEOMETRY:
    case ICE_GEOGRAPHY:
    case ICE_UNKNOWN:
        break;
    }
    return unsupported(t, err);
}
