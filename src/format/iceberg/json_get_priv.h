/* Members of JSON objects with their types checked. Messages name the key. Texts are copied into
 * the arena. */
#ifndef MURR_FORMAT_ICEBERG_JSON_GET_PRIV_H
#define MURR_FORMAT_ICEBERG_JSON_GET_PRIV_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>

/* Fail E_CORRUPT where the member is missing, null or of another type. */
must_use enum code ice_json_int64(const json_t *o, const char *key, int64_t *out, struct err *err);
must_use enum code ice_json_int32(const json_t *o, const char *key, int32_t *out, struct err *err);
must_use enum code ice_json_text(const json_t *o, const char *key, struct arena *arena,
                                 const char **out, struct err *err);
must_use enum code ice_json_array(const json_t *o, const char *key, const json_t **out,
                                  struct err *err);

/* The same, but a member that is missing or null leaves *out alone. */
must_use enum code ice_json_maybe_int64(const json_t *o, const char *key, int64_t *out,
                                        struct err *err);
must_use enum code ice_json_maybe_int32(const json_t *o, const char *key, int32_t *out,
                                        struct err *err);
must_use enum code ice_json_maybe_text(const json_t *o, const char *key, struct arena *arena,
                                       const char **out, struct err *err);
/* NULL where it is missing. */
must_use enum code ice_json_maybe_array(const json_t *o, const char *key, const json_t **out,
                                        struct err *err);

/* Whether the member is there and is not null. */
static inline bool ice_json_has(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v && !json_is_null(v);
}

#endif
