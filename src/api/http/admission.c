#include "api/http/admission.h"

#include "api/http/origin.h"
#include "api/http/reply.h"
#include "api/http/request_count.h"

#include <stdio.h>

static bool refuse(struct call *call, struct refusal_kind kind, const char *message)
{
    reply_refusal(call, kind, message);
    return false;
}

/* Any client may use any name for us. */
static bool is_open(const struct api *api)
{
    return atomic_load(&api->is_exposed) && !api->config.allowed_hosts[0];
}

bool admission_of_host(struct call *call)
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
    return refuse(call, refused_host, message);
}

bool admission_of_origin(struct call *call)
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
        return refuse(call, refused_origin, message);
    }
    if (req->body.len && origin_needs_no_leave(http_request_header(req, "Content-Type")))
        return refuse(call, refused_type,
                      "a browser must say what the body is: Content-Type application/json, "
                      "application/vnd.apache.arrow.stream or application/vnd.apache.parquet");
    return true;
}

void admission_note_origin(struct call *call)
{
    const char *origin = http_request_header(call->req, "Origin");
    const char *listed = call->api->config.cors_origins;
    call->cors_origin = origin && origin_is_listed(listed, origin) ? origin : NULL;
}

static void put_cors(struct call *call)
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

void admission_end(struct call *call)
{
    put_cors(call);
    request_count_add(call->api->requests, call->route, call->res->status);
    service_leave(call->api->config.service);
}
