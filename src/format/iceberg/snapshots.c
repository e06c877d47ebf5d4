/* Snapshots, their names, and which of them was the current one when. */
#include "format/iceberg/json_get_priv.h"
#include "format/iceberg/metadata_priv.h"

#include <inttypes.h>

static const char main_name[] = "main";

must_use static enum code parse_manifests(const json_t *array, struct arena *arena,
                                          struct ice_snapshot *s, struct err *err)
{
    size_t n = json_array_size(array);
    const char **paths = arena_alloc(arena, n * sizeof(*paths));
    for (size_t i = 0; i < n; i++) {
        const json_t *path = json_array_get(array, i);
        if (!json_is_string(path))
            return err_set(err, E_CORRUPT, "manifest %zu is not a text", i);
        paths[i] = arena_strndup(arena, json_string_value(path), json_string_length(path));
    }
    s->manifests = paths;
    s->n_manifests = n;
    return OK;
}

/* Version 1 may name the manifests themselves instead of a list. */
must_use static enum code parse_files(const json_t *j, struct arena *arena, struct ice_snapshot *s,
                                      struct err *err)
{
    const json_t *array;
    TRY(ice_json_maybe_text(j, "manifest-list", arena, &s->manifest_list, err));
    TRY(ice_json_maybe_array(j, "manifests", &array, err));
    if (s->manifest_list)
        return OK;
    return array ? parse_manifests(array, arena, s, err)
                 : err_set(err, E_CORRUPT, "manifest-list is missing");
}

must_use static enum code parse_snapshot(const json_t *j, struct arena *arena,
                                         struct ice_snapshot *s, struct err *err)
{
    *s = (struct ice_snapshot){
        .parent_id = ICE_NO_SNAPSHOT, .schema_id = ICE_NO_SCHEMA, .operation = ""};
    TRY(ice_json_int64(j, "snapshot-id", &s->id, err));
    TRY(ice_json_int64(j, "timestamp-ms", &s->timestamp_ms, err));
    TRY(ice_json_maybe_int64(j, "parent-snapshot-id", &s->parent_id, err));
    TRY(ice_json_maybe_int64(j, "sequence-number", &s->sequence_number, err));
    TRY(ice_json_maybe_int32(j, "schema-id", &s->schema_id, err));
    TRY(ice_json_maybe_text(json_object_get(j, "summary"), "operation", arena, &s->operation, err));
    s->is_encrypted = ice_json_has(j, "key-id");
    return parse_files(j, arena, s, err);
}

must_use static enum code parse_snapshots(const json_t *j, struct arena *arena,
                                          struct ice_metadata *m, struct err *err)
{
    const json_t *array;
    TRY(ice_json_maybe_array(j, "snapshots", &array, err));
    size_t n = json_array_size(array);
    struct ice_snapshot *snapshots = arena_alloc(arena, n * sizeof(*snapshots));
    for (size_t i = 0; i < n; i++) {
        enum code rc = parse_snapshot(json_array_get(array, i), arena, &snapshots[i], err);
        if (rc)
            return err_in(err, rc, "snapshots: number %zu", i);
    }
    m->snapshots = snapshots;
    m->n_snapshots = n;
    return OK;
}

must_use static enum code parse_current(const json_t *j, struct ice_metadata *m, struct err *err)
{
    m->current_snapshot_id = ICE_NO_SNAPSHOT;
    TRY(ice_json_maybe_int64(j, "current-snapshot-id", &m->current_snapshot_id, err));
    if (m->current_snapshot_id == ICE_NO_SNAPSHOT ||
        ice_metadata_snapshot(m, m->current_snapshot_id))
        return OK;
    return err_set(err, E_CORRUPT, "current-snapshot-id %" PRId64 " is not among the snapshots",
                   m->current_snapshot_id);
}

must_use static enum code parse_ref(const json_t *j, struct arena *arena, struct ice_ref *ref,
                                    struct err *err)
{
    const char *type;
    TRY(ice_json_int64(j, "snapshot-id", &ref->snapshot_id, err));
    TRY(ice_json_text(j, "type", arena, &type, err));
    ref->is_branch = strcmp(type, "branch") == 0;
    if (!ref->is_branch && strcmp(type, "tag") != 0)
        return err_set(err, E_CORRUPT, "type is neither branch nor tag");
    return OK;
}

/* "main" is the current snapshot, by definition; older writers leave it out. */
must_use static enum code check_main(struct ice_metadata *m, struct ice_ref *refs, struct err *err)
{
    const struct ice_ref *ref = ice_metadata_ref(m, main_name);
    if (!ref && m->current_snapshot_id != ICE_NO_SNAPSHOT)
        refs[m->n_refs++] = (struct ice_ref){main_name, m->current_snapshot_id, true};
    if (ref && ref->snapshot_id != m->current_snapshot_id)
        return err_set(err, E_CORRUPT,
                       "the branch main is at %" PRId64 ", current-snapshot-id is %" PRId64,
                       ref->snapshot_id, m->current_snapshot_id);
    return OK;
}

must_use static enum code parse_refs(const json_t *j, struct arena *arena, struct ice_metadata *m,
                                     struct err *err)
{
    json_t *object = json_object_get(j, "refs"), *value;
    const char *name;
    size_t n = json_object_size(object) + 1;
    struct ice_ref *refs = arena_zalloc(arena, n * sizeof(*refs));
    m->refs = refs;
    json_object_foreach(object, name, value)
    {
        struct ice_ref *ref = &refs[m->n_refs++];
        char shown[100];
        ref->name = arena_strndup(arena, name, strlen(name));
        enum code rc = parse_ref(value, arena, ref, err);
        if (rc)
            return err_in(err, rc, "refs: %s",
                          view_printable(view_cstr(name), shown, sizeof(shown)));
    }
    return check_main(m, refs, err);
}

must_use static enum code parse_log(const json_t *j, struct arena *arena, struct ice_metadata *m,
                                    struct err *err)
{
    const json_t *array;
    TRY(ice_json_maybe_array(j, "snapshot-log", &array, err));
    size_t n = json_array_size(array);
    struct ice_log_entry *log = arena_alloc(arena, n * sizeof(*log));
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(array, i);
        enum code rc = ice_json_int64(entry, "timestamp-ms", &log[i].timestamp_ms, err);
        if (!rc)
            rc = ice_json_int64(entry, "snapshot-id", &log[i].snapshot_id, err);
        if (rc)
            return err_in(err, rc, "snapshot-log: number %zu", i);
    }
    m->log = log;
    m->n_log = n;
    return OK;
}

enum code ice_snapshots_parse(const json_t *j, struct arena *arena, struct ice_metadata *m,
                              struct err *err)
{
    TRY(parse_snapshots(j, arena, m, err));
    TRY(parse_current(j, m, err));
    TRY(parse_refs(j, arena, m, err));
    return parse_log(j, arena, m, err);
}
