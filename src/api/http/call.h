/* The API, and one request on its way through a route. */
#ifndef MURR_API_HTTP_CALL_H
#define MURR_API_HTTP_CALL_H

#include "api/http/config.h"
#include "net/http1/http.h"
#include "service/service.h"

#include <stdatomic.h>

struct api {
    struct api_config config;
    struct metrics *metrics;
    struct counter *const *requests; /* request_count.h */
    _Atomic bool is_exposed;
};

enum { CAPTURES_MAX = 1 };

struct call {
    struct api *api;
    const struct http_request *req;
    struct http_response *res;
    struct admitted admitted;           /* for the action of the route, on the table in the path */
    const char *path;                   /* for the log */
    size_t route;                       /* its number, for counting */
    const char *body_limit;             /* the setting that bounds the body */
    const char *cors_origin;            /* the page that asks, where it may; NULL: none */
    bool is_deferred;                   /* answered and counted later */
    struct view captures[CAPTURES_MAX]; /* what {} in the pattern matched, decoded */
};

/* OK, or the reason why the body is not available. */
must_use enum code call_check_body(const struct call *call, struct err *err);

#endif
