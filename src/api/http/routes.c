#include "api/http/admission.h"
#include "api/http/api_priv.h"

#include "base/log.h"
#include "format/json/put.h"

#include <stdio.h>
#include <strings.h>

/* In patterns {} is one path segment, handed to the route decoded. */
struct route {
    const char *method;
    const char *pattern;
    route_fn run;
    unsigned kind;
};
enum {
    ADMIN = 1,  /* also on the admin port */
    SPOOL = 2,  /* the body may go to a file */
    CHANGES = 4 /* tables */
};

static const struct route routes[] = {
    {"POST", "/v1/{}/_fetch", fetch_list, 0},
    {"POST", "/api/v1/table/{}/fetch", fetch_map, 0},
    {"GET", "/api/v1/table/{}/schema", table_schema, 0},
    {"PUT", "/api/v1/table/{}", create_table, CHANGES},
    {"DELETE", "/api/v1/table/{}", drop_table, CHANGES},
    {"PUT", "/api/v1/table/{}/write", write_table, CHANGES | SPOOL},
    {"PATCH", "/api/v1/table/{}/write", patch_table, CHANGES | SPOOL},
    {"POST", "/api/v1/table/{}/delete", delete_rows, CHANGES | SPOOL},
    {"POST", "/api/v1/table/{}/compact", compact_table, CHANGES},
    {"POST", "/api/v1/table/{}/accept", accept_partition, CHANGES},
    {"GET", "/api/v1/table", list_classic_tables, 0},
    {"GET", "/v1/tables", list_tables, 0},
    {"GET", "/health", probe_health, ADMIN},
    {"GET", "/livez", probe_live, ADMIN},
    {"GET", "/readyz", probe_ready, ADMIN},
    {"GET", "/metrics", metrics_page, ADMIN},
    {"GET", "/openapi.json", openapi_page, 0},
    {"GET", "/", home_page, 0},
};
enum { N_ROUTES = sizeof(routes) / sizeof(routes[0]), N_COUNTED_ROUTES = N_ROUTES + 1 };

/* Statuses that are counted by themselves; others count as the last. */
static const unsigned counted_statuses[] = {200, 201, 204, 400, 403, 404, 405, 406, 409,
                                            413, 415, 429, 431, 501, 503, 507, 500};
enum { N_STATUSES = sizeof(counted_statuses) / sizeof(counted_statuses[0]) };

void reply_text(struct call *call, unsigned status, const char *content_type, struct buf *take_text)
{
    free(call->res->body);
    call->res->status = status;
    call->res->content_type = content_type;
    call->res->body_len = take_text->len;
    call->res->body = buf_detach(take_text);
}

void reply_status(struct call *call, struct status status, const char *message)
{
    struct buf body = {0};
    buf_puts(&body, "{\"error\":");
    json_put_string(&body, view_cstr(message));
    buf_printf(&body, ",\"code\":\"%s\"}", status.name);
    reply_json(call, status.http, &body);
}

/* A message cut in the middle of a character would be no JSON. */
static const char *as_utf8(char *message)
{
    size_t len = strlen(message);
    for (size_t cut = 0; cut < 4 && len && !view_is_utf8(view_of(message, len)); cut++)
        message[--len] = '\0';
    return view_is_utf8(view_of(message, len)) ? message : "the message is not UTF-8";
}

void reply_error(struct call *call, enum code code, const struct err *err)
{
    struct status status = status_of(code);
    struct err copy = *err;
    if (status.http >= 500 && code != E_NOSPACE) /* a full disk is told by who found it */
        log_error("request failed", log_str("path", call->path), log_str("error", err->msg));
    if (code == E_BUSY)
        reply_header(call, "Retry-After", "1");
    reply_status(call, status, as_utf8(copy.msg));
}

void reply_header(struct call *call, const char *name, const char *value)
{
    struct http_response *res = call->res;
    if (res->n_headers == HTTP_HEADERS_MAX)
        return;
    res->headers[res->n_headers].name = name;
    res->headers[res->n_headers++].value = value;
}

enum code check_body(const struct call *call, struct err *err)
{
    switch (call->req->body_rc) {
    case OK:
        return OK;
    case E_LIMIT:
        return err_set(err, E_LIMIT, "the body is larger than server.max_%s_bytes allows",
                       routes[call->route].kind & SPOOL ? "write" : "body");
    case E_BUSY:
        return err_set(err, E_BUSY,
                       "too many bytes of uploads at a time (server.max_upload_bytes)");
    case E_NOSPACE:
        return err_set(err, E_NOSPACE, "no space in the data directory to receive the body");
    default:
        return err_set(err, call->req->body_rc, "the body could not be kept; the log says why");
    }
}

static struct view take_segment(const char **path)
{
    const char *start = *path + (**path == '/');
    size_t len = strcspn(start, "/");
    *path = start + len;
    return view_of(start, len);
}

/* Whether the path fits the pattern; `capture` is what {} stands for, still encoded. */
static bool matches(const char *pattern, const char *path, struct view *capture)
{
    while (*pattern && *path) {
        struct view want = take_segment(&pattern), have = take_segment(&path);
        if (view_eq_cstr(want, "{}") && have.len > 0)
            *capture = have;
        else if (!view_eq(want, have))
            return false;
    }
    return *pattern == *path;
}

/* "GET, HEAD" for the methods of the routes that fit the path; "" when none does. */
static const char *allowed_methods(const char *path, bool admin, char out[64])
{
    out[0] = '\0';
    for (size_t i = 0; i < N_ROUTES; i++) {
        struct view capture;
        if ((admin && !(routes[i].kind & ADMIN)) || !matches(routes[i].pattern, path, &capture))
            continue;
        size_t used = strlen(out);
        bool get = strcmp(routes[i].method, "GET") == 0;
        snprintf(out + used, 64 - used, "%s%s%s", used ? ", " : "", routes[i].method,
                 get ? ", HEAD" : "");
    }
    return out;
}

static void refuse_path(struct call *call, bool admin)
{
    char allowed[64], message[200], shown[120];
    allowed_methods(call->req->path, admin, allowed);
    view_printable(view_cstr(call->req->path), shown, sizeof(shown));
    if (allowed[0] == '\0') {
        snprintf(message, sizeof(message), "no such path: %s", shown);
        reply_status(call, status_not_found, message);
        return;
    }
    snprintf(message, sizeof(message), "%.20s is not allowed here; allowed: %s", call->req->method,
             allowed);
    reply_header(call, "Allow", arena_strndup(call->req->arena, allowed, strlen(allowed)));
    reply_status(call, status_method_not_allowed, message);
}

/* Bodies are read as they come; a coding nobody undoes would be taken for rows that are malformed. */
static bool refuse_coding(struct call *call)
{
    const char *coding = http_request_header(call->req, "Content-Encoding");
    char message[200], shown[40];
    if (!coding || !coding[0] || strcasecmp(coding, "identity") == 0)
        return false;
    snprintf(message, sizeof(message),
             "Content-Encoding '%s' is not read here; send the body as it is, or Parquet or Arrow "
             "with compressed pages or buffers",
             view_printable(view_cstr(coding), shown, sizeof(shown)));
    reply_header(call, "Accept-Encoding", "identity");
    reply_status(call, status_unsupported_type, message);
    return true;
}

/* Run the route that fits; returns its number, or N_ROUTES where none does. */
static size_t dispatch(struct call *call, bool admin)
{
    const struct http_request *req = call->req;
    for (size_t i = 0; i < N_ROUTES; i++) {
        const struct route *r = &routes[i];
        struct view capture = {0};
        if ((admin && !(r->kind & ADMIN)) || strcmp(r->method, req->method) != 0 ||
            !matches(r->pattern, req->path, &capture))
            continue;
        call->route = i;
        if (!http_percent_decode(capture, req->arena, &call->captures[0])) {
            struct err err;
            reply_error(call, err_set(&err, E_INVALID, "the path is not percent-encoded right"),
                        &err);
            return i;
        }
        if (admission_check(call, r->kind & CHANGES) && !refuse_coding(call))
            r->run(call);
        return i;
    }
    refuse_path(call, admin);
    return N_ROUTES;
}

void count_request(struct api *api, size_t route, const struct http_response *res)
{
    size_t i = 0;
    while (i + 1 < N_STATUSES && counted_statuses[i] != res->status)
        i++;
    counter_add(api->count.requests[route * N_STATUSES + i], 1);
}

static void serve(struct api *api, const struct http_request *req, struct http_response *res,
                  bool admin)
{
    struct call call = {.api = api, .req = req, .res = res, .path = req->path};
    atomic_fetch_add_explicit(&api->n_in_flight, 1, memory_order_relaxed);
    admission_note_origin(&call);
    size_t route = admission_preflight(&call) ? N_ROUTES : dispatch(&call, admin);
    if (call.is_deferred)
        return;
    admission_put_cors(&call);
    count_request(api, route, res);
    atomic_fetch_sub_explicit(&api->n_in_flight, 1, memory_order_relaxed);
}

void api_handle(void *api, const struct http_request *req, struct http_response *res)
{
    serve(api, req, res, false);
}

void api_handle_admin(void *api, const struct http_request *req, struct http_response *res)
{
    serve(api, req, res, true);
}

struct http_rule api_rule(void *arg, const char *method, const char *path)
{
    const struct api *api = arg;
    struct view capture;
    struct http_rule rule = {.max_bytes = api->config.max_body_bytes};
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < N_ROUTES; i++)
        if (strcmp(routes[i].method, method) == 0 && matches(routes[i].pattern, path, &capture)) {
            rule.may_spool = (routes[i].kind & SPOOL) && !api->config.read_only;
            rule.is_probe = (routes[i].kind & ADMIN) != 0;
            break;
        }
    if (rule.may_spool)
        rule.max_bytes = api->config.max_write_bytes;
    return rule;
}

void api_refuse(void *arg, unsigned status, const char *message, struct http_response *res)
{
    struct call call = {.api = arg, .res = res, .path = ""};
    const struct status as = status == 503   ? status_overloaded
                             : status == 501 ? status_not_implemented
                             : status == 431 ? status_head_too_large
                                             : status_of(E_INVALID);
    if (status == 503)
        reply_header(&call, "Retry-After", "1");
    reply_status(&call, as, message);
    count_request(call.api, N_ROUTES, res);
}

void api_set_exposed(struct api *api, bool is_exposed)
{
    atomic_store(&api->is_exposed, is_exposed);
}

const char *api_exposed_warning(const struct api *api)
{
    return api->config.read_only
               ? "listens beyond this machine without authentication: whoever reaches the port can "
                 "read every table (docs/security.md)"
               : "listens beyond this machine without authentication: whoever reaches the port can "
                 "read, write and drop tables; see server.read_only (docs/security.md)";
}

void api_set_draining(struct api *api)
{
    atomic_store(&api->draining, true);
}

/* One counter for each route and status, and for paths that are no route. */
static struct counter *const *count_requests(struct metrics *m)
{
    struct counter **counters = mem_alloc(N_COUNTED_ROUTES * N_STATUSES * sizeof(*counters));
    for (size_t r = 0; r < N_COUNTED_ROUTES; r++)
        for (size_t i = 0; i < N_STATUSES; i++) {
            char labels[120];
            bool known = r < N_ROUTES;
            snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\",code=\"%u\"",
                     known ? routes[r].method : "any", known ? routes[r].pattern : "none",
                     counted_statuses[i]);
            counters[r * N_STATUSES + i] =
                metrics_counter(m, "murr_http_requests_total",
                                "Requests answered, by method, route and status.", labels);
        }
    return counters;
}

struct api *api_new(const struct api_config *config)
{
    static const uint64_t keys_bounds[] = {1, 10, 50, 100, 250, 500, 1000, 2500, 10000, 100000};
    struct api *api = mem_zalloc(sizeof(*api));
    api->config = *config;
    api->metrics = metrics_new();
    api->count.requests = count_requests(api->metrics);
    api->count.fetch_keys =
        metrics_histogram(api->metrics, "murr_fetch_keys", "Keys of a fetch.", "", keys_bounds,
                          sizeof(keys_bounds) / sizeof(keys_bounds[0]), 1);
    api->count.response_bytes = metrics_counter(api->metrics, "murr_fetch_response_bytes_total",
                                                "Bytes of the answers to fetches.", "");
    api->count.tables = table_metrics_new();
    return api;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    metrics_free(api->metrics);
    free((void *)api->count.requests);
    table_metrics_free(api->count.tables);
    free(api);
}
