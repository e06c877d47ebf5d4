/* The schema of an Avro file: JSON to a tree of types. It may have circles, where a record holds
 * itself. */
#ifndef MURR_FORMAT_AVRO_SCHEMA_H
#define MURR_FORMAT_AVRO_SCHEMA_H

#include "base/arena.h"
#include "base/err.h"

enum avro_kind {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_RECORD,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION,
    AVRO_FIXED,
};

/* Types nest no deeper than this, and neither do values. */
enum { AVRO_DEPTH_MAX = 64 };

struct avro_field {
    const char *name;
    int64_t id; /* Iceberg's "field-id"; -1: the field does not have one */
    const struct avro_type *type;
};

struct avro_type {
    enum avro_kind kind;
    bool takes_bytes;            /* false where each value is encoded in 0 bytes */
    const char *name;            /* with its namespace; NULL where the type has no name */
    const char *logical;         /* "logicalType"; NULL where there is none */
    size_t fixed_bytes;          /* AVRO_FIXED */
    size_t n;                    /* fields of a record, symbols of an enum, branches of a union */
    const char **symbols;        /* AVRO_ENUM */
    struct avro_field *fields;   /* AVRO_RECORD */
    const struct avro_type **of; /* branches of a union; the item of an array or a map */
};

/* For messages: "record", "int". */
const char *avro_kind_name(enum avro_kind kind);

/* The type of a field of a record, by number or by name; NULL: there is none. */
const struct avro_field *avro_field_by_id(const struct avro_type *record, int64_t id);
const struct avro_field *avro_field_by_name(const struct avro_type *record, const char *name);

/* Types and texts live in `arena`. Fails E_CORRUPT not a schema; E_LIMIT nested too deep. */
must_use enum code avro_schema_parse(struct view json, struct arena *arena,
                                     const struct avro_type **out, struct err *err);

#endif
