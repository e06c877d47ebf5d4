/* What the routes share. */
#ifndef MURR_API_HTTP_API_PRIV_H
#define MURR_API_HTTP_API_PRIV_H

#include "api/http/api.h"
#include "api/status.h"
#include "api/http/table_metrics.h"
#include "base/buf.h"

#include <stdatomic.h>

struct api {
    struct api_config config;
    struct metrics *metrics;
    struct {
        struct counter *const *requests; /* route * n_statuses + status */
        struct histogram *fetch_keys;
        struct counter *response_bytes;
        struct table_metrics_set *tables;
    } count;
    _Atomic unsigned n_in_flight;
    _Atomic bool draining;
    _Atomic bool is_exposed;
};

enum { CAPTURES_MAX = 1 };

/* One request on its way through a route. */
struct call {
    struct api *api;
    const struct http_request *req;
    struct http_response *res;
    const char *path;                   /* for the log */
    size_t route;                       /* its number, for counting */
    const char *cors_origin;            /* the page that asks, where it may; NULL: none */
    bool is_deferred;                   /* answered and counted later */
    struct view captures[CAPTURES_MAX]; /* what {} in the pattern matched, decoded */
};

typedef void (*route_fn)(struct call *call);

/* Count an answer that is given now. */
void count_request(struct api *api, size_t route, const struct http_response *res);

/* OK, or why the body that the client sent is not there. */
must_use enum code check_body(const struct call *call, struct err *err);

/* The answer is this text, which is taken. */
void reply_text(struct call *call, unsigned status, const char *content_type,
                struct buf *take_text);
#define reply_json(call, status, text) reply_text(call, status, "application/json", text)

/* The answer is {"error": ..., "code": ...}. */
void reply_status(struct call *call, struct status status, const char *message);
void reply_error(struct call *call, enum code code, const struct err *err);
void reply_header(struct call *call, const char *name, const char *value);

void fetch_list(struct call *call); /* POST /v1/{table}/_fetch */
void fetch_map(struct call *call);  /* POST /api/v1/table/{name}/fetch */
void list_classic_tables(struct call *call);
void list_tables(struct call *call);
void table_schema(struct call *call);
void create_table(struct call *call);     /* PUT /api/v1/table/{name} */
void drop_table(struct call *call);       /* DELETE */
void write_table(struct call *call);      /* PUT /api/v1/table/{name}/write */
void patch_table(struct call *call);      /* PATCH */
void delete_rows(struct call *call);      /* POST /api/v1/table/{name}/delete */
void accept_partition(struct call *call); /* POST /api/v1/table/{name}/accept */
void compact_table(struct call *call);    /* POST /api/v1/table/{name}/compact */
void probe_health(struct call *call);
void probe_live(struct call *call);
void probe_ready(struct call *call);
void metrics_page(struct call *call);
void openapi_page(struct call *call);
void home_page(struct call *call); /* GET / */

#endif
