#include "source/iceberg/locations.h"

#include "base/mem.h"
#include "remote/store/local_store.h"
#include "remote/store/s3_store.h"

#include <pthread.h>

/*
 * A URI becomes a place, which is `bucket` and `path`:
 *
 *     s3://bucket/a/b   s3a://bucket/a/b   s3n://bucket/a/b      bucket "bucket", path "a/b"
 *     file:///a/b       file:/a/b          /a/b                  bucket NULL, path "/a/b"
 *
 * There is one store for each bucket, or for each of its prefixes for which the catalog handed out
 * credentials, and one for all local files.
 */
struct place {
    struct view bucket; /* without a pointer: local */
    struct view path;
};

struct location_store {
    struct object_store *store;
    struct s3_config config;          /* zeroed for the local one */
    const struct vended_grant *grant; /* NULL: the catalog has not handed out anything for it */
    struct vended_loan loan;
};

struct locations {
    struct location_rules rules;
    pthread_mutex_t lock; /* guards the stores */
    struct location_store **stores;
    size_t n_stores;
};

static bool take_prefix(struct view *v, const char *prefix)
{
    size_t len = strlen(prefix);
    if (v->len < len || memcmp(v->ptr, prefix, len) != 0)
        return false;
    *v = view_of(v->ptr + len, v->len - len);
    return true;
}

static bool is_prefix(struct view prefix, struct view v)
{
    return v.len >= prefix.len && (prefix.len == 0 || memcmp(v.ptr, prefix.ptr, prefix.len) == 0);
}

/* (2): "..", which would lead out of a prefix, and NUL, where a path would end early. */
static bool climbs(struct view path)
{
    for (size_t at = 0; at <= path.len;) {
        const uint8_t *slash = at < path.len ? memchr(path.ptr + at, '/', path.len - at) : NULL;
        size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
        if (end - at == 2 && path.ptr[at] == '.' && path.ptr[at + 1] == '.')
            return true;
        at = end + 1;
    }
    return path.len > 0 && memchr(path.ptr, '\0', path.len) != NULL;
}

/* Several slashes at the beginning of a local path are one. */
static struct view one_slash(struct view path)
{
    while (path.len > 1 && path.ptr[0] == '/' && path.ptr[1] == '/')
        path = view_of(path.ptr + 1, path.len - 1);
    return path;
}

static bool is_bucket_place(struct view rest, struct place *out)
{
    const uint8_t *slash = memchr(rest.ptr, '/', rest.len);
    size_t len = slash ? (size_t)(slash - rest.ptr) : rest.len;
    out->bucket = view_of(rest.ptr, len);
    out->path = slash ? view_of(slash + 1, rest.len - len - 1) : view_of(rest.ptr + len, 0);
    return len > 0;
}

/* False: not a scheme that is read. */
static bool place_parse(struct view uri, struct place *out)
{
    struct view rest = uri;
    *out = (struct place){0};
    if (take_prefix(&rest, "s3://") || take_prefix(&rest, "s3a://") || take_prefix(&rest, "s3n://"))
        return is_bucket_place(rest, out);
    if (take_prefix(&rest, "file://localhost/"))
        rest = view_of(rest.ptr - 1, rest.len + 1);
    else
        take_prefix(&rest, "file:");
    out->path = one_slash(rest);
    return rest.len > 0 && rest.ptr[0] == '/' &&
           (rest.ptr != uri.ptr || rest.len < 2 || rest.ptr[1] != '/');
}

static bool is_local(const struct place *p)
{
    return p->bucket.ptr == NULL;
}

static bool has_slash_at(struct view v, size_t at)
{
    return v.ptr && at < v.len && v.ptr[at] == '/';
}

/* Whether `path` is `prefix` or below it: "/a/b" has "/a/b/c" below it, but not "/a/bc". */
static bool is_below(struct view prefix, struct view path)
{
    return is_prefix(prefix, path) &&
           (prefix.len == 0 || path.len == prefix.len || has_slash_at(prefix, prefix.len - 1) ||
            has_slash_at(path, prefix.len));
}

/* (1) */
static bool is_allowed(const struct locations *l, const struct place *place)
{
    if (l->rules.catalog && !is_local(place) &&
        catalog_owns_bucket(l->rules.catalog, place->bucket))
        return true;
    for (size_t i = 0; i < l->rules.n_prefixes; i++) {
        struct place allowed;
        if (place_parse(view_cstr(l->rules.prefixes[i]), &allowed) &&
            is_local(&allowed) == is_local(place) && view_eq(allowed.bucket, place->bucket) &&
            is_below(allowed.path, place->path))
            return true;
    }
    return false;
}

/* Some writers name one file in two ways, hdfs://host/a/b and /a/b. So a rule for "/a" also fits a
 * URI of any host in a scheme that is not read. */
static struct view without_host(struct view uri)
{
    const uint8_t *colon = memchr(uri.ptr, ':', uri.len);
    if (!colon || (size_t)(colon - uri.ptr) + 3 > uri.len || memcmp(colon, "://", 3) != 0)
        return uri;
    struct view rest = view_of(colon + 3, uri.len - (size_t)(colon + 3 - uri.ptr));
    const uint8_t *slash = memchr(rest.ptr, '/', rest.len);
    return slash ? view_of(slash, rest.len - (size_t)(slash - rest.ptr)) : uri;
}

/* Whether the rule `from` fits the URI, and what follows it there. */
static bool rule_fits(struct view from, struct view uri, struct view *out_rest)
{
    struct place of_rule, of_uri;
    bool is_place = place_parse(uri, &of_uri);
    struct view text = is_place ? uri : without_host(uri);
    if (is_below(from, uri) || is_below(from, text)) {
        text = is_below(from, uri) ? uri : text;
        *out_rest = view_of(text.ptr + from.len, text.len - from.len);
        return true;
    }
    /* "/a" fits "file:///a/b", and "s3://a" fits "s3a://a/b". */
    if (!is_place || !place_parse(from, &of_rule) || !view_eq(of_rule.bucket, of_uri.bucket) ||
        is_local(&of_rule) != is_local(&of_uri) || !is_below(of_rule.path, of_uri.path))
        return false;
    *out_rest = view_of(of_uri.path.ptr + of_rule.path.len, of_uri.path.len - of_rule.path.len);
    return true;
}

/* (4) */
static void rewrite(const struct locations *l, struct view uri, struct buf *out)
{
    struct view from = view_cstr(l->rules.rewrite_from), rest;
    if (from.len == 0 || !rule_fits(from, uri, &rest)) {
        buf_put(out, uri.ptr, uri.len);
        return;
    }
    struct view to = view_cstr(l->rules.rewrite_to);
    bool has_slash = to.len && to.ptr[to.len - 1] == '/';
    buf_put(out, to.ptr, to.len);
    if (rest.len && !has_slash && rest.ptr[0] != '/')
        buf_put_u8(out, '/');
    if (rest.len && has_slash && rest.ptr[0] == '/')
        rest = view_of(rest.ptr + 1, rest.len - 1);
    buf_put(out, rest.ptr, rest.len);
}

must_use static enum code find_place(const struct locations *l, const char *uri, struct buf *text,
                                     struct place *out, struct err *err)
{
    rewrite(l, view_cstr(uri), text);
    buf_cstr(text);
    if (!place_parse(buf_view(text), out))
        return err_set(err, E_INVALID,
                       "%.200s: files are read from s3:// and file: only, by absolute paths", uri);
    if (climbs(out->path))
        return err_set(err, E_INVALID, "%.200s: the path has a '..'", uri);
    if (l->rules.is_remote && is_local(out))
        return err_set(err, E_INVALID,
                       "%.200s: a table whose metadata comes over a network may not name local "
                       "files",
                       uri);
    if (!is_allowed(l, out))
        return err_set(err, E_INVALID,
                       "%.200s: is not below the table's warehouse or any other prefix that the "
                       "configuration allows (`locations`)",
                       uri);
    return OK;
}

/* -------------------------------------------------------------------------------------- stores */

static char *strdup_or_null(const char *s)
{
    return s ? mem_strdup(s) : NULL;
}

static void s3_config_copy(const struct s3_config *from, struct s3_config *out)
{
    char **const strings[] = {
        &out->bucket,        &out->prefix,  &out->region,        &out->endpoint,
        &out->ca_file,       &out->proxy,   &out->access_key_id, &out->secret_access_key,
        &out->session_token, &out->profile, &out->role_arn,      &out->external_id};
    *out = *from;
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        *strings[i] = strdup_or_null(*strings[i]);
}

static bool is_store_of(const struct location_store *s, const struct place *place,
                        const struct vended_grant *grant)
{
    return is_local(place) ? s->config.bucket == NULL
                           : s->config.bucket && s->grant == grant &&
                                 view_eq_cstr(place->bucket, s->config.bucket);
}

must_use static enum code open_store(struct locations *l, const struct place *place,
                                     struct location_store *s, struct err *err)
{
    struct credentials_origin origin;
    if (is_local(place)) {
        s->store = local_store_new("");
        return OK;
    }
    if (!l->rules.loop || !l->rules.s3)
        return err_set(err, E_INVALID, "bucket %.*s: nothing says how to reach buckets",
                       VIEW_ARG(place->bucket));
    s3_config_copy(l->rules.s3, &s->config);
    free(s->config.bucket);
    free(s->config.prefix);
    s->config.bucket = mem_strndup(place->bucket.ptr, place->bucket.len);
    s->config.prefix = mem_strdup("");
    bool is_lent =
        s->grant && vended_lend(l->rules.vended, s->grant, &s->config, &s->loan, &origin);
    return s3_store_new(&s->config, is_lent ? &origin : NULL, l->rules.loop, &s->store, err);
}

static void location_store_free(struct location_store *s)
{
    object_store_close(s->store);
    s3_config_done(&s->config);
    free(s);
}

must_use static enum code store_of(struct locations *l, const struct place *place,
                                   const struct vended_grant *grant, struct object_store **out,
                                   struct err *err)
{
    for (size_t i = 0; i < l->n_stores; i++)
        if (is_store_of(l->stores[i], place, grant)) {
            *out = l->stores[i]->store;
            return OK;
        }
    struct location_store *s = mem_zalloc(sizeof(*s));
    s->grant = grant;
    enum code rc = open_store(l, place, s, err);
    if (rc) {
        location_store_free(s);
        return rc;
    }
    l->stores = mem_realloc(l->stores, (l->n_stores + 1) * sizeof(struct location_store *));
    l->stores[l->n_stores++] = s;
    *out = s->store;
    return OK;
}

enum code locations_open(const struct location_rules *rules, struct locations **out,
                         struct err *err)
{
    for (size_t i = 0; i < rules->n_prefixes; i++) {
        struct place place;
        if (!place_parse(view_cstr(rules->prefixes[i]), &place) || climbs(place.path))
            return err_set(err, E_INVALID,
                           "%.200s: is neither s3://bucket/... nor an absolute path",
                           rules->prefixes[i]);
    }
    struct locations *l = mem_zalloc(sizeof(*l));
    l->rules = *rules;
    pthread_mutex_init(&l->lock, NULL);
    *out = l;
    return OK;
}

void locations_close(struct locations *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n_stores; i++)
        location_store_free(l->stores[i]);
    free(l->stores);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

enum code locations_find(struct locations *l, const char *uri, struct object_store **out_store,
                         char **out_name, struct err *err)
{
    AUTO(buf) struct buf text = {0};
    struct place place;
    TRY(find_place(l, uri, &text, &place, err));
    const struct vended_grant *grant =
        l->rules.vended && !is_local(&place) ? vended_find(l->rules.vended, buf_cstr(&text)) : NULL;
    pthread_mutex_lock(&l->lock);
    enum code rc = store_of(l, &place, grant, out_store, err);
    pthread_mutex_unlock(&l->lock);
    TRY(rc);
    size_t slash = is_local(&place); /* names are relative to the root folder */
    *out_name = mem_strndup(place.path.ptr + slash, place.path.len - slash);
    return OK;
}

/* --------------------------------------------------------------------------------------- reading */

enum code locations_read(struct locations *l, const char *uri, int64_t n_bytes, uint64_t max_bytes,
                         const struct remote_op *op, struct buf *out_bytes, struct err *err)
{
    struct object_store *store;
    AUTO(object_info) struct object_info info = {0};
    TRY(locations_find(l, uri, &store, &info.name, err));
    if (n_bytes < 0) {
        AUTO(ptr) char *name = info.name;
        info.name = NULL;
        enum code rc = object_store_stat(store, name, op, &info, err);
        if (rc)
            return rc;
    } else {
        info.size = (uint64_t)n_bytes;
        info.version = mem_strdup("");
    }
    enum code rc = object_read_all(store, &info, max_bytes, op, out_bytes, err);
    return rc ? err_in(err, rc, "%.200s", uri) : OK;
}
