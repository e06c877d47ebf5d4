/* GET /: a short description and the most useful paths. */
#include "api/http/handlers.h"
#include "api/http/reply.h"

#include "format/json/put.h"

void home_page(struct call *call)
{
    struct buf body = {0};
    buf_puts(&body, "{\"name\":\"murr\",\"version\":");
    json_put_string(&body, view_cstr(call->api->config.version));
    buf_puts(&body, ",\"about\":\"a columnar cache: keys and columns in, Arrow or JSON out\","
                    "\"paths\":{\"/v1/{table}/_fetch\":\"POST keys, get columns\","
                    "\"/v1/tables\":\"the tables and their schemas\","
                    "\"/readyz?verbose\":\"the state of each table\","
                    "\"/metrics\":\"for Prometheus\","
                    "\"/openapi.json\":\"every route\"}}\n");
    reply_json(call, 200, &body);
}
