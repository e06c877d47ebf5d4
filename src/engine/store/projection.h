/* A projection: the columns of an answer, found by name in a schema. */
#ifndef MURR_ENGINE_STORE_PROJECTION_H
#define MURR_ENGINE_STORE_PROJECTION_H

#include "base/arena.h"
#include "model/schema.h"

struct projection {
    const size_t *fields; /* indexes into the schema, in the order of the answer; in the arena */
    size_t n_fields;
};

/*
 * Without names: all columns but the key, in schema order. Key columns may be named.
 *
 * Fails     E_INVALID for an unknown name, with a suggestion, or for a name that is given twice.
 */
must_use enum code projection_resolve(const struct schema *schema, const struct view *names,
                                      size_t n_names, struct arena *arena,
                                      struct projection *out_projection, struct err *err);

#endif
