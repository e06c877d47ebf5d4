#include "source/iceberg/rest_client.h"

#include "base/clock.h"
#include "base/mem.h"
#include "remote/identity/find.h"
#include "remote/uri.h"
#include "source/iceberg/handed_out.h"
#include "source/iceberg/rest_answer.h"

#include <stdio.h>

/*
 * A request goes through up to three loops, each inside the one before:
 *
 *     rest_get     other credentials, once; another place, up to REDIRECTS_MAX times
 *     rest_send    faults that may pass, within the budget of the catalog
 *     the loop     waits for credentials to sign with, and for a free place
 *
 * The signature is made in `prepare`, so it has the time at which the request is sent.
 */

enum { REDIRECTS_MAX = 3, CREDENTIALS_WAIT_MS = 5 };

/* ------------------------------------------------------------------------------------- client */

static const char *first_of(const char *a, const char *b)
{
    return a && a[0] ? a : b;
}

static const char *default_service(enum catalog_kind kind)
{
    switch (kind) {
    case CATALOG_GLUE:
        return "glue";
    case CATALOG_S3TABLES:
        return "s3tables";
    case CATALOG_REST:
    case CATALOG_FILESYSTEM:
        break;
    }
    return "";
}

/* The region in "arn:aws:s3tables:eu-west-1:...", empty in what is not an ARN. */
static struct view region_of_arn(const char *arn)
{
    const char *at = strncmp(arn, "arn:", 4) == 0 ? arn + 4 : "";
    for (int i = 0; i < 2; i++) {
        const char *colon = strchr(at, ':');
        at = colon ? colon + 1 : "";
    }
    return view_of(at, strcspn(at, ":"));
}

/* Who signs needs a region; it also becomes part of a host name. */
must_use static enum code find_region(const struct catalog_spec *spec, char **out, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    struct view of_arn = region_of_arn(spec->kind == CATALOG_S3TABLES ? spec->warehouse : "");
    AUTO(ptr)
    char *region = spec->sigv4.region[0] ? mem_strdup(spec->sigv4.region)
                   : of_arn.len          ? mem_strndup(of_arn.ptr, of_arn.len)
                                         : credentials_region(&spec->s3);
    char shown[80];
    if (!region[0] || region[strspn(region, letters)])
        return err_set(err, E_INVALID, "'%s' is not the name of a region",
                       view_printable(view_cstr(region), shown, sizeof(shown)));
    *out = region;
    region = NULL;
    return OK;
}

/* The address of the configuration, or that of AWS. */
static void put_base(const struct rest_client *c, const struct catalog_spec *spec, struct buf *out)
{
    if (spec->uri[0])
        buf_puts(out, spec->uri);
    else
        buf_printf(out, "https://%s.%s.amazonaws.com%s/iceberg", c->service, c->region,
                   strncmp(c->region, "cn-", 3) == 0 ? ".cn" : "");
}

enum code rest_client_init(struct rest_client *c, const struct catalog_spec *spec,
                           struct transfer_loop *loop, struct err *err)
{
    AUTO(buf) struct buf base = {0};
    *c =
        (struct rest_client){.service = first_of(spec->sigv4.service, default_service(spec->kind))};
    if (c->service[0])
        TRY(find_region(spec, &c->region, err));
    put_base(c, spec, &base);
    enum code rc = rest_channel_init(&c->channel, spec, buf_cstr(&base), loop, err);
    if (rc) {
        rest_client_done(c);
        return rc;
    }
    if (c->service[0])
        c->keys = credentials_chain_new(&spec->s3, c->region, NULL);
    rest_auth_init(&c->auth, &c->channel);
    return OK;
}

void rest_client_done(struct rest_client *c)
{
    credentials_chain_free(c->keys);
    rest_auth_done(&c->auth);
    rest_channel_done(&c->channel);
    free(c->region);
    *c = (struct rest_client){0};
}

/* ------------------------------------------------------------------------------------- request */

/* One attempt with one identity. */
struct rest_call {
    struct transfer transfer; /* first: prepare casts it back */
    struct rest_client *client;
    const struct rest_request *request;
    const char *url; /* without the query */
    const char *token;
    struct credentials signed_with;
    struct credentials_wait credentials_wait;
};

static void rest_call_done(struct rest_call *call)
{
    credentials_done(&call->signed_with);
    transfer_done(&call->transfer);
}

static void put_header(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s: %s\n", name, value);
}

static void put_host(struct buf *out, const struct uri *u)
{
    buf_put(out, u->host.ptr, u->host.len);
    bool is_default = u->port.len == 0 || view_eq_cstr(u->port, u->scheme.len == 5 ? "443" : "80");
    if (!is_default)
        buf_printf(out, ":%.*s", VIEW_ARG(u->port));
}

/*
 * Sign by AWS's rules for services other than S3: they want the path encoded once more than it is
 * sent. sigv4.c encodes what it is given, so it is given the path as it is sent.
 */
static void sign(struct rest_call *call)
{
    struct rest_client *c = call->client;
    struct buf *headers = &call->transfer.headers;
    const struct credentials *who = &call->signed_with;
    AUTO(buf) struct buf host = {0};
    struct uri u;
    struct err ignored;
    char time[SIGV4_TIME_CAP];
    if (uri_parse(call->url, &u, &ignored))
        abort(); /* checked by rest_client_init and follow */
    put_host(&host, &u);
    sigv4_time(clock_wall_ms() / 1000, time);
    struct sig_pair pairs[3] = {{view_cstr("host"), buf_view(&host)},
                                {view_cstr("x-amz-date"), view_cstr(time)}};
    put_header(headers, "x-amz-date", time);
    if (who->session_token) {
        pairs[2] =
            (struct sig_pair){view_cstr("x-amz-security-token"), view_cstr(who->session_token)};
        put_header(headers, "x-amz-security-token", who->session_token);
    }
    struct sigv4_request req = {.method = "GET",
                                .path = u.path.len ? u.path : view_cstr("/"),
                                .query = call->request->query,
                                .n_query = call->request->n_query,
                                .headers = pairs,
                                .n_headers = who->session_token ? 3 : 2,
                                .body_hash = SIGV4_EMPTY_HASH};
    struct sigv4_key key = {who->access_key_id, who->secret_access_key, c->region, c->service};
    buf_puts(headers, "Authorization: ");
    sigv4_put_authorization(headers, &req, &key, time);
    buf_puts(headers, "\n");
}

static void put_headers(struct rest_call *call)
{
    const struct catalog_spec *spec = call->client->channel.spec;
    struct buf *headers = &call->transfer.headers;
    buf_reset(headers);
    put_header(headers, "Accept", "application/json");
    for (size_t i = 0; i < spec->n_headers; i++)
        put_header(headers, spec->headers[i].name, spec->headers[i].value);
    buf_puts(headers, call->request->headers ? call->request->headers : "");
    if (call->token)
        buf_printf(headers, "Authorization: Bearer %s\n", call->token);
}

/* On the loop's thread. */
static enum code prepare(struct transfer *t, struct err *err)
{
    struct rest_call *call = (struct rest_call *)t;
    struct credentials_chain *keys = call->client->keys;
    bool ready = true;
    put_headers(call);
    if (!keys)
        return OK;
    credentials_done(&call->signed_with);
    TRY(credentials_try(keys, &call->credentials_wait, &call->signed_with, &ready, err));
    if (!ready)
        t->wait_ms = CREDENTIALS_WAIT_MS;
    else if (credentials_are_anonymous(&call->signed_with))
        return err_set(err, E_INVALID, "no credentials to sign with were found");
    else
        sign(call);
    return OK;
}

static void put_url(struct rest_call *call)
{
    buf_reset(&call->transfer.url);
    buf_puts(&call->transfer.url, call->url);
    if (call->request->n_query) {
        buf_puts(&call->transfer.url, "?");
        sigv4_put_query(&call->transfer.url, call->request->query, call->request->n_query);
    }
}

/* Whether a redirect is followed; then *url is where it leads. A path is of the same host. */
must_use static enum code follow(const struct rest_client *c, const struct transfer_head *head,
                                 struct buf *url, struct err *err)
{
    char shown[200];
    struct uri u;
    view_printable(view_cstr(head->location), shown, sizeof(shown));
    if (head->location[0] == '/' && head->location[1] != '/' &&
        uri_parse(buf_cstr(url), &u, err) == OK) {
        url->len -= u.path.len;
        buf_puts(url, head->location);
    } else {
        TRY(handed_out_check("a redirect to", head->location, c->channel.base, err));
        if (!url_same_origin(head->location, c->channel.base))
            return err_set(err, E_INVALID,
                           "the catalog redirects to '%s', which is another host; if that is "
                           "right, make it the uri of the catalog",
                           shown);
        buf_reset(url);
        buf_puts(url, head->location);
    }
    buf_cstr(url);
    url->len = strcspn((const char *)url->ptr, "?#"); /* the query is added again */
    return OK;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

/* Send to `url`, and on to where redirects lead. */
must_use static enum code send_along(struct rest_call *call, const struct remote_op *op,
                                     struct buf *url, struct err *err)
{
    const struct transfer_head *head = &call->transfer.head;
    for (int i = 0;; i++) {
        call->url = buf_cstr(url);
        put_url(call);
        TRY(rest_send(&call->client->channel, &call->transfer, op, err));
        if (!is_redirect(head->status) || i == REDIRECTS_MAX)
            return OK;
        TRY(follow(call->client, head, url, err));
    }
}

/* Whether the answer says that our identity is no longer valid. */
static bool is_unauthorized(const struct rest_call *call)
{
    char refusal[REST_REFUSAL_CAP];
    int status = call->transfer.head.status;
    if (!call->client->keys)
        return status == 401 || status == 419;
    rest_refusal(buf_view(&call->transfer.response), refusal);
    return (status == 401 || status == 403 || status == 400) &&
           (strstr(refusal, "ExpiredToken") || strcasestr(refusal, "expired"));
}

/* Whether there may be another identity to try with. */
static bool refuse_identity(struct rest_call *call, struct rest_response *out)
{
    struct rest_client *c = call->client;
    if (c->keys) {
        credentials_refused(c->keys, &call->signed_with);
        return true;
    }
    if (call->token && call->token == call->request->token && !out->token_refused)
        return out->token_refused = true;
    return call->token && rest_auth_refuse(&c->auth, call->token);
}

static void take_answer(struct rest_call *call, struct rest_response *out)
{
    out->status = call->transfer.head.status;
    buf_done(&out->body);
    out->body = call->transfer.response;
    call->transfer.response = (struct buf){0};
    memcpy(out->etag, call->transfer.head.etag, sizeof(out->etag));
}

/* Send with one identity. *out_again: that one was refused, and there may be another. */
must_use static enum code get_once(struct rest_client *c, const struct rest_request *req,
                                   const struct remote_op *op, struct rest_response *out,
                                   bool *out_again, struct err *err)
{
    AUTO(ptr) char *token = NULL;
    AUTO(buf) struct buf url = {0};
    AUTO(rest_call)
    struct rest_call call = {
        .transfer = {.method = "GET", .prepare = prepare}, .client = c, .request = req};
    bool has_own = req->token && !out->token_refused;
    if (!has_own)
        TRY(rest_auth_token(&c->auth, op, &token, err));
    call.token = has_own ? req->token : token;
    buf_printf(&url, "%s%s", req->path[0] == '/' ? c->channel.base : "", req->path);
    TRY(send_along(&call, op, &url, err));
    *out_again = is_unauthorized(&call) && refuse_identity(&call, out);
    take_answer(&call, out);
    return OK;
}

enum code rest_get(struct rest_client *c, const struct rest_request *req,
                   const struct remote_op *op, struct rest_response *out, struct err *err)
{
    bool again = true;
    enum code rc = OK;
    /* Once more with another identity. The token of a table gives way to that of the catalog. */
    for (int i = req->token ? 3 : 2; !rc && again && i > 0; i--)
        rc = get_once(c, req, op, out, &again, err);
    if (rc)
        rest_response_done(out);
    return rc;
}

void rest_response_done(struct rest_response *r)
{
    buf_done(&r->body);
    *r = (struct rest_response){0};
}

enum code rest_refused(const struct rest_response *r, struct err *err)
{
    char refusal[REST_REFUSAL_CAP];
    rest_refusal(buf_view(&r->body), refusal);
    const char *who = r->status == 401 || r->status == 403 ? "it does not let us in: " : "";
    return err_set(err, E_IO, "%sstatus %d%s%s", who, r->status, refusal[0] ? " " : "", refusal);
}
