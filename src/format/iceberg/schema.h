/*
 * Schemas of Iceberg: fields known by number, and single values of their types.
 *
 * Format    the Iceberg table specification, "Schemas and Data Types" and appendices C (JSON) and D
 *           (single values).
 */
#ifndef MURR_FORMAT_ICEBERG_SCHEMA_H
#define MURR_FORMAT_ICEBERG_SCHEMA_H

#include "model/type.h"

enum ice_kind {
    ICE_BOOLEAN,
    ICE_INT,
    ICE_LONG,
    ICE_FLOAT,
    ICE_DOUBLE,
    ICE_DECIMAL,
    ICE_DATE,
    ICE_TIME, /* microseconds */
    ICE_TIMESTAMP,
    ICE_TIMESTAMPTZ,
    ICE_TIMESTAMP_NS,
    ICE_TIMESTAMPTZ_NS,
    ICE_STRING,
    ICE_UUID,
    ICE_FIXED,
    ICE_BINARY,
    ICE_STRUCT,
    ICE_LIST, /* one field: the element */
    ICE_MAP,  /* two fields: key and value */
    ICE_VARIANT,
    ICE_GEOMETRY,
    ICE_GEOGRAPHY,
    ICE_UNKNOWN, /* every value is null */
};

struct ice_field;

struct ice_type {
    enum ice_kind kind;
    uint32_t precision, scale; /* decimal */
    uint32_t width;            /* fixed: bytes of every value */
    const struct ice_field *fields;
    size_t n_fields;
};

/*
 * A single value in the binary form of appendix D: numbers, dates and times little-endian in their
 * own width; a decimal as big-endian two's complement of any length; a uuid as 16 bytes in the order
 * of its text; texts and bytes as they are. A value of an earlier, narrower type of its column is as
 * wide as that type.
 */
struct ice_value {
    bool is_null;
    struct view bytes;
};

struct ice_field {
    int32_t id;
    const char *name;
    bool is_required;
    struct ice_type type;
    bool has_initial_default;
    struct ice_value initial_default; /* of primitive types; those of others are not read */
};

struct ice_schema {
    int32_t id;
    const struct ice_field *fields;
    size_t n_fields;
    const int32_t *identifier_ids;
    size_t n_identifier_ids;
};

/* The field with that id on the top level; NULL if there is none. */
const struct ice_field *ice_schema_field(const struct ice_schema *s, int32_t id);

/* "decimal(9, 2)", "list<int>": for messages. Returns `out`. */
const char *ice_type_text(const struct ice_type *t, char out[static TYPE_TEXT_CAP]);

/* The type in which Murr has such values, as the Parquet reader gives them. Fails E_UNSUPPORTED
 * with the reason for nested types (except lists of primitives), variant, geometry, geography. */
must_use enum code ice_type_model(const struct ice_type *t, struct type *out, struct err *err);

#endif
