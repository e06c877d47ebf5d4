#include "source/iceberg/rest.h"

#include "base/mem.h"
#include "remote/uri.h"
#include "source/iceberg/handed_out.h"
#include "source/iceberg/rest_answer.h"
#include "source/iceberg/rest_client.h"

#include <stdio.h>

/*
 * (1) Settings of the catalog go: its defaults, then ours, then its overrides.
 * (2) The properties of S3 that a table's answer has go between its defaults and ours: people write
 *     an endpoint into the configuration because the one that the catalog knows leads nowhere from
 *     here.
 * (3) Settings are read again after each failure, so a catalog that was reconfigured is found.
 * (4) The version of an answer is the ETag, exactly as it came (the server of Apache sends it
 *     without quotes, and knows only that form), the form of the question, since each has ETags of
 *     its own, and the place of the metadata, which tells an unchanged table where there is no
 *     ETag.
 */

/* What the answers said about one table, for the questions that follow. */
struct rest_session {
    struct rest_session *next;
    char *table;
    char *token;            /* to use for this table; NULL: the catalog's */
    char *credentials_path; /* NULL: not said */
};

struct rest_catalog {
    const struct catalog_spec *spec;
    struct rest_client client;
    pthread_mutex_t lock; /* guards the rest */
    bool has_config;
    struct rest_config config;
    struct rest_session *sessions;
};

enum code rest_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                    struct rest_catalog **out_rest, struct err *err)
{
    struct rest_catalog *r = mem_zalloc(sizeof(*r));
    r->spec = spec;
    enum code rc = rest_client_init(&r->client, spec, loop, err);
    if (rc) {
        free(r);
        return rc;
    }
    pthread_mutex_init(&r->lock, NULL);
    *out_rest = r;
    return OK;
}

void rest_close(struct rest_catalog *r)
{
    while (r->sessions) {
        struct rest_session *s = r->sessions;
        r->sessions = s->next;
        free(s->table);
        free(s->token);
        free(s->credentials_path);
        free(s);
    }
    rest_config_done(&r->config);
    rest_client_done(&r->client);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* ------------------------------------------------------------------------------------ settings */

/* Whether the text can be put into a path as it is: encoded, without "..". */
static bool is_path_text(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~%:@!$&'()*+,;=/";
    return text[strspn(text, allowed)] == '\0' && !strstr(text, "..") && text[0] != '/';
}

must_use static enum code check_config(struct rest_catalog *r, const struct rest_config *c,
                                       struct err *err)
{
    const char *texts[] = {c->prefix, c->separator};
    char shown[120];
    for (size_t i = 0; i < 2; i++)
        if (texts[i] && !is_path_text(texts[i]))
            return err_set(err, E_CORRUPT, "the catalog gives '%s' as a part of paths",
                           view_printable(view_cstr(texts[i]), shown, sizeof(shown)));
    if (c->uri && !url_same_origin(c->uri, r->client.channel.base))
        return err_set(err, E_INVALID,
                       "the catalog sends us on to '%s', which is another host; if that is right, "
                       "make it the uri of the catalog",
                       view_printable(view_cstr(c->uri), shown, sizeof(shown)));
    return c->oauth2_server_uri ? rest_auth_move(&r->client.auth, c->oauth2_server_uri, err) : OK;
}

must_use static enum code read_config(struct rest_catalog *r, const struct remote_op *op,
                                      struct rest_config *out, struct err *err)
{
    AUTO(rest_response) struct rest_response res = {0};
    struct rest_request req = {.path = "/v1/config"};
    if (r->spec->warehouse[0])
        req.query[req.n_query++] =
            (struct sig_pair){view_cstr("warehouse"), view_cstr(r->spec->warehouse)};
    TRY(rest_get(&r->client, &req, op, &res, err));
    enum code rc = res.status == 200 ? rest_config_parse(buf_view(&res.body), out, err)
                                     : rest_refused(&res, err);
    if (!rc)
        rc = check_config(r, out, err);
    return rc ? err_in(err, rc, "settings of the catalog") : OK;
}

/* What a question needs of the settings. Strings are owned. */
struct rest_place {
    char *uri; /* NULL: the base */
    char *prefix, *separator;
    bool has_credentials_path;
};

static void rest_place_done(struct rest_place *p)
{
    free(p->uri);
    free(p->prefix);
    free(p->separator);
}

/* The lock is not held while the settings are read: several threads may do so at first. */
must_use static enum code find_place(struct rest_catalog *r, const struct remote_op *op,
                                     struct rest_place *out, struct err *err)
{
    AUTO(rest_config) struct rest_config fresh = {0};
    pthread_mutex_lock(&r->lock);
    bool has_config = r->has_config;
    pthread_mutex_unlock(&r->lock);
    if (!has_config)
        TRY(read_config(r, op, &fresh, err));
    pthread_mutex_lock(&r->lock);
    if (!has_config) {
        struct rest_config old = r->config;
        r->config = fresh;
        r->has_config = true;
        fresh = old;
    }
    const struct rest_config *c = &r->config;
    *out = (struct rest_place){
        .uri = c->uri ? mem_strdup(c->uri) : NULL,
        .prefix = mem_strdup(c->prefix ? c->prefix : ""),
        .separator = mem_strdup(c->separator ? c->separator : "%1F"),
        .has_credentials_path = c->has_credentials_path,
    };
    pthread_mutex_unlock(&r->lock);
    return OK;
}

/* (3) */
static void forget_config(struct rest_catalog *r)
{
    pthread_mutex_lock(&r->lock);
    r->has_config = false;
    pthread_mutex_unlock(&r->lock);
}

/* ------------------------------------------------------------------------------------ sessions */

/* The lock is held. */
static struct rest_session *session_of(struct rest_catalog *r, const char *table)
{
    struct rest_session *s = r->sessions;
    while (s && strcmp(s->table, table) != 0)
        s = s->next;
    if (s)
        return s;
    s = mem_zalloc(sizeof(*s));
    s->table = mem_strdup(table);
    s->next = r->sessions;
    return r->sessions = s;
}

static char *copy_of(const char *text)
{
    return text ? mem_strdup(text) : NULL;
}

static void keep_session(struct rest_catalog *r, const char *table, const struct rest_table *t)
{
    pthread_mutex_lock(&r->lock);
    struct rest_session *s = session_of(r, table);
    free(s->token);
    free(s->credentials_path);
    s->token = copy_of(t->token);
    s->credentials_path = copy_of(t->credentials_path);
    pthread_mutex_unlock(&r->lock);
}

/* Copies, which the caller frees. */
static void get_session(struct rest_catalog *r, const char *table, char **out_token,
                        char **out_credentials_path)
{
    pthread_mutex_lock(&r->lock);
    const struct rest_session *s = session_of(r, table);
    *out_token = copy_of(s->token);
    *out_credentials_path = copy_of(s->credentials_path);
    pthread_mutex_unlock(&r->lock);
}

static void drop_token(struct rest_catalog *r, const char *table)
{
    pthread_mutex_lock(&r->lock);
    struct rest_session *s = session_of(r, table);
    free(s->token);
    s->token = NULL;
    pthread_mutex_unlock(&r->lock);
}

/* -------------------------------------------------------------------------------------- asking */

/* "db.inner.t" becomes ".../namespaces/db%1Finner/tables/t". */
static void put_path(const struct rest_place *p, const char *table, struct buf *out)
{
    const char *dot = strrchr(table, '.'), *at = table;
    if (p->uri)
        buf_puts(out, p->uri);
    while (out->len && out->ptr[out->len - 1] == '/')
        out->len--;
    buf_printf(out, "/v1/%s%s", p->prefix, p->prefix[0] ? "/" : "");
    buf_puts(out, "namespaces/");
    while (at < dot) {
        size_t len = strcspn(at, ".");
        buf_puts(out, at == table ? "" : p->separator);
        uri_put_value(out, view_of(at, len));
        at += len + 1;
    }
    buf_puts(out, "/tables/");
    uri_put_value(out, view_cstr(dot + 1));
}

/* (4) */
static char *version_of(bool all, const char *etag, const char *location)
{
    AUTO(buf) struct buf text = {0};
    if (!etag[0] && !location)
        return NULL;
    buf_printf(&text, "%s\n%s\n%s", all ? "all" : "refs", etag, location ? location : "");
    return mem_strdup(buf_cstr(&text));
}

static bool is_of_question(const struct catalog_question *q, struct view *out_etag,
                           const char **out_location)
{
    const char *form = q->all_snapshots ? "all\n" : "refs\n";
    *out_etag = (struct view){0};
    *out_location = "";
    if (!q->version || strncmp(q->version, form, strlen(form)) != 0)
        return false;
    const char *etag = q->version + strlen(form);
    *out_etag = view_of(etag, strcspn(etag, "\n"));
    *out_location = etag + out_etag->len + (etag[out_etag->len] == '\n');
    return true;
}

/* Send the question. The response is 200, 304, or what rest_get ends with. */
must_use static enum code send_question(struct rest_catalog *r, const struct catalog_question *q,
                                        const struct rest_place *place, struct view etag,
                                        const struct remote_op *op, struct rest_response *out,
                                        struct err *err)
{
    AUTO(buf) struct buf path = {0}, headers = {0};
    AUTO(ptr) char *token = NULL, *credentials_path = NULL;
    get_session(r, q->table, &token, &credentials_path);
    put_path(place, q->table, &path);
    if (!catalog_spec_header(r->spec, "X-Iceberg-Access-Delegation"))
        buf_puts(&headers, "X-Iceberg-Access-Delegation: vended-credentials\n");
    if (etag.len) {
        buf_puts(&headers, "If-None-Match: ");
        buf_put(&headers, etag.ptr, etag.len);
        buf_puts(&headers, "\n");
    }
    struct rest_request req = {
        .path = buf_cstr(&path),
        .query = {{view_cstr("snapshots"), view_cstr(q->all_snapshots ? "all" : "refs")}},
        .n_query = 1,
        .headers = buf_cstr(&headers),
        .token = token};
    TRY(rest_get(&r->client, &req, op, out, err));
    if (out->token_refused)
        drop_token(r, q->table);
    return OK;
}

/* A 404 with a message of the catalog is about the table; any other comes from what stands in front
 * of it, or from a wrong `uri`. */
must_use static enum code refuse(const struct rest_response *res, const char *table,
                                 struct err *err)
{
    char refusal[REST_REFUSAL_CAP];
    if (res->status == 404 && rest_refusal(buf_view(&res->body), refusal))
        return err_set(err, E_NOTFOUND, "it has no table %.200s: %s", table, refusal);
    enum code rc = rest_refused(res, err);
    return err_in(err, rc, "table %.200s", table);
}

/* ----------------------------------------------------------------------------- what is handed out */

static void prefer(char **value, const char *override, const char *ours, const char *fallback)
{
    const char *wanted = override ? override : ours[0] ? NULL : *value ? *value : fallback;
    char *copy = copy_of(wanted);
    free(*value);
    *value = copy;
}

static enum s3_addressing addressing_of(const char *path_style)
{
    if (!path_style)
        return S3_ADDRESSING_AUTO;
    return strcmp(path_style, "true") == 0 ? S3_ADDRESSING_PATH : S3_ADDRESSING_VIRTUAL;
}

/* (1), (2). Leave in the answer only what goes before the configuration. Prefixes inherit from the
 * table (vended.c), so only that gets the defaults of the catalog. */
must_use static enum code settle(struct rest_catalog *r, struct vended_credentials *v,
                                 struct err *err)
{
    static const struct s3_properties none;
    const struct s3_config *ours = &r->spec->s3;
    pthread_mutex_lock(&r->lock);
    const struct s3_properties *overrides = &r->config.overrides;
    const struct s3_properties *defaults = v->prefix[0] ? &none : &r->config.defaults;
    prefer(&v->endpoint, overrides->endpoint, ours->endpoint, defaults->endpoint);
    /* Buckets of a catalog of AWS are mostly in its region. */
    const char *near = v->prefix[0] ? NULL : r->client.region;
    prefer(&v->region, overrides->region, ours->region, defaults->region ? defaults->region : near);
    if (overrides->path_style)
        v->addressing = addressing_of(overrides->path_style);
    else if (ours->addressing != S3_ADDRESSING_AUTO)
        v->addressing = S3_ADDRESSING_AUTO;
    else if (v->addressing == S3_ADDRESSING_AUTO)
        v->addressing = addressing_of(defaults->path_style);
    pthread_mutex_unlock(&r->lock);
    return v->endpoint ? handed_out_check("s3.endpoint", v->endpoint, r->client.channel.base, err)
                       : OK;
}

/* Properties of the catalog hold for a table whose answer has none. */
must_use static enum code settle_all(struct rest_catalog *r, struct catalog_answer *a,
                                     struct err *err)
{
    bool has_rest = a->n_vended && a->vended[a->n_vended - 1].prefix[0] == '\0';
    if (!has_rest) {
        a->vended = mem_realloc(a->vended, (a->n_vended + 1) * sizeof(*a->vended));
        a->vended[a->n_vended++] = (struct vended_credentials){.prefix = mem_strdup("")};
    }
    for (size_t i = 0; i < a->n_vended; i++)
        TRY(settle(r, &a->vended[i], err));
    return OK;
}

static bool has_keys(const struct catalog_answer *a)
{
    for (size_t i = 0; i < a->n_vended; i++)
        if (a->vended[i].access_key_id)
            return true;
    return false;
}

/* The catalog signs each request for a file, and neither it nor the configuration has keys. */
must_use static enum code check_signing(const struct rest_catalog *r, const struct rest_table *t,
                                        struct err *err)
{
    const struct s3_config *ours = &r->spec->s3;
    bool is_ours =
        ours->access_key_id[0] || ours->profile[0] || ours->role_arn[0] || ours->anonymous;
    if (!t->signs_itself || is_ours || has_keys(&t->answer))
        return OK;
    return err_set(
        err, E_UNSUPPORTED,
        "it signs requests for files itself (s3.remote-signing-enabled) and hands out no "
        "credentials, which Murr does not support; give credentials in s3 of the "
        "catalog");
}

must_use static enum code take_table(struct rest_catalog *r, const char *table,
                                     const struct rest_response *res, struct rest_table *out,
                                     struct err *err)
{
    enum code rc = rest_table_parse(buf_view(&res->body), out, err);
    if (!rc)
        rc = check_signing(r, out, err);
    if (!rc)
        rc = settle_all(r, &out->answer, err);
    if (rc)
        return err_in(err, rc, "table %.200s", table);
    keep_session(r, table, out);
    return OK;
}

must_use static enum code ask(struct rest_catalog *r, const struct catalog_question *q,
                              const struct remote_op *op, struct catalog_answer *out,
                              bool *out_is_same, struct err *err)
{
    AUTO(rest_place) struct rest_place place = {0};
    AUTO(rest_response) struct rest_response res = {0};
    AUTO(rest_table) struct rest_table t = {0};
    struct view etag;
    const char *location;
    is_of_question(q, &etag, &location);
    TRY(find_place(r, op, &place, err));
    TRY(send_question(r, q, &place, etag, op, &res, err));
    *out_is_same = res.status == 304 && etag.len;
    if (*out_is_same)
        return OK;
    if (res.status != 200)
        return refuse(&res, q->table, err);
    TRY(take_table(r, q->table, &res, &t, err));
    const char *now = t.answer.metadata_location;
    *out_is_same = location[0] && now && strcmp(location, now) == 0;
    if (*out_is_same)
        return OK;
    t.answer.version = version_of(q->all_snapshots, res.etag, now);
    *out = t.answer;
    t.answer = (struct catalog_answer){0};
    return OK;
}

enum code rest_ask(struct rest_catalog *r, const struct catalog_question *q,
                   const struct remote_op *op, struct catalog_answer *out, bool *out_is_same,
                   struct err *err)
{
    enum code rc = ask(r, q, op, out, out_is_same, err);
    if (!rc)
        return OK;
    forget_config(r);
    return err_in(err, rc, "catalog %s", r->spec->name);
}

/* ------------------------------------------------------------------------------------- renewing */

/* Ask for credentials alone. *out_done is false if there is no such path, after all. */
must_use static enum code renew_by_path(struct rest_catalog *r, const char *path, const char *table,
                                        const char *token, const struct remote_op *op,
                                        struct catalog_answer *out, bool *out_done, struct err *err)
{
    AUTO(rest_response) struct rest_response res = {0};
    struct rest_request req = {.path = path, .token = token};
    TRY(rest_get(&r->client, &req, op, &res, err));
    *out_done = res.status != 404 && res.status != 405 && res.status != 501;
    if (!*out_done)
        return OK;
    if (res.status != 200)
        return refuse(&res, table, err);
    TRY(rest_credentials_parse(buf_view(&res.body), out, err));
    return settle_all(r, out, err);
}

/* The path of the table's answer, which may be a URL, relative or missing; or the usual one. */
must_use static enum code credentials_path(struct rest_catalog *r, const struct rest_place *place,
                                           const char *table, const char *said, struct buf *out,
                                           struct err *err)
{
    char shown[200];
    if (!said) {
        put_path(place, table, out);
        buf_puts(out, "/credentials");
    } else if (strstr(said, "://")) {
        if (!url_same_origin(said, r->client.channel.base))
            return err_set(err, E_INVALID,
                           "the catalog sends us to '%s' for credentials, which is another host",
                           view_printable(view_cstr(said), shown, sizeof(shown)));
        buf_puts(out, said);
    } else {
        buf_printf(out, "%s%s", said[0] == '/' ? "" : "/", said);
    }
    return OK;
}

/* Load the table again, for its credentials. */
must_use static enum code renew_by_load(struct rest_catalog *r, const struct rest_place *place,
                                        const char *table, const struct remote_op *op,
                                        struct catalog_answer *out, struct err *err)
{
    AUTO(rest_response) struct rest_response res = {0};
    AUTO(rest_table) struct rest_table t = {0};
    struct catalog_question q = {.table = table};
    TRY(send_question(r, &q, place, (struct view){0}, op, &res, err));
    if (res.status != 200)
        return refuse(&res, table, err);
    TRY(take_table(r, table, &res, &t, err));
    *out = (struct catalog_answer){.vended = t.answer.vended, .n_vended = t.answer.n_vended};
    t.answer.vended = NULL;
    t.answer.n_vended = 0;
    return OK;
}

must_use static enum code renew(struct rest_catalog *r, const char *table,
                                const struct remote_op *op, struct catalog_answer *out,
                                struct err *err)
{
    AUTO(rest_place) struct rest_place place = {0};
    AUTO(ptr) char *token = NULL, *said = NULL;
    AUTO(buf) struct buf path = {0};
    bool done = false;
    TRY(find_place(r, op, &place, err));
    get_session(r, table, &token, &said);
    if (said || place.has_credentials_path) {
        TRY(credentials_path(r, &place, table, said, &path, err));
        TRY(renew_by_path(r, buf_cstr(&path), table, token, op, out, &done, err));
    }
    return done ? OK : renew_by_load(r, &place, table, op, out, err);
}

enum code rest_renew(struct rest_catalog *r, const char *table, const struct remote_op *op,
                     struct catalog_answer *out, struct err *err)
{
    enum code rc = renew(r, table, op, out, err);
    return rc ? err_in(err, rc, "catalog %s: new credentials", r->spec->name) : OK;
}
