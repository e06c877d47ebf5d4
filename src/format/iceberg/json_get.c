#include "format/iceberg/json_get_priv.h"

#include <inttypes.h>

must_use static enum code wrong_type(const json_t *o, const char *key, const char *wanted,
                                     struct err *err)
{
    if (!ice_json_has(o, key))
        return err_set(err, E_CORRUPT, "%s is missing", key);
    return err_set(err, E_CORRUPT, "%s is not %s", key, wanted);
}

enum code ice_json_int64(const json_t *o, const char *key, int64_t *out, struct err *err)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_integer(v))
        return wrong_type(o, key, "an integer", err);
    *out = json_integer_value(v);
    return OK;
}

enum code ice_json_int32(const json_t *o, const char *key, int32_t *out, struct err *err)
{
    int64_t v;
    TRY(ice_json_int64(o, key, &v, err));
    if (v < INT32_MIN || v > INT32_MAX)
        return err_set(err, E_CORRUPT, "%s is %" PRId64 ", which is out of range", key, v);
    *out = (int32_t)v;
    return OK;
}

enum code ice_json_text(const json_t *o, const char *key, struct arena *arena, const char **out,
                        struct err *err)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v))
        return wrong_type(o, key, "a text", err);
    *out = arena_strndup(arena, json_string_value(v), json_string_length(v));
    return OK;
}

enum code ice_json_array(const json_t *o, const char *key, const json_t **out, struct err *err)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_array(v))
        return wrong_type(o, key, "an array", err);
    *out = v;
    return OK;
}

enum code ice_json_maybe_int64(const json_t *o, const char *key, int64_t *out, struct err *err)
{
    return ice_json_has(o, key) ? ice_json_int64(o, key, out, err) : OK;
}

enum code ice_json_maybe_int32(const json_t *o, const char *key, int32_t *out, struct err *err)
{
    return ice_json_has(o, key) ? ice_json_int32(o, key, out, err) : OK;
}

enum code ice_json_maybe_text(const json_t *o, const char *key, struct arena *arena,
                              const char **out, struct err *err)
{
    return ice_json_has(o, key) ? ice_json_text(o, key, arena, out, err) : OK;
}

enum code ice_json_maybe_array(const json_t *o, const char *key, const json_t **out,
                               struct err *err)
{
    *out = NULL;
    return ice_json_has(o, key) ? ice_json_array(o, key, out, err) : OK;
}
