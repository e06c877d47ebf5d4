#include "api/http/api.h"

#include "api/http/admission.h"
#include "api/http/call.h"
#include "api/http/reply.h"
#include "api/http/request_count.h"
#include "api/http/routes.h"
#include "base/mem.h"

/* The last counter is for paths that match no route. */
static struct counter *const *count_requests(struct metrics *m)
{
    AUTO(ptr) struct counted_route *counted = mem_alloc((n_routes + 1) * sizeof(*counted));
    for (size_t i = 0; i < n_routes; i++)
        counted[i] = (struct counted_route){routes[i].method, routes[i].pattern};
    counted[n_routes] = (struct counted_route){"any", "none"};
    return request_count_new(m, counted, n_routes + 1);
}

struct api *api_new(const struct api_config *config)
{
    struct api *api = mem_zalloc(sizeof(*api));
    api->config = *config;
    api->metrics = metrics_new();
    api->requests = count_requests(api->metrics);
    return api;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    metrics_free(api->metrics);
    free((void *)api->requests);
    free(api);
}

static void serve(struct api *api, const struct http_request *req, struct http_response *res,
                  bool is_admin)
{
    struct call call = {.api = api, .req = req, .res = res, .path = req->path, .route = n_routes};
    service_enter(api->config.service);
    admission_note_origin(&call);
    if (!admission_preflight(&call))
        routes_run(&call, is_admin);
    if (!call.is_deferred)
        admission_end(&call);
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
    const struct route *r = routes_find(method, path);
    struct http_rule rule = {.max_bytes = api->config.max_body_bytes};
    if (!r)
        return rule;
    rule.may_spool = (r->flags & ROUTE_SPOOL) && !service_is_read_only(api->config.service);
    rule.is_probe = (r->flags & ROUTE_ADMIN) != 0;
    if (rule.may_spool)
        rule.max_bytes = api->config.max_write_bytes;
    return rule;
}

void api_refuse(void *arg, unsigned status, const char *message, struct http_response *res)
{
    struct call call = {.api = arg, .res = res, .path = ""};
    const struct refusal_kind kind = status == 503   ? refused_overload
                                     : status == 501 ? refused_feature
                                     : status == 431 ? refused_head
                                                     : refused_request;
    if (status == 503)
        reply_header(&call, "Retry-After", "1");
    reply_refusal(&call, kind, message);
    request_count_add(call.api->requests, n_routes, res->status);
}
