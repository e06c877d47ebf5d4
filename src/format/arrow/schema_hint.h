/*
 * What Arrow writers leave in the metadata of other formats: their schema, as an IPC message in
 * base64. It says what a Parquet schema cannot. The bytes are not trusted; what cannot be
 * understood is ignored.
 */
#ifndef MURR_FORMAT_ARROW_SCHEMA_HINT_H
#define MURR_FORMAT_ARROW_SCHEMA_HINT_H

#include "base/arena.h"
#include "format/arrow/arrow_type.h"

/* A top-level field; a type that is not understood has kind 0. */
struct arrow_field_hint {
    struct view name; /* like the time zones, in the arena */
    struct arrow_spec own;
    struct arrow_spec element; /* of the only child */
};

/* The fields, in the arena; returns how many, 0 where the text is no such schema. */
size_t arrow_schema_hints(struct view base64, struct arena *arena,
                          struct arrow_field_hint **out_hints);

#endif
