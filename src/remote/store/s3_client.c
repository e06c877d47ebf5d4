#include "remote/store/s3_client.h"

#include "base/clock.h"
#include "base/mem.h"
#include "remote/identity/find.h"
#include "remote/aws_xml.h"
#include "remote/uri.h"

#include <stdio.h>

/*
 * A request goes through prepare and ended, both on the thread of the transfer loop, as often as it
 * is sent again.
 *
 * (1) Everything that may change is looked up in prepare, at each attempt: credentials, region,
 *     clock. So an attempt that is sent an hour later is signed for that time.
 * (2) Nothing here waits. If there are no valid credentials, prepare asks to be called again after
 *     a few milliseconds; a thread of the chain searches for them meanwhile.
 * (3) Reasons to send a request again other than retries are counted one by one, so two servers
 *     that send us to each other cannot keep us going.
 * (4) Retries are counted without progress: a slow object of many gigabytes may break often, as
 *     long as each attempt brings some bytes.
 */

enum { MOVES_MAX = 3, CLOCKS_MAX = 2, EXPIRED_MAX = 2, CREDENTIALS_WAIT_MS = 5 };

/* ------------------------------------------------------------------------------------- client */

static const char *first_of(const char *a, const char *b, const char *c, const char *d)
{
    return a && a[0] ? a : b && b[0] ? b : c && c[0] ? c : d;
}

/* Whether it can be part of a host name and of a signature. It may come from a server, so it is
 * checked. */
static bool is_region(const char *region)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return region[0] && region[strspn(region, letters)] == '\0';
}

must_use static enum code check_places(const struct s3_client *c, struct err *err)
{
    struct uri parsed;
    char shown[100];
    if (!is_region(c->region))
        return err_set(err, E_INVALID, "'%s' is not the name of a region",
                       view_printable(view_cstr(c->region), shown, sizeof(shown)));
    if (c->endpoint[0] && uri_parse(c->endpoint, &parsed, err))
        return err_in(err, E_INVALID, "endpoint '%s'", c->endpoint);
    return OK;
}

enum code s3_client_init(struct s3_client *c, const struct s3_config *config,
                         const struct credentials_origin *origin, struct transfer_loop *loop,
                         struct err *err)
{
    *c = (struct s3_client){.config = config, .loop = loop};
    c->options = (struct transfer_options){
        .ca_file = first_of(config->ca_file, getenv("AWS_CA_BUNDLE"), NULL, ""),
        .proxy = config->proxy,
        .connect_timeout_ms = config->connect_timeout_ms,
        .stall_timeout_ms = config->stall_timeout_ms,
        .no_link_local = config->endpoint_is_foreign,
    };
    c->lane.max_in_flight = config->requests_in_flight;
    c->endpoint = mem_strdup(
        first_of(config->endpoint, getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL"), ""));
    AUTO(ptr) char *region = credentials_region(config);
    snprintf(c->region, sizeof(c->region), "%s", region);
    pthread_mutex_init(&c->lock, NULL);
    retry_policy_init(&c->retry, config->max_attempts, config->retry_delay_ms);
    c->credentials = credentials_chain_new(config, c->region, origin);
    enum code rc = check_places(c, err);
    if (rc)
        s3_client_done(c);
    return rc;
}

void s3_client_done(struct s3_client *c)
{
    if (!c->config)
        return;
    credentials_chain_free(c->credentials);
    retry_policy_done(&c->retry);
    pthread_mutex_destroy(&c->lock);
    free(c->endpoint);
    *c = (struct s3_client){0};
}

static void get_region(struct s3_client *c, char out[static 64])
{
    pthread_mutex_lock(&c->lock);
    memcpy(out, c->region, sizeof(c->region));
    pthread_mutex_unlock(&c->lock);
}

static void set_region(struct s3_client *c, const char *region)
{
    pthread_mutex_lock(&c->lock);
    snprintf(c->region, sizeof(c->region), "%s", region);
    pthread_mutex_unlock(&c->lock);
}

/* -------------------------------------------------------------------------------------- batch */

void s3_batch_init(struct s3_batch *b)
{
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->ended, NULL);
    b->n_left = 0;
}

void s3_batch_wait(struct s3_batch *b)
{
    pthread_mutex_lock(&b->lock);
    while (b->n_left)
        pthread_cond_wait(&b->ended, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

void s3_batch_done(struct s3_batch *b)
{
    pthread_cond_destroy(&b->ended);
    pthread_mutex_destroy(&b->lock);
}

/* ---------------------------------------------------------------------------------- addressing */

/* The place that a request is sent to. */
struct place {
    struct buf origin; /* "https://bucket.s3.eu-west-1.amazonaws.com" */
    struct buf host;   /* as the Host header has it */
    struct buf path;   /* not encoded */
};

static void place_done(struct place *p)
{
    buf_done(&p->origin);
    buf_done(&p->host);
    buf_done(&p->path);
}

/* Whether "bucket." in front of the host gives a name that fits DNS and AWS's certificate, which
 * covers one label. */
static bool is_dns_label(const char *bucket)
{
    for (const char *p = bucket; *p; p++)
        if (*p != '-' && !(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9'))
            return false;
    return strlen(bucket) <= 63;
}

static bool is_virtual(const struct s3_client *c, struct view host)
{
    if (c->config->addressing != S3_ADDRESSING_AUTO)
        return c->config->addressing == S3_ADDRESSING_VIRTUAL && !uri_host_is_bare(host);
    return !c->endpoint[0] && is_dns_label(c->config->bucket);
}

static void put_host(struct buf *out, const struct uri *u)
{
    bool secure = u->scheme.len == 5;
    buf_put(out, u->host.ptr, u->host.len);
    if (u->port.len && !view_eq_cstr(u->port, secure ? "443" : "80")) {
        buf_puts(out, ":");
        buf_put(out, u->port.ptr, u->port.len);
    }
}

/* The bucket goes in front of the host (AWS) or into the path (most other stores). An endpoint may
 * have a path of its own, which comes first. */
static void find_place(const struct s3_client *c, const char *region, const char *key,
                       struct place *out)
{
    AUTO(buf) struct buf url = {0};
    struct uri u;
    struct err ignored;
    if (c->endpoint[0])
        buf_puts(&url, c->endpoint);
    else
        buf_printf(&url, "https://s3.%s.amazonaws.com%s", region,
                   strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    if (uri_parse(buf_cstr(&url), &u, &ignored))
        abort(); /* checked by s3_client_init */
    bool virtual = is_virtual(c, u.host);
    if (virtual)
        buf_printf(&out->host, "%s.", c->config->bucket);
    put_host(&out->host, &u);
    buf_printf(&out->origin, "%.*s://%s", VIEW_ARG(u.scheme), buf_cstr(&out->host));
    if (u.path.len && u.path.ptr[u.path.len - 1] == '/')
        u.path.len--;
    buf_put(&out->path, u.path.ptr, u.path.len);
    if (!virtual)
        buf_printf(&out->path, "/%s", c->config->bucket);
    if (key || virtual)
        buf_puts(&out->path, "/");
    buf_puts(&out->path, key ? key : "");
}

/* ------------------------------------------------------------------------------------- signing */

enum { MAX_SIGNED = 5 };

static void add_header(struct sig_pair *headers, size_t *n, const char *name, const char *value)
{
    headers[(*n)++] = (struct sig_pair){view_cstr(name), view_cstr(value)};
}

static void put_header(struct buf *out, const char *name, struct view value)
{
    buf_printf(out, "%s: ", name);
    buf_put(out, value.ptr, value.len);
    buf_puts(out, "\n");
}

/* Append the headers and, unless anonymous, the signature. Range and If-Match, which transfer.c
 * adds, are not signed. */
static void sign(struct s3_request *r, struct place *place)
{
    struct s3_client *c = r->client;
    struct transfer *t = &r->transfer;
    struct sig_pair headers[MAX_SIGNED];
    size_t n = 0;
    char time[SIGV4_TIME_CAP];
    const struct credentials *who = &r->signed_with;
    sigv4_time(clock_wall_ms() / 1000 + atomic_load(&c->clock_offset_s), time);
    if (c->config->requester_pays)
        add_header(headers, &n, "x-amz-request-payer", "requester");
    if (!credentials_are_anonymous(who)) {
        add_header(headers, &n, "x-amz-content-sha256", SIGV4_EMPTY_HASH);
        add_header(headers, &n, "x-amz-date", time);
        if (who->session_token)
            add_header(headers, &n, "x-amz-security-token", who->session_token);
    }
    for (size_t i = 0; i < n; i++)
        put_header(&t->headers, (const char *)headers[i].name.ptr, headers[i].value);
    if (credentials_are_anonymous(who))
        return;
    add_header(headers, &n, "host", buf_cstr(&place->host));
    struct sigv4_request req = {
        .method = t->method,
        .path = buf_view(&place->path),
        .query = r->query,
        .n_query = r->n_query,
        .headers = headers,
        .n_headers = n,
        .body_hash = SIGV4_EMPTY_HASH,
    };
    struct sigv4_key key = {who->access_key_id, who->secret_access_key, r->signed_for, "s3"};
    buf_puts(&t->headers, "Authorization: ");
    sigv4_put_authorization(&t->headers, &req, &key, time);
    buf_puts(&t->headers, "\n");
}

static enum code prepare(struct transfer *t, struct err *err)
{
    struct s3_request *r = (struct s3_request *)t;
    struct s3_client *c = r->client;
    bool ready;
    credentials_done(&r->signed_with);
    TRY(credentials_try(c->credentials, &r->credentials_wait, &r->signed_with, &ready, err));
    if (!ready) {
        t->wait_ms = CREDENTIALS_WAIT_MS;
        return OK;
    }
    get_region(c, r->signed_for);
    AUTO(place) struct place place = {0};
    find_place(c, r->signed_for, r->key, &place);
    buf_reset(&t->url);
    buf_reset(&t->headers);
    buf_puts(&t->url, buf_cstr(&place.origin));
    uri_put_path(&t->url, buf_view(&place.path));
    if (r->n_query) {
        buf_puts(&t->url, "?");
        sigv4_put_query(&t->url, r->query, r->n_query);
    }
    sign(r, &place);
    return OK;
}

/* ------------------------------------------------------------------------------------- answers */

static void finish(struct s3_request *r, enum code code)
{
    struct s3_batch *b = r->batch;
    r->code = code;
    if (!code)
        retry_policy_succeeded(&r->client->retry);
    pthread_mutex_lock(&b->lock);
    b->n_left--;
    pthread_cond_broadcast(&b->ended); /* under the lock, since the waiter may free the batch */
    pthread_mutex_unlock(&b->lock);
}

static void again(struct s3_request *r, uint64_t delay_ms)
{
    transfer_start(r->client->loop, &r->transfer, delay_ms);
}

/* Send the request again after a fault that may pass, or fail it (4). */
static void retry(struct s3_request *r, const char *what)
{
    struct transfer *t = &r->transfer;
    uint64_t delay_ms;
    if (t->n_received > r->n_received_before)
        r->n_failed = 0; /* it makes progress */
    r->n_received_before = t->n_received;
    t->range.is_suffix = false; /* not every store knows suffix ranges, and we know the offset */
    r->n_failed++;
    if (retry_policy_again(&r->client->retry, r->n_failed, t->head.retry_after_s, &delay_ms)) {
        again(r, delay_ms);
        return;
    }
    finish(r, err_set(&r->err, E_IO, "%s (after %u tries)", what, r->n_failed));
}

/* "403 AccessDenied: Access Denied", with a hint if the request was not signed. */
static const char *describe(const struct s3_request *r, const struct s3_error *e,
                            char out[static 400])
{
    const struct transfer *t = &r->transfer;
    bool is_unsigned = t->head.status == 403 && !r->client->config->anonymous &&
                       credentials_are_anonymous(&r->signed_with);
    const char *hint = is_unsigned ? " (not signed: no credentials were found)" : "";
    if (e->code[0])
        snprintf(out, 400, "%d %s: %s%s", t->head.status, e->code, e->message, hint);
    else
        snprintf(out, 400, "status %d%s", t->head.status, hint);
    return out;
}

static bool is_passing(int status, const struct s3_error *e)
{
    bool is_busy =
        status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
    return is_busy || strcmp(e->code, "RequestTimeout") == 0 || strcmp(e->code, "SlowDown") == 0 ||
           strcmp(e->code, "InternalError") == 0;
}

static bool is_expired(const struct s3_error *e)
{
    return strcmp(e->code, "ExpiredToken") == 0 || strcmp(e->code, "ExpiredTokenException") == 0 ||
           strcmp(e->code, "TokenRefreshRequired") == 0 || strcmp(e->code, "InvalidToken") == 0;
}

/* The region in the host of a redirect, "https://bucket.s3.eu-west-1.amazonaws.com/key". */
static void region_of_location(const char *location, char out[static 64])
{
    const char *at = strstr(location, "s3.");
    size_t len = at ? strcspn(at + 3, "./") : 0;
    bool is_aws = len && strncmp(at + 3 + len, ".amazonaws.com", 14) == 0;
    snprintf(out, 64, "%.*s", is_aws ? (int)len : 0, is_aws ? at + 3 : "");
}

/* If the answer says that the bucket is in another region, send the request there. All later
 * requests go there, too. */
static bool follow(struct s3_request *r, const struct s3_error *e)
{
    const struct transfer *t = &r->transfer;
    int status = t->head.status;
    char of_location[64];
    region_of_location(t->head.location, of_location);
    const char *region = first_of(t->head.region, e->region, of_location, "");
    if (status != 301 && status != 307 && status != 400 && status != 403)
        return false;
    if (!is_region(region) || strcmp(region, r->signed_for) == 0 || r->n_moved++ >= MOVES_MAX)
        return false;
    set_region(r->client, region);
    again(r, 0);
    return true;
}

/* If our clock is off, sign with the server's from now on. */
static bool adjust_clock(struct s3_request *r, const struct s3_error *e)
{
    const struct transfer *t = &r->transfer;
    if (strcmp(e->code, "RequestTimeTooSkewed") != 0 || t->head.date_s == 0 ||
        r->n_clocks++ >= CLOCKS_MAX)
        return false;
    atomic_store(&r->client->clock_offset_s, t->head.date_s - clock_wall_ms() / 1000);
    again(r, 0);
    return true;
}

static bool renew_credentials(struct s3_request *r, const struct s3_error *e)
{
    if (!is_expired(e) || r->n_expired++ >= EXPIRED_MAX)
        return false;
    credentials_refused(r->client->credentials, &r->signed_with);
    again(r, 0);
    return true;
}

/* The answer is an error: send the request again if the table in the header says so, else fail
 * it. */
static void refused(struct s3_request *r)
{
    struct transfer *t = &r->transfer;
    struct s3_error e;
    char text[400];
    int status = t->head.status;
    aws_xml_error(buf_view(&t->response), &e);
    if (adjust_clock(r, &e) || renew_credentials(r, &e) || follow(r, &e))
        return;
    describe(r, &e, text);
    bool is_gone = t->range.len && (status == 404 || status == 412 || status == 416);
    if (is_gone)
        finish(r, err_set(&r->err, E_CHANGED, "the object changed: %s", text));
    else if (status == 404)
        finish(r, err_set(&r->err, E_NOTFOUND, "%s", text));
    else if (is_passing(status, &e))
        retry(r, text);
    else
        finish(r, err_set(&r->err, E_IO, "%s", text));
}

static void ended(struct transfer *t)
{
    struct s3_request *r = (struct s3_request *)t;
    int status = t->head.status;
    if (t->is_changed)
        finish(r, err_set(&r->err, E_CHANGED, "%s", t->err.msg));
    else if (t->code == E_IO && t->loop.prepared)
        retry(r, t->err.msg);
    else if (t->code)
        finish(r, err_set(&r->err, t->code, "%s", t->err.msg));
    else if (status >= 200 && status < 300)
        finish(r, OK);
    else
        refused(r);
}

/* ------------------------------------------------------------------------------------- request */

void s3_request_init(struct s3_request *r, struct s3_client *client, const char *method,
                     const char *key, const struct remote_op *op)
{
    *r = (struct s3_request){.client = client, .key = key};
    r->transfer.method = method;
    r->transfer.options = &client->options;
    r->transfer.lane = &client->lane;
    r->transfer.op = op;
    r->transfer.prepare = prepare;
    r->transfer.ended = ended;
}

void s3_request_done(struct s3_request *r)
{
    credentials_done(&r->signed_with);
    transfer_done(&r->transfer);
}

void s3_request_send(struct s3_request *r, struct s3_batch *b)
{
    r->batch = b;
    pthread_mutex_lock(&b->lock);
    b->n_left++;
    pthread_mutex_unlock(&b->lock);
    again(r, 0);
}

enum code s3_request_run(struct s3_request *r, struct err *err)
{
    struct s3_batch b;
    s3_batch_init(&b);
    s3_request_send(r, &b);
    s3_batch_wait(&b);
    s3_batch_done(&b);
    return r->code ? err_set(err, r->code, "%s", r->err.msg) : OK;
}
