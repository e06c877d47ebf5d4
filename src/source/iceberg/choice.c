#include "source/iceberg/choice.h"

#include "base/suggest.h"

#include <string.h>

must_use static enum code no_ref(const struct ice_metadata *m, const char *name, struct err *err)
{
    char shown[120], hint[SUGGEST_CAP];
    struct suggest close = suggest_init(view_cstr(name));
    for (size_t i = 0; i < m->n_refs; i++)
        suggest_offer(&close, m->refs[i].name);
    return err_set(err, E_NOTFOUND, "the table has no branch or tag '%s'%s",
                   view_printable(view_cstr(name), shown, sizeof(shown)),
                   suggest_text(&close, hint));
}

must_use static enum code by_id(const struct ice_metadata *m, int64_t id,
                                struct iceberg_choice *out, struct err *err)
{
    out->snapshot = ice_metadata_snapshot(m, id);
    if (!out->snapshot)
        return err_set(err, E_NOTFOUND,
                       "the table has no snapshot %lld: it never had, or it expired",
                       (long long)id);
    return OK;
}

/* The latest entry of the log that is not later. */
must_use static enum code by_time(const struct ice_metadata *m, int64_t as_of_ms,
                                  struct iceberg_choice *out, struct err *err)
{
    int64_t id = ICE_NO_SNAPSHOT, at_ms = INT64_MIN;
    for (size_t i = 0; i < m->n_log; i++)
        if (m->log[i].timestamp_ms <= as_of_ms && m->log[i].timestamp_ms >= at_ms) {
            id = m->log[i].snapshot_id;
            at_ms = m->log[i].timestamp_ms;
        }
    if (id == ICE_NO_SNAPSHOT)
        return err_set(err, E_NOTFOUND, "the table's log has no snapshot of that time or before");
    return by_id(m, id, out, err);
}

must_use static enum code choose_snapshot(const struct ice_metadata *m,
                                          const struct iceberg_wish *wish, bool *out_is_branch,
                                          struct iceberg_choice *out, struct err *err)
{
    *out_is_branch = false;
    if (wish->snapshot_id)
        return by_id(m, wish->snapshot_id, out, err);
    if (wish->as_of_ms)
        return by_time(m, wish->as_of_ms, out, err);
    const struct ice_ref *ref = wish->ref[0] ? ice_metadata_ref(m, wish->ref) : NULL;
    *out_is_branch = !ref || ref->is_branch;
    if (ref)
        return by_id(m, ref->snapshot_id, out, err);
    if (wish->ref[0] && strcmp(wish->ref, "main") != 0)
        return no_ref(m, wish->ref, err);
    return m->current_snapshot_id == ICE_NO_SNAPSHOT ? OK
                                                     : by_id(m, m->current_snapshot_id, out, err);
}

enum code iceberg_choose(const struct ice_metadata *m, const struct iceberg_wish *wish,
                         struct iceberg_choice *out, struct err *err)
{
    struct iceberg_choice c = {0};
    bool is_branch;
    TRY(choose_snapshot(m, wish, &is_branch, &c, err));
    bool is_old = c.snapshot && !is_branch && c.snapshot->schema_id != ICE_NO_SCHEMA;
    int32_t id = is_old ? c.snapshot->schema_id : m->current_schema_id;
    c.schema = ice_metadata_schema(m, id);
    if (!c.schema)
        return err_set(err, E_CORRUPT, "the metadata has no schema %d", id);
    *out = c;
    return OK;
}
