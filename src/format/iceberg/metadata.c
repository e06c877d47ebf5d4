#include "format/codec/decompress.h"
#include "format/iceberg/json_get_priv.h"
#include "format/iceberg/json_load.h"
#include "format/iceberg/metadata_priv.h"
#include "format/iceberg/schema_priv.h"

#include <inttypes.h>

enum { VERSION_MAX = 3 };

/* The metadata, and the memory of everything in it. */
struct owned {
    struct ice_metadata m;
    struct arena arena;
};

const struct ice_schema *ice_metadata_schema(const struct ice_metadata *m, int32_t id)
{
    for (size_t i = 0; i < m->n_schemas; i++)
        if (m->schemas[i].id == id)
            return &m->schemas[i];
    return NULL;
}

const struct ice_spec *ice_metadata_spec(const struct ice_metadata *m, int32_t id)
{
    for (size_t i = 0; i < m->n_specs; i++)
        if (m->specs[i].id == id)
            return &m->specs[i];
    return NULL;
}

const struct ice_snapshot *ice_metadata_snapshot(const struct ice_metadata *m, int64_t id)
{
    for (size_t i = 0; i < m->n_snapshots; i++)
        if (m->snapshots[i].id == id)
            return &m->snapshots[i];
    return NULL;
}

const struct ice_ref *ice_metadata_ref(const struct ice_metadata *m, const char *name)
{
    for (size_t i = 0; i < m->n_refs; i++)
        if (strcmp(m->refs[i].name, name) == 0)
            return &m->refs[i];
    return NULL;
}

must_use static enum code parse_version(const json_t *j, struct ice_metadata *m, struct err *err)
{
    TRY(ice_json_int32(j, "format-version", &m->format_version, err));
    if (m->format_version < 1 || m->format_version > VERSION_MAX)
        return err_set(err, E_UNSUPPORTED,
                       "Iceberg format version %" PRId32 " is not supported, 1 to %d are",
                       m->format_version, VERSION_MAX);
    return OK;
}

/* What a version demands though Murr does not need it: without it, something else was cut too. */
must_use static enum code check_complete(const json_t *j, const struct ice_metadata *m,
                                         struct err *err)
{
    const json_t *array;
    int64_t number;
    TRY(ice_json_int64(j, "last-column-id", &number, err));
    if (m->format_version == 1)
        return OK;
    TRY(ice_json_int64(j, "last-sequence-number", &number, err));
    TRY(ice_json_int64(j, "last-partition-id", &number, err));
    TRY(ice_json_int64(j, "default-sort-order-id", &number, err));
    TRY(ice_json_array(j, "sort-orders", &array, err));
    return m->table_uuid[0] ? OK : err_set(err, E_CORRUPT, "table-uuid is missing");
}

must_use static enum code parse_scalars(const json_t *j, struct arena *arena,
                                        struct ice_metadata *m, struct err *err)
{
    m->table_uuid = "";
    TRY(ice_json_maybe_text(j, "table-uuid", arena, &m->table_uuid, err));
    TRY(ice_json_text(j, "location", arena, &m->location, err));
    TRY(ice_json_int64(j, "last-updated-ms", &m->last_updated_ms, err));
    TRY(ice_json_maybe_int64(j, "last-sequence-number", &m->last_sequence_number, err));
    return check_complete(j, m, err);
}

/* `schema` of version 1: the only one. */
must_use static enum code parse_single_schema(const json_t *j, struct arena *arena,
                                              struct ice_metadata *m, struct err *err)
{
    struct ice_schema *schema = arena_zalloc(arena, sizeof(*schema));
    const json_t *object = json_object_get(j, "schema");
    if (!json_is_object(object))
        return err_set(err, E_CORRUPT, "schema is missing");
    enum code rc = ice_schema_parse(object, arena, schema, err);
    m->schemas = schema;
    m->n_schemas = 1;
    m->current_schema_id = schema->id;
    return rc ? err_in(err, rc, "schema") : OK;
}

must_use static enum code parse_schema_array(const json_t *array, struct arena *arena,
                                             struct ice_metadata *m, struct err *err)
{
    size_t n = json_array_size(array);
    struct ice_schema *schemas = arena_zalloc(arena, n * sizeof(*schemas));
    for (size_t i = 0; i < n; i++) {
        enum code rc = ice_schema_parse(json_array_get(array, i), arena, &schemas[i], err);
        if (rc)
            return err_in(err, rc, "schemas: number %zu", i);
    }
    m->schemas = schemas;
    m->n_schemas = n;
    return OK;
}

must_use static enum code parse_schemas(const json_t *j, struct arena *arena,
                                        struct ice_metadata *m, struct err *err)
{
    const json_t *array;
    if (m->format_version == 1 && !ice_json_has(j, "schemas"))
        return parse_single_schema(j, arena, m, err);
    TRY(ice_json_array(j, "schemas", &array, err));
    TRY(ice_json_int32(j, "current-schema-id", &m->current_schema_id, err));
    TRY(parse_schema_array(array, arena, m, err));
    return ice_metadata_schema(m, m->current_schema_id)
               ? OK
               : err_set(err, E_CORRUPT, "current-schema-id %" PRId32 " is not among the schemas",
                         m->current_schema_id);
}

must_use static enum code parse_json(const json_t *j, struct owned *o, struct err *err)
{
    TRY(parse_version(j, &o->m, err));
    TRY(parse_scalars(j, &o->arena, &o->m, err));
    TRY(parse_schemas(j, &o->arena, &o->m, err));
    TRY(ice_specs_parse(j, &o->arena, &o->m, err));
    TRY(ice_snapshots_parse(j, &o->arena, &o->m, err));
    return ice_mapping_parse(j, &o->arena, &o->m, err);
}

enum code ice_metadata_of_json(const struct json_t *j, struct ice_metadata **out, struct err *err)
{
    struct owned *o = mem_zalloc(sizeof(*o));
    enum code rc = parse_json(j, o, err);
    if (rc)
        ice_metadata_free(&o->m);
    else
        *out = &o->m;
    return rc;
}

void ice_metadata_free(struct ice_metadata *m)
{
    struct owned *o = (struct owned *)m; /* the first member */
    if (!o)
        return;
    arena_done(&o->arena);
    free(o);
}

must_use static enum code parse_plain(struct view text, struct ice_metadata **out, struct err *err)
{
    json_t *j;
    TRY(ice_json_load(text, &j, err));
    enum code rc = ice_metadata_of_json(j, out, err);
    json_decref(j);
    return rc;
}

enum code ice_metadata_parse(struct view bytes, size_t max_bytes,
                             struct ice_metadata **out_metadata, struct err *err)
{
    enum codec codec;
    AUTO(buf) struct buf plain = {0};
    AUTO(decompressor) struct decompressor d = {0};
    if (codec_of_magic(bytes, &codec)) {
        TRY(decompressor_run(&d, codec, bytes, max_bytes, &plain, err));
        bytes = buf_view(&plain);
    }
    if (bytes.len > max_bytes)
        return err_set(err, E_LIMIT, "%zu bytes; %zu are allowed", bytes.len, max_bytes);
    return parse_plain(bytes, out_metadata, err);
}
