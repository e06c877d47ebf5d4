#include "format/iceberg/avro_get_priv.h"
#include "format/iceberg/manifest.h"

enum {
    ID_PATH = 500,
    ID_LENGTH = 501,
    ID_SPEC = 502,
    ID_SNAPSHOT = 503,
    ID_SEQUENCE = 515,
    ID_MIN_SEQUENCE = 516,
    ID_CONTENT = 517,
    ID_KEY_METADATA = 519,
};

struct list {
    struct ice_manifest *manifests;
    size_t n, cap;
};

must_use static enum code parse_record(const struct avro_value *r, struct arena *arena,
                                       struct ice_manifest *m, struct err *err)
{
    int32_t content = 0;
    *m = (struct ice_manifest){.added_snapshot_id = -1};
    TRY(ice_avro_text(r, ID_PATH, arena, &m->path, err));
    TRY(ice_avro_size(r, ID_LENGTH, &m->length, err));
    TRY(ice_avro_int32(r, ID_SPEC, &m->spec_id, err));
    TRY(ice_avro_maybe_int32(r, ID_CONTENT, &content, err));
    TRY(ice_avro_maybe_size(r, ID_SEQUENCE, &m->sequence_number, err));
    TRY(ice_avro_maybe_int64(r, ID_MIN_SEQUENCE, &m->min_sequence_number, err));
    TRY(ice_avro_maybe_int64(r, ID_SNAPSHOT, &m->added_snapshot_id, err));
    if (content != 0 && content != 1)
        return err_set(err, E_UNSUPPORTED, "content %d is not known", content);
    m->has_deletes = content == 1;
    m->is_encrypted = ice_avro_has_bytes(r, ID_KEY_METADATA);
    return OK;
}

static struct ice_manifest *next_place(struct list *l, struct arena *arena)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        struct ice_manifest *larger = arena_alloc(arena, cap * sizeof(*larger));
        if (l->n)
            memcpy(larger, l->manifests, l->n * sizeof(*larger));
        l->manifests = larger;
        l->cap = cap;
    }
    return &l->manifests[l->n++];
}

must_use static enum code parse_all(struct avro_file *f, size_t max_manifests, struct arena *arena,
                                    struct list *l, struct err *err)
{
    const struct avro_value *r;
    for (;;) {
        TRY(avro_next(f, &r, err));
        if (!r)
            return OK;
        if (l->n == max_manifests)
            return err_set(err, E_LIMIT, "more than %zu manifests", max_manifests);
        enum code rc = parse_record(r, arena, next_place(l, arena), err);
        if (rc)
            return err_in(err, rc, "manifest %zu", l->n - 1);
    }
}

enum code ice_manifest_list_parse(struct view bytes, size_t max_manifests, struct arena *arena,
                                  struct ice_manifest **out_manifests, size_t *out_n,
                                  struct err *err)
{
    struct avro_file *f;
    struct list l = {0};
    TRY(ice_avro_open(bytes, &f, err));
    enum code rc = parse_all(f, max_manifests, arena, &l, err);
    avro_close(f);
    if (rc)
        return rc;
    *out_manifests = l.manifests;
    *out_n = l.n;
    return OK;
}
