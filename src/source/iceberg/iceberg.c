#include "source/iceberg/iceberg.h"

#include "base/hash.h"
#include "base/mem.h"
#include "source/iceberg/plan.h"

#include <stdio.h>

/*
 * (1) The catalog or the file decides which snapshot is the newest, also if it is an older one than
 *     before: a table that was rolled back is served as it is now.
 * (2) A snapshot never changes, and neither do its files. So a publication that was read need not be
 *     compared afterwards, and metadata that is the same as at the last poll is not read again if
 *     its snapshot is served.
 * (3) The schema is part of the fingerprint: it may change without a new snapshot.
 */

/* Of metadata files, decompressed. */
static const size_t metadata_bytes_max = (size_t)512 << 20;

struct iceberg {
    struct source source;
    const struct iceberg_spec *spec;
    struct locations *locations;
    const char **prefixes; /* of the rules of `locations` */
    size_t n_prefixes;
    struct buf prefix_texts; /* where some of the prefixes lie */
    char *version;           /* of the metadata that was read last; NULL: none */
    uint64_t fingerprint;    /* of the publication in it */
};

/* ------------------------------------------------------------------------------------ metadata */

/* Read the metadata file that the configuration names, unless it is the one of the last poll and
 * `may_stay` (2). */
must_use static enum code read_metadata(struct iceberg *s, bool may_stay,
                                        const struct remote_op *op, struct buf *out_bytes,
                                        bool *out_stays, struct err *err)
{
    struct object_store *store;
    AUTO(ptr) char *name = NULL;
    AUTO(object_info) struct object_info info = {0};
    TRY(locations_find(s->locations, s->spec->metadata, &store, &name, err));
    TRY(object_store_stat(store, name, op, &info, err));
    *out_stays = may_stay && s->version && strcmp(s->version, info.version) == 0;
    if (*out_stays)
        return OK;
    free(s->version);
    s->version = mem_strdup(info.version);
    return locations_read(s->locations, s->spec->metadata, -1, metadata_bytes_max, op, out_bytes,
                          err);
}

/* --------------------------------------------------------------------------------- publication */

static uint64_t fingerprint_of(const struct iceberg *s, const struct ice_metadata *m,
                               const struct iceberg_choice *c)
{
    AUTO(buf) struct buf text = {0};
    buf_printf(&text, "%s\n%s\n%lld %d", s->source.identity, m->table_uuid,
               c->snapshot ? (long long)c->snapshot->id : -1, c->schema->id);
    return hash_checksum(buf_view(&text)) | 1;
}

must_use static enum code publish(struct iceberg *s, const struct ice_metadata *m,
                                  const struct iceberg_choice *choice, const struct remote_op *op,
                                  struct publication *out, struct err *err)
{
    AUTO(buf) struct buf label = {0};
    struct publication p = {.day = PUBLICATION_NO_DAY};
    if (choice->snapshot)
        buf_printf(&label, "snapshot %lld", (long long)choice->snapshot->id);
    else
        buf_puts(&label, "no snapshot");
    p.label = mem_strdup(buf_cstr(&label));
    p.fingerprint = fingerprint_of(s, m, choice);
    p.published_at_ms = choice->snapshot ? choice->snapshot->timestamp_ms : m->last_updated_ms;
    enum code rc = iceberg_plan(s->locations, m, choice, op, &p, err);
    if (rc) {
        publication_done(&p);
        return rc;
    }
    *out = p;
    return OK;
}

static struct iceberg_wish wish_of(const struct iceberg_spec *spec)
{
    return (struct iceberg_wish){spec->ref, spec->snapshot, spec->as_of_ms};
}

/* ---------------------------------------------------------------------------------- what changed */

/* "snapshot 8231..." */
must_use static enum code served_snapshot(const struct ice_metadata *m, const char *label,
                                          const struct ice_snapshot **out, struct err *err)
{
    long long id;
    if (sscanf(label, "snapshot %lld", &id) != 1)
        return err_set(err, E_NOTFOUND, "the table had no snapshot");
    *out = ice_metadata_snapshot(m, id);
    return *out ? OK
                : err_set(err, E_NOTFOUND, "the served snapshot %lld is no longer in the metadata",
                          id);
}

/* Whether `before` is an ancestor of `after`, and all snapshots since only rewrote files. */
must_use static enum code check_ancestor(const struct ice_metadata *m,
                                         const struct ice_snapshot *before,
                                         const struct ice_snapshot *after, bool *out_is_rewritten,
                                         struct err *err)
{
    const struct ice_snapshot *s = after;
    *out_is_rewritten = true;
    for (size_t i = 0; s && s != before && i <= m->n_snapshots; i++) {
        *out_is_rewritten &= strcmp(s->operation, "replace") == 0;
        s = s->parent_id == ICE_NO_SNAPSHOT ? NULL : ice_metadata_snapshot(m, s->parent_id);
    }
    return s == before ? OK
                       : err_set(err, E_NOTFOUND,
                                 "the served snapshot %lld is not an ancestor of snapshot %lld",
                                 (long long)before->id, (long long)after->id);
}

/* Plan the served snapshot, too. */
must_use static enum code find_before(struct iceberg *s, const struct ice_metadata *m,
                                      const struct iceberg_choice *choice,
                                      const struct source_query *q, const struct remote_op *op,
                                      struct source_answer *out, struct err *err)
{
    struct iceberg_choice before = {.schema = choice->schema};
    TRY(served_snapshot(m, q->served, &before.snapshot, err));
    if (fingerprint_of(s, m, &before) != q->served_fingerprint)
        return err_set(err, E_NOTFOUND, "the schema changed");
    if (!choice->snapshot)
        return err_set(err, E_NOTFOUND, "the table has no snapshot any more");
    TRY(check_ancestor(m, before.snapshot, choice->snapshot, &out->is_rewritten, err));
    return publish(s, m, &before, op, &out->before, err);
}

/* Plan the snapshot that the metadata says is the newest. */
must_use static enum code find_in(struct iceberg *s, const struct ice_metadata *m,
                                  const struct source_query *q, const struct remote_op *op,
                                  struct source_answer *out, struct err *err)
{
    const struct iceberg_wish wish = wish_of(s->spec);
    struct iceberg_choice choice;
    TRY(iceberg_choose(m, &wish, &choice, err));
    s->fingerprint = fingerprint_of(s, m, &choice);
    out->what = FOUND_STAY;
    if (q->served_fingerprint && s->fingerprint == q->served_fingerprint)
        return OK;
    struct publication p;
    TRY(publish(s, m, &choice, op, &p, err));
    if (q->passes_over && q->passes_over(q->arg, &p, &out->passed)) {
        out->passed_label = mem_strdup(p.label);
        publication_done(&p);
        return q->served ? OK : err_set(err, E_NOTFOUND, "%s", out->passed.msg);
    }
    out->what = FOUND_NEW;
    out->publication = p;
    if (q->wants_change && q->served && q->served_fingerprint)
        out->has_before = find_before(s, m, &choice, q, op, out, &out->why_before) == OK;
    return OK;
}

/* (2): what was read is what it was. */
static void find_only(const struct iceberg *s, const char *label, struct source_answer *out)
{
    *out = (struct source_answer){
        .what = FOUND_NEW,
        .publication = {.label = mem_strdup(label), .fingerprint = s->fingerprint},
    };
}

must_use static enum code find_newest(struct source *source, const struct source_query *q,
                                      const struct remote_op *op, struct source_answer *out,
                                      struct err *err)
{
    struct iceberg *s = (struct iceberg *)source;
    AUTO(buf) struct buf bytes = {0};
    struct ice_metadata *m;
    bool stays;
    if (q->only) {
        find_only(s, q->only, out);
        return OK;
    }
    bool may_stay = q->served_fingerprint && s->fingerprint == q->served_fingerprint;
    TRY(read_metadata(s, may_stay, op, &bytes, &stays, err));
    struct source_answer found = {.what = FOUND_STAY};
    enum code rc = OK;
    if (!stays)
        rc = ice_metadata_parse(buf_view(&bytes), metadata_bytes_max, &m, err);
    if (rc)
        return err_in(err, rc, "%s", s->source.shown);
    if (!stays) {
        rc = find_in(s, m, q, op, &found, err);
        ice_metadata_free(m);
    }
    if (rc)
        source_answer_done(&found);
    else
        *out = found;
    return rc;
}

/* --------------------------------------------------------------------------------------- open */

static void iceberg_free(struct source *source)
{
    struct iceberg *s = (struct iceberg *)source;
    locations_close(s->locations);
    buf_done(&s->prefix_texts);
    free(s->prefixes);
    free(s->version);
    free(s);
}

static void add_prefix(struct iceberg *s, struct view prefix)
{
    if (prefix.len == 0)
        return;
    s->prefixes = mem_realloc(s->prefixes, (s->n_prefixes + 1) * sizeof(char *));
    s->prefixes[s->n_prefixes++] = (const char *)s->prefix_texts.len; /* the buffer may move */
    buf_put(&s->prefix_texts, prefix.ptr, prefix.len);
    buf_put_u8(&s->prefix_texts, '\0');
}

/* "a,b" */
static void add_list(struct iceberg *s, const char *list)
{
    for (const char *at = list; at && *at;) {
        size_t len = strcspn(at, ",");
        add_prefix(s, view_of(at, len));
        at += len + (at[len] == ',');
    }
}

/* "s3://b/t/metadata/v2.metadata.json" -> "s3://b/t"; without that folder, the file's own. */
static struct view table_root(const char *metadata)
{
    struct view dir = view_cstr(metadata);
    static const char last[] = "/metadata";
    while (dir.len && dir.ptr[dir.len - 1] != '/')
        dir.len--;
    dir.len -= dir.len > 1;
    size_t len = strlen(last);
    if (dir.len > len && memcmp(dir.ptr + dir.len - len, last, len) == 0)
        dir.len -= len;
    return dir;
}

static void list_prefixes(struct iceberg *s)
{
    const struct iceberg_spec *spec = s->spec;
    if (spec->metadata[0])
        add_prefix(s, table_root(spec->metadata));
    add_prefix(s, view_cstr(spec->location));
    add_prefix(s, view_cstr(spec->rewrite.to));
    add_list(s, spec->locations);
    for (size_t i = 0; i < s->n_prefixes; i++)
        s->prefixes[i] = (const char *)s->prefix_texts.ptr + (size_t)s->prefixes[i];
}

static bool is_remote(const struct iceberg_spec *spec)
{
    const char *uri = spec->metadata[0] ? spec->metadata : spec->location;
    return strncmp(uri, "s3", 2) == 0;
}

enum code iceberg_open(const struct iceberg_spec *spec, struct transfer_loop *loop,
                       struct source **out_source, struct err *err)
{
    static const struct source_ops ops = {find_newest, iceberg_free};
    struct iceberg *s = mem_zalloc(sizeof(*s));
    AUTO(buf) struct buf identity = {0};
    s->spec = spec;
    const char *shown = spec->metadata[0] ? spec->metadata : spec->location;
    buf_printf(&identity, "iceberg %s\n%s %lld %lld", shown, spec->ref, (long long)spec->snapshot,
               (long long)spec->as_of_ms);
    s->source =
        (struct source){&ops, "iceberg", mem_strdup(shown), mem_strdup(buf_cstr(&identity))};
    list_prefixes(s);
    struct location_rules rules = {
        s->prefixes, s->n_prefixes, spec->rewrite.from, spec->rewrite.to, is_remote(spec),
        &spec->s3,   loop};
    enum code rc = locations_open(&rules, &s->locations, err);
    if (rc) {
        source_close(&s->source);
        return rc;
    }
    *out_source = &s->source;
    return OK;
}
