/* The property `schema.name-mapping.default`: under which names files without field numbers have
 * their fields. It is JSON in a text. */
#include "format/iceberg/json_get_priv.h"
#include "format/iceberg/json_load.h"
#include "format/iceberg/metadata_priv.h"

static const char property[] = "schema.name-mapping.default";

static size_t count_names(const json_t *fields)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(fields); i++)
        n += json_array_size(json_object_get(json_array_get(fields, i), "names"));
    return n;
}

/* A field without a number is one that the table does not have. */
must_use static enum code parse_field(const json_t *j, struct arena *arena,
                                      struct ice_mapped_name *out, size_t *n, struct err *err)
{
    const json_t *names;
    int32_t id = 0;
    TRY(ice_json_array(j, "names", &names, err));
    TRY(ice_json_maybe_int32(j, "field-id", &id, err));
    for (size_t i = 0; ice_json_has(j, "field-id") && i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        if (!json_is_string(name))
            return err_set(err, E_CORRUPT, "a name of field %d is not a text", id);
        const char *text = json_string_value(name);
        out[(*n)++] =
            (struct ice_mapped_name){arena_strndup(arena, text, json_string_length(name)), id};
    }
    return OK;
}

must_use static enum code parse_fields(const json_t *fields, struct arena *arena,
                                       struct ice_metadata *m, struct err *err)
{
    if (!json_is_array(fields))
        return err_set(err, E_CORRUPT, "is not an array");
    struct ice_mapped_name *names = arena_alloc(arena, count_names(fields) * sizeof(*names));
    m->has_mapping = true;
    m->mapping = names;
    for (size_t i = 0; i < json_array_size(fields); i++)
        TRY(parse_field(json_array_get(fields, i), arena, names, &m->n_mapping, err));
    return OK;
}

enum code ice_mapping_parse(const json_t *j, struct arena *arena, struct ice_metadata *m,
                            struct err *err)
{
    const json_t *text = json_object_get(json_object_get(j, "properties"), property);
    json_t *fields = NULL;
    if (!json_is_string(text))
        return OK;
    enum code rc =
        ice_json_load(view_of(json_string_value(text), json_string_length(text)), &fields, err);
    if (!rc)
        rc = parse_fields(fields, arena, m, err);
    json_decref(fields);
    return rc ? err_in(err, rc, "%s", property) : OK;
}
