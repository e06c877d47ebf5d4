/* Schemas from JSON. Everything is copied into the arena. */
#ifndef MURR_FORMAT_ICEBERG_SCHEMA_PRIV_H
#define MURR_FORMAT_ICEBERG_SCHEMA_PRIV_H

#include "base/arena.h"
#include "format/iceberg/schema.h"

#include <jansson.h>

/* A member of `schemas`, or `schema` of version 1, which may lack its id: that is 0. Fails
 * E_CORRUPT, E_UNSUPPORTED a type that no version has, E_LIMIT nested too deep. */
must_use enum code ice_schema_parse(const json_t *j, struct arena *arena, struct ice_schema *out,
                                    struct err *err);

/* A value of a primitive type, from the JSON form of appendix C to the binary one of D. Fails
 * E_CORRUPT. */
must_use enum code ice_value_parse(const json_t *j, const struct ice_type *type,
                                   struct arena *arena, struct ice_value *out, struct err *err);

bool ice_type_is_nested(const struct ice_type *t);

#endif
