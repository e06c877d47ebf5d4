#include "source/iceberg/manifests.h"

#include "base/mem.h"

/* How many manifests are being read at a time. */
enum { READS = 8 };

static const uint64_t list_bytes_max = (uint64_t)256 << 20;
static const uint64_t manifest_bytes_max = (uint64_t)1 << 30;
static const uint64_t entry_bytes_max = (uint64_t)1 << 30; /* of all entries together */
static const size_t manifests_max = 1000000;

/* A manifest being read. */
struct manifest_read {
    const struct ice_manifest *manifest;
    struct object_info info;
    struct object *object;
    struct object_read *reading;
    struct buf bytes;
};

struct manifests_reader {
    struct locations *locations;
    const struct remote_op *op;
    struct manifest_files *out;
    size_t cap_data, cap_deletes;
    struct manifest_read reads[READS]; /* manifest i is in slot i % READS */
};

void manifest_files_done(struct manifest_files *f)
{
    free(f->data);
    free(f->deletes);
    arena_done(&f->arena);
    *f = (struct manifest_files){0};
}

/* ------------------------------------------------------------------------------------- entries */

/* The path comes last: of a long sentence the end is cut, which must not be the reason. */
must_use static enum code check_readable(const struct ice_entry *e, struct err *err)
{
    const char *what = e->content == ICE_DATA ? "data" : "delete";
    if (e->is_encrypted)
        return err_set(err, E_UNSUPPORTED, "an encrypted %s file: %.200s", what, e->path);
    if (e->format == ICE_PARQUET || (e->format == ICE_PUFFIN && e->content == ICE_POSITION_DELETES))
        return OK;
    return err_set(err, E_UNSUPPORTED,
                   "a %s file in the format %.20s, and only Parquet is read: %.200s", what,
                   e->format_name, e->path);
}

static void append(struct ice_entry **entries, size_t *n, size_t *cap, const struct ice_entry *e)
{
    if (*n == *cap) {
        *cap = *cap ? 2 * *cap : 256;
        *entries = mem_realloc(*entries, *cap * sizeof(*e));
    }
    (*entries)[(*n)++] = *e;
}

static enum code take_entry(void *arg, const struct ice_entry *e, struct err *err)
{
    struct manifests_reader *r = arg;
    struct manifest_files *out = r->out;
    if (e->status == ICE_DELETED)
        return OK;
    TRY(check_readable(e, err));
    if (out->arena.total > entry_bytes_max)
        return err_set(err, E_LIMIT, "the snapshot has more than %llu bytes of files' entries",
                       (unsigned long long)entry_bytes_max);
    if (e->content == ICE_DATA)
        append(&out->data, &out->n_data, &r->cap_data, e);
    else
        append(&out->deletes, &out->n_deletes, &r->cap_deletes, e);
    return OK;
}

/* --------------------------------------------------------------------------------------- reads */

static void read_done(struct manifest_read *m)
{
    struct err ignored;
    if (m->reading && object_read_finish(m->reading, &ignored))
        m->reading = NULL; /* the bytes are not wanted, so neither is the error */
    object_close(m->object);
    object_info_done(&m->info);
    buf_done(&m->bytes);
    *m = (struct manifest_read){0};
}

must_use static enum code read_start(struct manifests_reader *r, size_t i,
                                     const struct ice_manifest *what, struct err *err)
{
    struct manifest_read *m = &r->reads[i % READS];
    struct object_store *store;
    m->manifest = what;
    if (what->is_encrypted)
        return err_set(err, E_UNSUPPORTED, "%.200s: is encrypted", what->path);
    if (what->length < 0 || (uint64_t)what->length > manifest_bytes_max)
        return err_set(err, E_LIMIT, "%.200s: a manifest of %lld bytes", what->path,
                       (long long)what->length);
    TRY(locations_find(r->locations, what->path, &store, &m->info.name, err));
    m->info.size = (uint64_t)what->length;
    m->info.version = mem_strdup("");
    struct byte_range range = {0, m->info.size, buf_reserve(&m->bytes, m->info.size), false};
    enum code rc = object_open(store, &m->info, &m->object, err);
    if (rc == E_CHANGED)
        return OK; /* read_finish looks again */
    if (rc)
        return err_in(err, rc, "%.200s", what->path);
    m->reading = object_read_start(m->object, &range, 1, r->op);
    return OK;
}

/* Some tables were written anew by other tools, and the sizes in their lists are wrong. */
must_use static enum code read_as_it_is(struct manifests_reader *r, struct manifest_read *m,
                                        struct err *err)
{
    buf_reset(&m->bytes);
    return locations_read(r->locations, m->manifest->path, -1, manifest_bytes_max, r->op, &m->bytes,
                          err);
}

must_use static enum code read_finish(struct manifests_reader *r, size_t i, struct err *err)
{
    struct manifest_read *m = &r->reads[i % READS];
    struct object_read *reading = m->reading;
    m->reading = NULL;
    enum code rc = reading ? object_read_finish(reading, err) : E_CHANGED;
    m->bytes.len = rc ? 0 : m->info.size;
    if (rc == E_CHANGED)
        rc = read_as_it_is(r, m, err);
    if (!rc)
        rc = ice_manifest_parse(buf_view(&m->bytes), m->manifest, &r->out->arena, take_entry, r,
                                err);
    if (rc)
        return err_in(err, rc, "%.200s", m->manifest->path);
    read_done(m);
    return OK;
}

must_use static enum code read_all(struct manifests_reader *r, const struct ice_manifest *manifests,
                                   size_t n, struct err *err)
{
    size_t n_started = 0;
    for (size_t i = 0; i < n; i++) {
        for (; n_started < n && n_started < i + READS; n_started++)
            TRY(read_start(r, n_started, &manifests[n_started], err));
        TRY(read_finish(r, i, err));
    }
    return OK;
}

/* Version 1 may name manifests in the snapshot itself, without saying how long they are. */
must_use static enum code read_inline(struct manifests_reader *r,
                                      const struct ice_snapshot *snapshot, struct err *err)
{
    for (size_t i = 0; i < snapshot->n_manifests; i++) {
        const struct ice_manifest what = {.path = snapshot->manifests[i],
                                          .spec_id = ICE_SPEC_OF_FILE,
                                          .added_snapshot_id = snapshot->id};
        AUTO(buf) struct buf bytes = {0};
        TRY(locations_read(r->locations, what.path, -1, manifest_bytes_max, r->op, &bytes, err));
        enum code rc =
            ice_manifest_parse(buf_view(&bytes), &what, &r->out->arena, take_entry, r, err);
        if (rc)
            return err_in(err, rc, "%.200s", what.path);
    }
    return OK;
}

must_use static enum code read_list(struct manifests_reader *r, const struct ice_snapshot *snapshot,
                                    struct err *err)
{
    AUTO(buf) struct buf bytes = {0};
    struct ice_manifest *manifests;
    size_t n;
    TRY(locations_read(r->locations, snapshot->manifest_list, -1, list_bytes_max, r->op, &bytes,
                       err));
    enum code rc = ice_manifest_list_parse(buf_view(&bytes), manifests_max, &r->out->arena,
                                           &manifests, &n, err);
    if (rc)
        return err_in(err, rc, "%.200s", snapshot->manifest_list);
    return read_all(r, manifests, n, err);
}

enum code manifest_files_read(struct locations *l, const struct ice_snapshot *snapshot,
                              const struct remote_op *op, struct manifest_files *out,
                              struct err *err)
{
    struct manifests_reader r = {.locations = l, .op = op, .out = out};
    *out = (struct manifest_files){0};
    if (snapshot->is_encrypted)
        return err_set(err, E_UNSUPPORTED, "snapshot %lld is encrypted", (long long)snapshot->id);
    enum code rc =
        snapshot->manifest_list ? read_list(&r, snapshot, err) : read_inline(&r, snapshot, err);
    for (size_t i = 0; i < READS; i++)
        read_done(&r.reads[i]);
    if (rc)
        manifest_files_done(out);
    return rc;
}
