/* Any bytes as a metadata file: an error or metadata, nothing else. What is accepted is looked at in
 * full, and what is current exists. */
#include "format/iceberg/metadata.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sum_type(const struct ice_type *t)
{
    char text[TYPE_TEXT_CAP], model_text[TYPE_TEXT_CAP];
    struct type model, back;
    struct err err;
    size_t sum = strlen(ice_type_text(t, text));
    if (ice_type_model(t, &model, &err) == OK) {
        type_text(&model, model_text);
        if (type_parse(view_cstr(model_text), &back, &err) || !type_eq(&model, &back))
            abort();
    }
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct ice_field *f = &t->fields[i];
        sum += strlen(f->name) + sum_type(&f->type);
    }
    return sum;
}

static size_t sum_schema(const struct ice_schema *s)
{
    const struct ice_type whole = {
        .kind = ICE_STRUCT, .fields = s->fields, .n_fields = s->n_fields};
    size_t sum = sum_type(&whole);
    for (size_t i = 0; i < s->n_identifier_ids; i++)
        sum += (size_t)s->identifier_ids[i];
    for (size_t i = 0; i < s->n_fields; i++)
        for (size_t k = 0; k < s->fields[i].initial_default.bytes.len; k++)
            sum += s->fields[i].initial_default.bytes.ptr[k];
    return sum;
}

static size_t sum_snapshot(const struct ice_snapshot *s)
{
    size_t sum = strlen(s->operation) + (s->manifest_list ? strlen(s->manifest_list) : 0);
    for (size_t i = 0; i < s->n_manifests; i++)
        sum += strlen(s->manifests[i]);
    return sum;
}

static size_t sum_metadata(const struct ice_metadata *m)
{
    size_t sum = strlen(m->table_uuid) + strlen(m->location);
    for (size_t i = 0; i < m->n_schemas; i++)
        sum += sum_schema(&m->schemas[i]);
    for (size_t i = 0; i < m->n_specs; i++)
        for (size_t k = 0; k < m->specs[i].n_fields; k++)
            sum += strlen(m->specs[i].fields[k].name);
    for (size_t i = 0; i < m->n_snapshots; i++)
        sum += sum_snapshot(&m->snapshots[i]);
    for (size_t i = 0; i < m->n_refs; i++)
        sum += strlen(m->refs[i].name);
    for (size_t i = 0; i < m->n_log; i++)
        sum += (size_t)m->log[i].snapshot_id;
    for (size_t i = 0; i < m->n_mapping; i++)
        sum += strlen(m->mapping[i].name);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ice_metadata *m;
    struct err err;
    if (ice_metadata_parse(view_of(data, size), 1 << 20, &m, &err))
        return 0;
    if (!ice_metadata_schema(m, m->current_schema_id) ||
        (m->current_snapshot_id != ICE_NO_SNAPSHOT &&
         (!ice_metadata_snapshot(m, m->current_snapshot_id) || !ice_metadata_ref(m, "main"))))
        abort();
    size_t sum = sum_metadata(m);
    __asm__ volatile("" : : "r"(sum)); /* not to be left out */
    ice_metadata_free(m);
    return 0;
}
