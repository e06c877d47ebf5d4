/* Partition specs. */
#include "format/iceberg/json_get_priv.h"
#include "format/iceberg/metadata_priv.h"

#include <inttypes.h>

/* Version 1 may leave out the numbers of fields; they are then these, in their order. */
enum { FIRST_FIELD_ID = 1000 };

/* Version 3 may name several sources. */
must_use static enum code parse_source(const json_t *j, struct ice_partition_field *f,
                                       struct err *err)
{
    const json_t *ids;
    TRY(ice_json_maybe_array(j, "source-ids", &ids, err));
    if (!ids)
        return ice_json_int32(j, "source-id", &f->source_id, err);
    json_int_t id = json_integer_value(json_array_get(ids, 0));
    f->source_id = json_array_size(ids) == 1 && id > 0 && id <= INT32_MAX ? (int32_t)id : 0;
    return OK;
}

must_use static enum code parse_field(const json_t *j, struct arena *arena,
                                      struct ice_partition_field *f, struct err *err)
{
    const char *transform;
    TRY(ice_json_text(j, "name", arena, &f->name, err));
    TRY(ice_json_maybe_int32(j, "field-id", &f->field_id, err));
    TRY(ice_json_text(j, "transform", arena, &transform, err));
    TRY(parse_source(j, f, err));
    f->is_identity = f->source_id && strcmp(transform, "identity") == 0;
    return OK;
}

must_use static enum code parse_fields(const json_t *array, struct arena *arena,
                                       struct ice_spec *out, struct err *err)
{
    size_t n = json_array_size(array);
    struct ice_partition_field *fields = arena_zalloc(arena, n * sizeof(*fields));
    for (size_t i = 0; i < n; i++) {
        fields[i].field_id = FIRST_FIELD_ID + (int32_t)i;
        enum code rc = parse_field(json_array_get(array, i), arena, &fields[i], err);
        if (rc)
            return err_in(err, rc, "field %zu", i);
    }
    out->fields = fields;
    out->n_fields = n;
    return OK;
}

must_use static enum code parse_spec(const json_t *j, struct arena *arena, struct ice_spec *out,
                                     struct err *err)
{
    const json_t *fields;
    TRY(ice_json_int32(j, "spec-id", &out->id, err));
    TRY(ice_json_array(j, "fields", &fields, err));
    return parse_fields(fields, arena, out, err);
}

/* `partition-spec` of version 1: the fields of the only spec, 0. */
must_use static enum code parse_single(const json_t *j, struct arena *arena, struct ice_metadata *m,
                                       struct err *err)
{
    const json_t *fields;
    struct ice_spec *spec = arena_zalloc(arena, sizeof(*spec));
    TRY(ice_json_array(j, "partition-spec", &fields, err));
    TRY(parse_fields(fields, arena, spec, err));
    m->specs = spec;
    m->n_specs = 1;
    return OK;
}

must_use static enum code parse_all(const json_t *array, struct arena *arena,
                                    struct ice_metadata *m, struct err *err)
{
    size_t n = json_array_size(array);
    struct ice_spec *specs = arena_zalloc(arena, n * sizeof(*specs));
    for (size_t i = 0; i < n; i++) {
        enum code rc = parse_spec(json_array_get(array, i), arena, &specs[i], err);
        if (rc)
            return err_in(err, rc, "partition-specs: number %zu", i);
    }
    m->specs = specs;
    m->n_specs = n;
    return OK;
}

enum code ice_specs_parse(const json_t *j, struct arena *arena, struct ice_metadata *m,
                          struct err *err)
{
    const json_t *array;
    int32_t current;
    if (m->format_version == 1 && !ice_json_has(j, "partition-specs"))
        return parse_single(j, arena, m, err);
    TRY(ice_json_array(j, "partition-specs", &array, err));
    TRY(ice_json_int32(j, "default-spec-id", &current, err));
    TRY(parse_all(array, arena, m, err));
    return ice_metadata_spec(m, current)
               ? OK
               : err_set(err, E_CORRUPT, "default-spec-id %" PRId32 " is not in partition-specs",
                         current);
}
