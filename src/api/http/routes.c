#include "api/http/routes.h"

#include "api/http/admission.h"
#include "api/http/reply.h"

#include <stdio.h>
#include <strings.h>

/*
 * A request is decided in this order, and each step answers if it refuses:
 *
 *     the path and method          404, 405      this file
 *     the name in the Host header  403           admission.c: protects from DNS rebinding
 *     the action on the table      403           service_admit: read-only server or table
 *     the origin of a change       403, 415      admission.c: protects from other web pages
 *     the coding of the body       415           this file
 *     the handler                                parses the body, and calls the service
 *
 * Everything before the handler needs only the head. So a request that is not allowed is refused
 * for that reason, even if its body is too large or malformed as well.
 */
const struct route routes[] = {
    {"POST", "/v1/{}/_fetch", fetch_list, ACTION_READ, 0},
    {"POST", "/api/v1/table/{}/fetch", fetch_map, ACTION_READ, 0},
    {"GET", "/api/v1/table/{}/schema", table_schema, ACTION_LIST, 0},
    {"PUT", "/api/v1/table/{}", create_table, ACTION_MANAGE, 0},
    {"DELETE", "/api/v1/table/{}", drop_table, ACTION_MANAGE, 0},
    {"PUT", "/api/v1/table/{}/write", write_table, ACTION_WRITE, ROUTE_SPOOL},
    {"PATCH", "/api/v1/table/{}/write", patch_table, ACTION_WRITE, ROUTE_SPOOL},
    {"POST", "/api/v1/table/{}/delete", delete_rows, ACTION_WRITE, ROUTE_SPOOL},
    {"POST", "/api/v1/table/{}/compact", compact_table, ACTION_MANAGE, 0},
    {"POST", "/api/v1/table/{}/accept", accept_partition, ACTION_MANAGE, 0},
    {"GET", "/api/v1/table", list_classic_tables, ACTION_LIST, 0},
    {"GET", "/v1/tables", list_tables, ACTION_LIST, 0},
    {"GET", "/health", probe_health, ACTION_OBSERVE, ROUTE_ADMIN},
    {"GET", "/livez", probe_live, ACTION_OBSERVE, ROUTE_ADMIN},
    {"GET", "/readyz", probe_ready, ACTION_OBSERVE, ROUTE_ADMIN},
    {"GET", "/metrics", metrics_page, ACTION_OBSERVE, ROUTE_ADMIN},
    {"GET", "/openapi.json", openapi_page, ACTION_OBSERVE, 0},
    {"GET", "/", home_page, ACTION_OBSERVE, 0},
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

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
static const char *allowed_methods(const char *path, bool is_admin, char out[64])
{
    out[0] = '\0';
    for (size_t i = 0; i < n_routes; i++) {
        struct view capture;
        if ((is_admin && !(routes[i].flags & ROUTE_ADMIN)) ||
            !matches(routes[i].pattern, path, &capture))
            continue;
        size_t used = strlen(out);
        bool get = strcmp(routes[i].method, "GET") == 0;
        snprintf(out + used, 64 - used, "%s%s%s", used ? ", " : "", routes[i].method,
                 get ? ", HEAD" : "");
    }
    return out;
}

static void refuse_path(struct call *call, bool is_admin)
{
    char allowed[64], message[200], shown[120];
    allowed_methods(call->req->path, is_admin, allowed);
    view_printable(view_cstr(call->req->path), shown, sizeof(shown));
    if (allowed[0] == '\0') {
        snprintf(message, sizeof(message), "no such path: %s", shown);
        reply_refusal(call, refused_path, message);
        return;
    }
    snprintf(message, sizeof(message), "%.20s is not allowed here; allowed: %s", call->req->method,
             allowed);
    reply_header(call, "Allow", arena_strndup(call->req->arena, allowed, strlen(allowed)));
    reply_refusal(call, refused_method, message);
}

/* We do not decode bodies. Without this refusal a compressed body would be reported as malformed
 * rows. */
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
    reply_refusal(call, refused_type, message);
    return true;
}

/* Decode the name of the table in the path. */
must_use static enum code decode_table(struct call *call, struct view encoded, struct err *err)
{
    if (http_percent_decode(encoded, call->req->arena, &call->captures[0]))
        return OK;
    return err_set(err, E_INVALID, "the path is not percent-encoded right");
}

/* First the host name, then whether the action is allowed here, then the origin. */
static void run(struct call *call, const struct route *r, struct view encoded)
{
    struct err err;
    enum code rc = decode_table(call, encoded, &err);
    call->body_limit = r->flags & ROUTE_SPOOL ? "server.max_write_bytes" : "server.max_body_bytes";
    if (!rc && !admission_of_host(call))
        return;
    if (!rc)
        rc = service_admit(call->api->config.service, r->action, call->captures[0], &call->admitted,
                           &err);
    if (rc)
        reply_error(call, rc, &err);
    else if ((!action_changes(r->action) || admission_of_origin(call)) && !refuse_coding(call))
        r->run(call);
}

void routes_run(struct call *call, bool is_admin)
{
    const struct http_request *req = call->req;
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *r = &routes[i];
        struct view capture = {0};
        if ((is_admin && !(r->flags & ROUTE_ADMIN)) || strcmp(r->method, req->method) != 0 ||
            !matches(r->pattern, req->path, &capture))
            continue;
        call->route = i;
        run(call, r, capture);
        return;
    }
    call->route = n_routes;
    refuse_path(call, is_admin);
}

const struct route *routes_find(const char *method, const char *path)
{
    struct view capture;
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < n_routes; i++)
        if (strcmp(routes[i].method, method) == 0 && matches(routes[i].pattern, path, &capture))
            return &routes[i];
    return NULL;
}
