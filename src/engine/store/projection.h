/* The columns of an answer: names that were asked for, looked up in a schema. */
#ifndef MURR_ENGINE_STORE_PROJECTION_H
#define MURR_ENGINE_STORE_PROJECTION_H

#include "base/arena.h"
#include "model/schema.h"

struct projection {
    const size_t *fields; /* of the schema, in the order of the answer; in the arena */
    size_t n_fields;
};

/*
 * No names: all columns but the key, in schema order. Key columns may be named.
 *
 * Fails E_INVALID for a name that is unknown, with a suggestion, or asked for twice.
 */
must_use enum code projection_resolve(const struct schema *schema, const struct view *names,
                                      size_t n_names, struct arena *arena,
                                      struct projection *out_projection, struct err *err);

#endif
