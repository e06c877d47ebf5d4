/* The handlers of the routes (routes.c), each of which answers a call. */
#ifndef MURR_API_HTTP_HANDLERS_H
#define MURR_API_HTTP_HANDLERS_H

#include "api/http/call.h"

typedef void (*handler_fn)(struct call *call);

void fetch_list(struct call *call);          /* POST /v1/{table}/_fetch */
void fetch_map(struct call *call);           /* POST /api/v1/table/{name}/fetch */
void list_classic_tables(struct call *call); /* GET /api/v1/table */
void list_tables(struct call *call);         /* GET /v1/tables */
void table_schema(struct call *call);        /* GET /api/v1/table/{name}/schema */
void create_table(struct call *call);        /* PUT /api/v1/table/{name} */
void drop_table(struct call *call);          /* DELETE */
void write_table(struct call *call);         /* PUT /api/v1/table/{name}/write */
void patch_table(struct call *call);         /* PATCH */
void delete_rows(struct call *call);         /* POST /api/v1/table/{name}/delete */
void accept_partition(struct call *call);    /* POST /api/v1/table/{name}/accept */
void compact_table(struct call *call);       /* POST /api/v1/table/{name}/compact */
void probe_health(struct call *call);        /* GET /health */
void probe_live(struct call *call);          /* GET /livez */
void probe_ready(struct call *call);         /* GET /readyz */
void metrics_page(struct call *call);        /* GET /metrics */
void openapi_page(struct call *call);        /* GET /openapi.json */
void home_page(struct call *call);           /* GET / */

#endif
