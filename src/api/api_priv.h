/* What the routes share. */
#ifndef MURR_API_API_PRIV_H
#define MURR_API_API_PRIV_H

#include "api/api.h"
#include "api/status.h"
#include "base/buf.h"
#include "net/metrics.h"

#include <stdatomic.h>

/* What is counted for one table. */
struct table_metrics {
    const char *name;
    struct histogram *fetch_arrow, *fetch_json; /* ns */
    struct counter *cells_found, *cells_missing;
};

struct api {
    struct api_config config;
    struct metrics *metrics;
    struct {
        struct counter *const *requests; /* route * n_statuses + status */
        struct histogram *fetch_keys;
        struct counter *response_bytes;
        struct table_metrics *tables;
        size_t n_tables;
    } count;
    struct arena names; /* of count.tables */
    _Atomic unsigned n_in_flight;
    _Atomic bool draining;
};

enum { CAPTURES_MAX = 1 };

/* One request on its way through a route. */
struct call {
    struct api *api;
    const struct http_request *req;
    struct http_response *res;
    struct view captures[CAPTURES_MAX]; /* what {} in the pattern matched, decoded */
};

typedef void (*route_fn)(struct call *call);

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
void list_tables(struct call *call);
void table_schema(struct call *call);
void probe_health(struct call *call);
void probe_live(struct call *call);
void probe_ready(struct call *call);
void metrics_page(struct call *call);
void openapi_page(struct call *call);

/* The metrics of a table, or NULL when it was not there at the start. */
const struct table_metrics *api_table_metrics(const struct api *api, struct view table);

#endif
