#include "engine/store/manifest.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/store/json_file.h"

#include <inttypes.h>
#include <stdio.h>

must_use static enum code read_write(const char *path, const json_t *from,
                                     struct manifest_write *out, struct err *err)
{
    json_int_t segment = json_integer_value(json_object_get(from, "segment"));
    const json_t *newest = json_object_get(from, "newest");
    const char *root_text = json_string_value(json_object_get(from, "root"));
    uint64_t root = 0;
    if (root_text && sscanf(root_text, "%" SCNx64, &root) != 1)
        return err_set(err, E_CORRUPT, "%s: the root '%s' of a write is not a number", path,
                       root_text);
    if (segment < 1 || !json_is_integer(newest))
        return err_set(err, E_CORRUPT, "%s: a write has no 'segment' or no 'newest'", path);
    *out = (struct manifest_write){(uint64_t)segment, json_integer_value(newest), root,
                                   json_is_true(json_object_get(from, "published"))};
    return OK;
}

must_use static enum code read_refresh(const char *path, const json_t *from,
                                       struct manifest_refresh *out, struct err *err)
{
    const char *label = json_string_value(json_object_get(from, "label"));
    const char *fingerprint = json_string_value(json_object_get(from, "fingerprint"));
    *out = (struct manifest_refresh){0};
    if (!from)
        return OK;
    if (!label || !label[0] || strlen(label) >= sizeof(out->label) || !fingerprint ||
        sscanf(fingerprint, "%" SCNx64, &out->fingerprint) != 1)
        return err_set(err, E_CORRUPT, "%s: 'refresh' has no label or no fingerprint", path);
    memcpy(out->label, label, strlen(label) + 1);
    out->n_rows = (uint64_t)json_integer_value(json_object_get(from, "rows"));
    out->sequence_number = json_integer_value(json_object_get(from, "sequence_number"));
    out->has_duplicates = !json_is_false(json_object_get(from, "duplicates"));
    out->published_at_ms = json_integer_value(json_object_get(from, "published_at_ms"));
    out->loaded_at_ms = json_integer_value(json_object_get(from, "loaded_at_ms"));
    out->load_seconds = json_number_value(json_object_get(from, "seconds"));
    return OK;
}

must_use static enum code read_members(const char *path, const json_t *root, struct manifest *m,
                                       struct err *err)
{
    json_int_t generation = json_integer_value(json_object_get(root, "generation"));
    const json_t *writes = json_object_get(root, "writes");
    if (generation < 1)
        return err_set(err, E_CORRUPT, "%s names no generation", path);
    if (json_array_size(writes) > MANIFEST_WRITES_MAX)
        return err_set(err, E_CORRUPT, "%s names %zu writes, more than the limit of %d", path,
                       json_array_size(writes), MANIFEST_WRITES_MAX);
    m->sequence = json_file_sequence(root);
    m->generation = (uint64_t)generation;
    m->n_rows = (uint64_t)json_integer_value(json_object_get(root, "rows"));
    m->is_created = json_is_true(json_object_get(root, "created"));
    TRY(read_refresh(path, json_object_get(root, "refresh"), &m->refresh, err));
    for (; m->n_writes < json_array_size(writes); m->n_writes++)
        TRY(read_write(path, json_array_get(writes, m->n_writes), &m->writes[m->n_writes], err));
    return OK;
}

enum code manifest_read(const char *table_dir, struct manifest *out, struct err *err)
{
    char path[PATH_CAP];
    struct manifest m = {0};
    AUTO(json) json_t *root = NULL;
    TRY(path_format(path, err, "%s/manifest.json", table_dir));
    enum code rc = json_file_read(path, &root, err);
    if (rc == OK)
        rc = read_members(path, root, &m, err);
    else if (rc == E_NOTFOUND)
        rc = OK;
    if (rc == OK)
        *out = m;
    return rc;
}

static json_t *write_json(const struct manifest_write *w)
{
    char root[17];
    snprintf(root, sizeof(root), "%016" PRIx64, w->root);
    json_t *out = json_pack("{s:I, s:I, s:s}", "segment", (json_int_t)w->segment, "newest",
                            (json_int_t)w->newest, "root", root);
    if (w->is_published)
        json_object_set_new(out, "published", json_true());
    return out;
}

static json_t *refresh_json(const struct manifest_refresh *r)
{
    char fingerprint[17];
    snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, r->fingerprint);
    return json_pack("{s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:f}", "label", r->label, "fingerprint",
                     fingerprint, "rows", (json_int_t)r->n_rows, "duplicates",
                     (int)r->has_duplicates, "sequence_number", (json_int_t)r->sequence_number,
                     "published_at_ms", (json_int_t)r->published_at_ms, "loaded_at_ms",
                     (json_int_t)r->loaded_at_ms, "seconds", r->load_seconds);
}

enum code manifest_save(const char *table_dir, const struct manifest *m, struct err *err)
{
    char path[PATH_CAP];
    TRY(path_format(path, err, "%s/manifest.json", table_dir));
    AUTO(json) json_t *root = json_pack("{s:I}", "generation", (json_int_t)m->generation);
    if (m->is_created)
        json_object_set_new(root, "created", json_true());
    if (m->n_writes) {
        json_object_set_new(root, "rows", json_integer((json_int_t)m->n_rows));
        json_object_set_new(root, "writes", json_array());
    }
    for (size_t i = 0; i < m->n_writes; i++)
        json_array_append_new(json_object_get(root, "writes"), write_json(&m->writes[i]));
    if (m->refresh.label[0])
        json_object_set_new(root, "refresh", refresh_json(&m->refresh));
    return json_file_save(path, root, m->sequence, err);
}

bool manifest_names(const struct manifest *m, uint64_t number)
{
    bool names = m->generation == number;
    for (size_t i = 0; i < m->n_writes; i++)
        names |= m->writes[i].segment == number;
    return names;
}

bool manifest_eq(const struct manifest *a, const struct manifest *b)
{
    bool eq = a->generation == b->generation && a->n_writes == b->n_writes &&
              a->refresh.fingerprint == b->refresh.fingerprint;
    for (size_t i = 0; eq && i < a->n_writes; i++)
        eq = a->writes[i].segment == b->writes[i].segment;
    return eq;
}
