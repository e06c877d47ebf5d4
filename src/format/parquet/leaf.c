/*
 * From the annotations of a leaf of the schema to the type its values have here.
 *
 * LogicalType wins over the older ConvertedType where both are written. Annotations that are not
 * known, or that only add a meaning (GEOMETRY, BSON), leave the physical type.
 */
#include "format/parquet/file_priv.h"
#include "format/parquet/thrift_ids.h"

#include <stdio.h>

static const char *const logical_names[] = {
    [LOGICAL_STRING] = "STRING", [LOGICAL_ENUM] = "ENUM",       [LOGICAL_DECIMAL] = "DECIMAL",
    [LOGICAL_DATE] = "DATE",     [LOGICAL_TIME] = "TIME",       [LOGICAL_TIMESTAMP] = "TIMESTAMP",
    [LOGICAL_INTEGER] = "INT",   [LOGICAL_JSON] = "JSON",       [LOGICAL_BSON] = "BSON",
    [LOGICAL_UUID] = "UUID",     [LOGICAL_FLOAT16] = "FLOAT16",
};

static const char *const physical_names[] = {
    "BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY",
};
enum { n_physical = sizeof(physical_names) / sizeof(physical_names[0]) };

enum { decimal_bytes_max = 64 };

/* Each ConvertedType as the LogicalType that replaced it. */
static const struct {
    uint8_t logical;
    uint8_t bits; /* of integers; of times the unit */
    bool is_signed;
} converted_types[] = {
    [CONVERTED_UTF8] = {LOGICAL_STRING, 0, false},
    [CONVERTED_MAP] = {LOGICAL_MAP, 0, false},
    [CONVERTED_MAP_KEY_VALUE] = {LOGICAL_MAP, 0, false},
    [CONVERTED_LIST] = {LOGICAL_LIST, 0, false},
    [CONVERTED_ENUM] = {LOGICAL_ENUM, 0, false},
    [CONVERTED_DECIMAL] = {LOGICAL_DECIMAL, 0, false},
    [CONVERTED_DATE] = {LOGICAL_DATE, 0, false},
    [CONVERTED_TIME_MILLIS] = {LOGICAL_TIME, TIME_UNIT_MILLIS, false},
    [CONVERTED_TIME_MICROS] = {LOGICAL_TIME, TIME_UNIT_MICROS, false},
    [CONVERTED_TIMESTAMP_MILLIS] = {LOGICAL_TIMESTAMP, TIME_UNIT_MILLIS, false},
    [CONVERTED_TIMESTAMP_MICROS] = {LOGICAL_TIMESTAMP, TIME_UNIT_MICROS, false},
    [CONVERTED_UINT_8] = {LOGICAL_INTEGER, 8, false},
    [CONVERTED_UINT_16] = {LOGICAL_INTEGER, 16, false},
    [CONVERTED_UINT_32] = {LOGICAL_INTEGER, 32, false},
    [CONVERTED_UINT_64] = {LOGICAL_INTEGER, 64, false},
    [CONVERTED_INT_8] = {LOGICAL_INTEGER, 8, true},
    [CONVERTED_INT_16] = {LOGICAL_INTEGER, 16, true},
    [CONVERTED_INT_32] = {LOGICAL_INTEGER, 32, true},
    [CONVERTED_INT_64] = {LOGICAL_INTEGER, 64, true},
    [CONVERTED_JSON] = {LOGICAL_JSON, 0, false},
    [CONVERTED_BSON] = {LOGICAL_BSON, 0, false},
    [CONVERTED_INTERVAL] = {LOGICAL_INTERVAL, 0, false},
    [CONVERTED_NULL] = {LOGICAL_UNKNOWN, 0, false},
};
enum { n_converted = sizeof(converted_types) / sizeof(converted_types[0]) };

/* Fold ConvertedType into the logical fields, where there is no LogicalType. */
static void unify_annotation(struct pq_schema_element *e)
{
    if (e->logical != LOGICAL_NONE || e->converted < 0 || e->converted >= n_converted)
        return;
    e->logical = converted_types[e->converted].logical;
    e->int_bits = converted_types[e->converted].bits;
    e->int_signed = converted_types[e->converted].is_signed;
    e->unit = converted_types[e->converted].bits;
    e->is_utc = true;
}

bool pq_element_is_list(const struct pq_schema_element *e)
{
    return e->logical == LOGICAL_LIST ||
           (e->logical == LOGICAL_NONE && e->converted == CONVERTED_LIST);
}

const char *pq_element_nesting(const struct pq_schema_element *e)
{
    if (e->logical == LOGICAL_VARIANT)
        return "VARIANT";
    if (e->logical == LOGICAL_MAP || e->converted == CONVERTED_MAP ||
        e->converted == CONVERTED_MAP_KEY_VALUE)
        return "map";
    return pq_element_is_list(e) ? "list of groups" : "struct";
}

bool pq_element_is_null(const struct pq_schema_element *e)
{
    return e->logical == LOGICAL_UNKNOWN ||
           (e->logical == LOGICAL_NONE && e->converted == CONVERTED_NULL);
}

/* Parquet stores 8, 16 and 32 bits as INT32; an annotation on another physical type makes no sense
 * and is refused. */
static bool int_dtype(const struct pq_schema_element *e, enum dtype *out)
{
    bool in_32 = e->int_bits == 8 || e->int_bits == 16 || e->int_bits == 32;
    if (!(e->physical == PQ_INT32 && in_32) && !(e->physical == PQ_INT64 && e->int_bits == 64))
        return false;
    switch (e->int_bits) {
    case 8:
        *out = e->int_signed ? DT_INT8 : DT_UINT8;
        break;
    case 16:
        *out = e->int_signed ? DT_INT16 : DT_UINT16;
        break;
    case 32:
        *out = e->int_signed ? DT_INT32 : DT_UINT32;
        break;
    default:
        *out = e->int_signed ? DT_INT64 : DT_UINT64;
    }
    return true;
}

static void physical_type(const struct pq_schema_element *e, struct type *out)
{
    static const uint8_t dtypes[n_physical] = {
        [PQ_BOOLEAN] = DT_BOOL,      [PQ_INT32] = DT_INT32,        [PQ_INT64] = DT_INT64,
        [PQ_INT96] = DT_TIMESTAMP,   [PQ_FLOAT] = DT_FLOAT32,      [PQ_DOUBLE] = DT_FLOAT64,
        [PQ_BYTE_ARRAY] = DT_BINARY, [PQ_FIXED] = DT_FIXED_BINARY,
    };
    *out = type_of((enum dtype)dtypes[e->physical]);
    if (e->physical == PQ_INT96)
        out->unit = UNIT_NS;
    if (e->physical == PQ_FIXED)
        out->fixed_width = (uint32_t)e->type_length;
}

/* Milliseconds are in INT32, the others in INT64. */
static bool time_type(const struct pq_schema_element *e, struct type *out)
{
    bool is_ms = e->unit == TIME_UNIT_MILLIS;
    if (e->physical != (is_ms ? PQ_INT32 : PQ_INT64) || e->unit < TIME_UNIT_MILLIS ||
        e->unit > TIME_UNIT_NANOS)
        return false;
    *out = (struct type){.dtype = is_ms ? DT_TIME32 : DT_TIME64, .unit = (enum time_unit)e->unit};
    return true;
}

static bool timestamp_type(const struct pq_schema_element *e, struct type *out)
{
    if (e->physical != PQ_INT64 || e->unit < TIME_UNIT_MILLIS || e->unit > TIME_UNIT_NANOS)
        return false;
    *out = (struct type){.dtype = DT_TIMESTAMP, .unit = (enum time_unit)e->unit};
    if (e->is_utc)
        memcpy(out->zone, "UTC", sizeof("UTC"));
    return true;
}

/* The width follows from the precision, except that a longer FIXED needs 32 bytes to be read at
 * all. */
static bool decimal_type(const struct pq_schema_element *e, struct type *out)
{
    bool holds = e->physical == PQ_INT32 || e->physical == PQ_INT64 ||
                 e->physical == PQ_BYTE_ARRAY ||
                 (e->physical == PQ_FIXED && e->type_length <= decimal_bytes_max);
    if (!holds || e->precision < 1 || e->precision > DECIMAL256_PRECISION || e->scale < 0 ||
        e->scale > e->precision)
        return false;
    bool wide = e->precision > DECIMAL128_PRECISION ||
                (e->physical == PQ_FIXED && e->type_length > (int32_t)dtype_width(DT_DECIMAL128));
    *out = (struct type){.dtype = wide ? DT_DECIMAL256 : DT_DECIMAL128,
                         .precision = (uint8_t)e->precision,
                         .scale = (int8_t)e->scale};
    return true;
}

/* FIXED_LEN_BYTE_ARRAY of exactly so many bytes. */
static bool is_fixed(const struct pq_schema_element *e, int32_t length)
{
    return e->physical == PQ_FIXED && e->type_length == length;
}

static bool leaf_type(const struct pq_schema_element *e, struct type *out)
{
    physical_type(e, out);
    switch (e->logical) {
    case LOGICAL_INTEGER:
        *out = (struct type){0};
        return int_dtype(e, &out->dtype);
    case LOGICAL_STRING:
    case LOGICAL_ENUM:
    case LOGICAL_JSON:
        *out = type_of(DT_UTF8);
        return e->physical == PQ_BYTE_ARRAY;
    case LOGICAL_DECIMAL:
        return decimal_type(e, out);
    case LOGICAL_DATE:
        *out = type_of(DT_DATE32);
        return e->physical == PQ_INT32;
    case LOGICAL_TIME:
        return time_type(e, out);
    case LOGICAL_TIMESTAMP:
        return timestamp_type(e, out);
    case LOGICAL_FLOAT16:
        *out = type_of(DT_FLOAT16);
        return is_fixed(e, 2);
    case LOGICAL_BSON:
        return e->physical == PQ_BYTE_ARRAY;
    case LOGICAL_UUID:
        return is_fixed(e, 16);
    case LOGICAL_INTERVAL:
        return is_fixed(e, 12);
    default:
        return true;
    }
}

static void explain(const struct pq_schema_element *e, char *out, size_t cap)
{
    const char *logical = NULL;
    if (e->logical > 0 && (size_t)e->logical < sizeof(logical_names) / sizeof(logical_names[0]))
        logical = logical_names[e->logical];
    const char *physical = physical_names[e->physical];
    if (e->logical == LOGICAL_INTEGER)
        snprintf(out, cap, "INT of %d bits cannot be in %s", e->int_bits, physical);
    else if (e->logical == LOGICAL_DECIMAL)
        snprintf(out, cap, "DECIMAL of precision %d and scale %d cannot be in %s", e->precision,
                 e->scale, physical);
    else
        snprintf(out, cap, "%s cannot be in %s of length %d", logical ? logical : "INTERVAL",
                 physical, e->type_length);
}

bool pq_leaf_describe(struct pq_schema_element *e, struct pq_leaf *out, char *why_not, size_t cap)
{
    if (e->physical < 0 || e->physical >= n_physical) {
        snprintf(why_not, cap, "type %d is not known", e->physical);
        return false;
    }
    if (e->physical == PQ_FIXED && (e->type_length < 1 || e->type_length > TYPE_FIXED_MAX)) {
        snprintf(why_not, cap, "FIXED_LEN_BYTE_ARRAY of %d bytes", e->type_length);
        return false;
    }
    unify_annotation(e);
    *out = (struct pq_leaf){.physical = (enum pq_physical)e->physical,
                            .fixed_width = (uint32_t)e->type_length};
    if (leaf_type(e, &out->type))
        return true;
    explain(e, why_not, cap);
    return false;
}
