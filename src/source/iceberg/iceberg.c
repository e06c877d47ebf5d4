#include "source/iceberg/iceberg.h"

#include "base/hash.h"
#include "base/mem.h"
#include "source/iceberg/catalog.h"
#include "source/iceberg/metadata_file.h"
#include "source/iceberg/plan.h"

#include <stdio.h>
#include <unistd.h>

/*
 * (1) The catalog or the file decides which snapshot is the newest, also if it is an older one than
 *     before: a table that was rolled back is served as it is now.
 * (2) A snapshot never changes, and neither do its files. So a publication that was read need not be
 *     compared afterwards, and metadata that is the same as at the last poll is not read again if
 *     its snapshot is served.
 * (3) The schema is part of the fingerprint: it may change without a new snapshot.
 * (4) Some writers fill a metadata file in place, under its name. A newest file that does not parse
 *     may be whole in a moment (findings/pyiceberg-metadata-in-place.sh).
 */

/* Of metadata files, decompressed. */
static const size_t metadata_bytes_max = (size_t)512 << 20;

struct iceberg {
    struct source source;
    const struct iceberg_spec *spec;
    struct catalog *catalog; /* a server; NULL: without one */
    struct vended *vended;   /* likewise */
    struct buf location;     /* of a table without a server, unless its metadata is named */
    struct locations *locations;
    const char **prefixes; /* of the rules of `locations` */
    size_t n_prefixes;
    struct buf prefix_texts; /* where some of the prefixes lie */
    char *version;           /* of the metadata that was read last; NULL: none */
    uint64_t fingerprint;    /* of the publication in it */
};

/* ------------------------------------------------------------------------------------ metadata */

/* What was read. Zeroed memory is empty. */
struct metadata_read {
    bool is_same; /* as at `version`; nothing else is set */
    struct buf bytes;
    char *version;
};

static void metadata_read_done(struct metadata_read *r)
{
    buf_done(&r->bytes);
    free(r->version);
}

/* The metadata file that the configuration names. */
must_use static enum code read_file(struct iceberg *s, const char *version,
                                    const struct remote_op *op, struct metadata_read *out,
                                    struct err *err)
{
    struct object_store *store;
    AUTO(ptr) char *name = NULL;
    AUTO(object_info) struct object_info info = {0};
    TRY(locations_find(s->locations, s->spec->metadata, &store, &name, err));
    TRY(object_store_stat(store, name, op, &info, err));
    out->is_same = version && strcmp(version, info.version) == 0;
    if (out->is_same)
        return OK;
    out->version = mem_strdup(info.version);
    return object_read_all(store, &info, metadata_bytes_max, op, &out->bytes, err);
}

/* The newest metadata file below the location. */
must_use static enum code read_newest(struct iceberg *s, const char *version,
                                      const struct remote_op *op, struct metadata_read *out,
                                      struct err *err)
{
    struct object_store *store;
    AUTO(ptr) char *folder = NULL;
    AUTO(buf) struct buf uri = {0};
    AUTO(metadata_file) struct metadata_file file = {0};
    buf_printf(&uri, "%s/metadata/", buf_cstr(&s->location));
    TRY(locations_find(s->locations, buf_cstr(&uri), &store, &folder, err));
    TRY(metadata_file_find(store, folder, version, op, &file, &out->is_same, err));
    if (out->is_same)
        return OK;
    out->version = mem_strdup(file.version);
    return object_read_all(store, &file.info, metadata_bytes_max, op, &out->bytes, err);
}

/* What the catalog answers. */
must_use static enum code ask_catalog(struct iceberg *s, const char *version, bool all_snapshots,
                                      const struct remote_op *op, struct metadata_read *out,
                                      struct err *err)
{
    AUTO(catalog_answer) struct catalog_answer a = {0};
    const struct catalog_question q = {
        .table = s->spec->table,
        .version = version,
        .all_snapshots = all_snapshots || s->spec->snapshot || s->spec->as_of_ms,
    };
    TRY(catalog_ask(s->catalog, &q, op, &a, &out->is_same, err));
    if (out->is_same)
        return OK;
    if (s->vended)
        vended_update(s->vended, &a);
    out->version = a.version;
    a.version = NULL;
    if (a.metadata.len == 0 && !a.metadata_location)
        return err_set(err, E_CORRUPT, "%s: the catalog names no metadata", s->source.shown);
    if (a.metadata.len == 0)
        return locations_read(s->locations, a.metadata_location, -1, metadata_bytes_max, op,
                              &out->bytes, err);
    out->bytes = a.metadata;
    a.metadata = (struct buf){0};
    return OK;
}

/* Read the metadata, unless it is that of `version`, which may be NULL. */
must_use static enum code read_metadata(struct iceberg *s, const char *version, bool all_snapshots,
                                        const struct remote_op *op, struct metadata_read *out,
                                        struct err *err)
{
    if (s->catalog)
        return ask_catalog(s, version, all_snapshots, op, out, err);
    return s->spec->metadata[0] ? read_file(s, version, op, out, err)
                                : read_newest(s, version, op, out, err);
}

/* (4) */
enum { PARSE_TRIES = 20, PARSE_WAIT_US = 25000 };

must_use static enum code parse_metadata(const struct iceberg *s, const struct metadata_read *read,
                                         struct ice_metadata **out, struct err *err)
{
    enum code rc = ice_metadata_parse(buf_view(&read->bytes), metadata_bytes_max, out, err);
    return rc ? err_in(err, rc, "%s", s->source.shown) : OK;
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
    p.sequence_number = choice->snapshot ? choice->snapshot->sequence_number : 0;
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

/* Whether the newest snapshot of the metadata is the one that is served. */
must_use static enum code choose(struct iceberg *s, const struct ice_metadata *m,
                                 const struct source_query *q, struct iceberg_choice *out,
                                 bool *out_is_served, struct err *err)
{
    const struct iceberg_wish wish = wish_of(s->spec);
    TRY(iceberg_choose(m, &wish, out, err));
    s->fingerprint = fingerprint_of(s, m, out);
    *out_is_served = q->served_fingerprint && s->fingerprint == q->served_fingerprint;
    return OK;
}

static bool wants_change(const struct source_query *q)
{
    return q->wants_change && q->served && q->served_fingerprint;
}

/* Plan the snapshot that the metadata says is the newest, unless it is served. */
must_use static enum code find_in(struct iceberg *s, const struct ice_metadata *m,
                                  const struct source_query *q, const struct remote_op *op,
                                  struct source_answer *out, struct err *err)
{
    struct iceberg_choice choice;
    struct publication p;
    bool is_served;
    TRY(choose(s, m, q, &choice, &is_served, err));
    out->what = FOUND_STAY;
    if (is_served)
        return OK;
    TRY(publish(s, m, &choice, op, &p, err));
    if (q->passes_over && q->passes_over(q->arg, &p, &out->passed)) {
        out->passed_label = mem_strdup(p.label);
        publication_done(&p);
        return q->served ? OK : err_set(err, E_NOTFOUND, "%s", out->passed.msg);
    }
    out->what = FOUND_NEW;
    out->publication = p;
    if (wants_change(q))
        out->has_before = find_before(s, m, &choice, q, op, out, &out->why_before) == OK;
    return OK;
}

/* A catalog first tells only of the snapshots that branches and tags need. What the served one was,
 * and whether it is an ancestor, only all of them say. */
must_use static enum code read_all_snapshots(struct iceberg *s, const struct source_query *q,
                                             const struct remote_op *op, struct ice_metadata **m,
                                             struct err *err)
{
    AUTO(metadata_read) struct metadata_read read = {0};
    struct iceberg_choice choice;
    struct ice_metadata *all;
    bool is_served;
    TRY(choose(s, *m, q, &choice, &is_served, err));
    if (!s->catalog || is_served || !wants_change(q))
        return OK;
    TRY(read_metadata(s, NULL, true, op, &read, err));
    TRY(parse_metadata(s, &read, &all, err));
    ice_metadata_free(*m);
    *m = all;
    return OK;
}

/* Read the newest file again until it is whole (4). */
must_use static enum code parse_newest(struct iceberg *s, struct metadata_read *read,
                                       const struct remote_op *op, struct ice_metadata **out,
                                       struct err *err)
{
    bool may_be_written = !s->catalog && !s->spec->metadata[0];
    enum code rc = parse_metadata(s, read, out, err);
    for (int i = 1; rc == E_CORRUPT && may_be_written && i < PARSE_TRIES; i++) {
        metadata_read_done(read);
        *read = (struct metadata_read){0};
        usleep(PARSE_WAIT_US);
        TRY(read_metadata(s, NULL, false, op, read, err));
        rc = parse_metadata(s, read, out, err);
    }
    return rc;
}

must_use static enum code find(struct iceberg *s, struct metadata_read *read,
                               const struct source_query *q, const struct remote_op *op,
                               struct source_answer *out, struct err *err)
{
    struct ice_metadata *m;
    TRY(parse_newest(s, read, op, &m, err));
    enum code rc = read_all_snapshots(s, q, op, &m, err);
    if (!rc)
        rc = find_in(s, m, q, op, out, err);
    ice_metadata_free(m);
    return rc;
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
    AUTO(metadata_read) struct metadata_read read = {0};
    struct source_answer found = {.what = FOUND_STAY};
    if (q->only) {
        find_only(s, q->only, out);
        return OK;
    }
    bool may_stay = q->served_fingerprint && s->fingerprint == q->served_fingerprint;
    TRY(read_metadata(s, may_stay ? s->version : NULL, false, op, &read, err));
    enum code rc = read.is_same ? OK : find(s, &read, q, op, &found, err);
    if (rc) {
        source_answer_done(&found);
        return rc;
    }
    if (!read.is_same) {
        free(s->version);
        s->version = read.version;
        read.version = NULL;
    }
    *out = found;
    return OK;
}

/* --------------------------------------------------------------------------------------- open */

static void iceberg_free(struct source *source)
{
    struct iceberg *s = (struct iceberg *)source;
    locations_close(s->locations);
    vended_free(s->vended);
    catalog_close(s->catalog);
    buf_done(&s->prefix_texts);
    buf_done(&s->location);
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

/* Some catalogs call their warehouse by a name, which is no place. */
static bool is_place(const char *warehouse)
{
    return warehouse[0] == '/' || strncmp(warehouse, "s3", 2) == 0 ||
           strncmp(warehouse, "file:", 5) == 0;
}

static void list_prefixes(struct iceberg *s)
{
    const struct iceberg_spec *spec = s->spec;
    if (spec->metadata[0])
        add_prefix(s, table_root(spec->metadata));
    add_prefix(s, view_cstr(spec->location));
    add_prefix(s, view_cstr(spec->rewrite.to));
    add_list(s, spec->locations);
    if (spec->catalog_of && is_place(spec->catalog_of->warehouse))
        add_prefix(s, view_cstr(spec->catalog_of->warehouse));
    if (spec->catalog_of)
        add_list(s, spec->catalog_of->locations);
    for (size_t i = 0; i < s->n_prefixes; i++)
        s->prefixes[i] = (const char *)s->prefix_texts.ptr + (size_t)s->prefixes[i];
}

/* Whether catalog or metadata come over a network. */
static bool is_remote(const struct iceberg_spec *spec)
{
    const struct catalog_spec *catalog = spec->catalog_of;
    const char *uri = catalog             ? catalog->warehouse
                      : spec->metadata[0] ? spec->metadata
                                          : spec->location;
    return (catalog && catalog->kind != CATALOG_FILESYSTEM) || strncmp(uri, "s3", 2) == 0;
}

/* Where the table is, in words, and all that makes it another one. */
static void set_names(struct iceberg *s)
{
    const struct iceberg_spec *spec = s->spec;
    AUTO(buf) struct buf shown = {0};
    AUTO(buf) struct buf identity = {0};
    if (spec->catalog_of)
        buf_printf(&shown, "%s: %s", spec->catalog, spec->table);
    else
        buf_puts(&shown, spec->metadata[0] ? spec->metadata : spec->location);
    buf_printf(&identity, "iceberg %s\n%s %lld %lld\n", buf_cstr(&shown), spec->ref,
               (long long)spec->snapshot, (long long)spec->as_of_ms);
    if (spec->catalog_of)
        buf_printf(&identity, "%s %s", spec->catalog_of->uri, spec->catalog_of->warehouse);
    s->source.shown = mem_strdup(buf_cstr(&shown));
    s->source.identity = mem_strdup(buf_cstr(&identity));
}

/* The table db.t of a file system's catalog is in WAREHOUSE/db/t. */
static void set_location(struct iceberg *s)
{
    const struct iceberg_spec *spec = s->spec;
    struct buf *out = &s->location;
    buf_puts(out, spec->catalog_of ? spec->catalog_of->warehouse : spec->location);
    while (out->len > 0 && out->ptr[out->len - 1] == '/')
        out->len--;
    if (!spec->catalog_of)
        return;
    buf_put_u8(out, '/');
    for (const char *p = spec->table; *p; p++)
        buf_put_u8(out, *p == '.' ? '/' : (uint8_t)*p);
}

must_use static enum code open_parts(struct iceberg *s, struct transfer_loop *loop, struct err *err)
{
    const struct iceberg_spec *spec = s->spec;
    const struct catalog_spec *catalog = spec->catalog_of;
    if (catalog && catalog->kind != CATALOG_FILESYSTEM)
        TRY(catalog_open(catalog, loop, &s->catalog, err));
    if (s->catalog)
        s->vended = vended_new(catalog_renew, s->catalog, spec->table);
    const struct location_rules rules = {
        .prefixes = s->prefixes,
        .n_prefixes = s->n_prefixes,
        .rewrite_from = spec->rewrite.from,
        .rewrite_to = spec->rewrite.to,
        .is_remote = is_remote(spec),
        .s3 = catalog ? &catalog->s3 : &spec->s3,
        .vended = s->vended,
        .catalog = catalog,
        .loop = loop,
    };
    return locations_open(&rules, &s->locations, err);
}

enum code iceberg_open(const struct iceberg_spec *spec, struct transfer_loop *loop,
                       struct source **out_source, struct err *err)
{
    static const struct source_ops ops = {find_newest, iceberg_free};
    struct iceberg *s = mem_zalloc(sizeof(*s));
    s->spec = spec;
    s->source = (struct source){.ops = &ops, .kind = "iceberg"};
    set_names(s);
    set_location(s);
    list_prefixes(s);
    enum code rc = open_parts(s, loop, err);
    if (rc) {
        source_close(&s->source);
        return rc;
    }
    *out_source = &s->source;
    return OK;
}
