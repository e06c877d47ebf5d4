/* Who may ask, and who may change something: looked at before a route runs. */
#include "api/http/admission.h"

#include "api/http/origin.h"

#include <stdio.h>

static bool refuse(struct call *call, struct status status, const char *message)
{
    reply_status(call, status, message);
    return false;
}

/* Where everybody may come from, by any name. */
static bool is_open(const struct api *api)
{
    return atomic_load(&api->is_exposed) && !api->config.allowed_hosts[0];
}

static bool admit_host(struct call *call)
{
    const struct api *api = call->api;
    const char *host = http_request_host(call->req);
    char message[320], shown[120];
    if (!host || is_open(api) || origin_lists_host(api->config.allowed_hosts, host) ||
        origin_lists_host(api->config.host, host))
        return true;
    if (atomic_load(&api->is_exposed) ? origin_is_address(host) : origin_is_local_host(host))
        return true;
    snprintf(message, sizeof(message),
             "this server does not go by the name '%s' of the Host header; where it should, put "
             "the name into server.allowed_hosts",
             view_printable(view_cstr(host), shown, sizeof(shown)));
    return refuse(call, status_forbidden_host, message);
}

/* A page of another origin, or a request that any page could send unasked. */
static bool admit_origin(struct call *call)
{
    const struct http_request *req = call->req;
    const char *origin = http_request_header(req, "Origin");
    const char *site = http_request_header(req, "Sec-Fetch-Site");
    char message[320], shown[120];
    if ((!origin && !site) || call->cors_origin)
        return true;
    if (origin_is_foreign(origin, site, http_request_host(req))) {
        snprintf(message, sizeof(message),
                 "a web page of another origin (%s) may not change tables; where it should, put "
                 "its origin into server.cors_origins",
                 view_printable(view_cstr(origin ? origin : site), shown, sizeof(shown)));
        return refuse(call, status_forbidden_origin, message);
    }
    if (req->body.len && origin_needs_no_leave(http_request_header(req, "Content-Type")))
        return refuse(call, status_unsupported_type,
                      "a browser must say what the body is: Content-Type application/json, "
                      "application/vnd.apache.arrow.stream or application/vnd.apache.parquet");
    return true;
}

/* The table's entry where its configuration forbids writes; else NULL. */
static const struct table_spec *unwritable(const struct api_config *c, struct view table)
{
    for (size_t i = 0; i < c->n_tables; i++)
        if (!c->tables[i].writes && view_eq_cstr(table, c->tables[i].name))
            return &c->tables[i];
    return NULL;
}

static bool admit_change(struct call *call)
{
    const struct api_config *c = &call->api->config;
    const struct table_spec *spec = unwritable(c, call->captures[0]);
    char message[200];
    if (c->read_only)
        return refuse(call, status_read_only, "the server is read-only (server.read_only)");
    if (!spec)
        return admit_origin(call);
    snprintf(message, sizeof(message), "this table takes no writes (tables.%s.writes)", spec->name);
    return refuse(call, status_read_only, message);
}

void admission_note_origin(struct call *call)
{
    const char *origin = http_request_header(call->req, "Origin");
    const char *listed = call->api->config.cors_origins;
    call->cors_origin = origin && origin_is_listed(listed, origin) ? origin : NULL;
}

bool admission_check(struct call *call, bool changes)
{
    return admit_host(call) && (!changes || admit_change(call));
}

void admission_put_cors(struct call *call)
{
    if (call->api->config.cors_origins[0])
        reply_header(call, "Vary", "Origin");
    if (!call->cors_origin)
        return;
    reply_header(call, "Access-Control-Allow-Origin", call->cors_origin);
    reply_header(call, "Access-Control-Expose-Headers", "Server-Timing, Retry-After");
}

bool admission_preflight(struct call *call)
{
    if (!call->cors_origin || strcmp(call->req->method, "OPTIONS") != 0 ||
        !http_request_header(call->req, "Access-Control-Request-Method"))
        return false;
    call->res->status = 204;
    reply_header(call, "Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH");
    reply_header(call, "Access-Control-Allow-Headers", "Accept, Content-Type");
    reply_header(call, "Access-Control-Max-Age", "600");
    return true;
}
