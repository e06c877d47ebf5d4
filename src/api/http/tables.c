/* Lists of tables, their schemas, and accepting a refused partition. */
#include "api/http/handlers.h"
#include "api/http/reply.h"
#include "base/mem.h"

#include "format/json/put.h"
#include "format/json/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The dtypes that the published client knows. */
static bool is_classic_dtype(enum dtype t)
{
    switch (t) {
    case DT_UTF8:
    case DT_BOOL:
    case DT_INT8:
    case DT_INT16:
    case DT_INT32:
    case DT_INT64:
    case DT_UINT8:
    case DT_UINT16:
    case DT_UINT32:
    case DT_UINT64:
    case DT_FLOAT32:
    case DT_FLOAT64:
        return true;
    case DT_BINARY:
    case DT_FLOAT16:
    case DT_DATE32:
    case DT_TIMESTAMP:
    case DT_DECIMAL128:
    case DT_LIST:
    case DT_FIXED_BINARY:
    case DT_TIME32:
    case DT_TIME64:
    case DT_DECIMAL256:
    case DT_DURATION:
        return false;
    }
    return false;
}

/* A table with another dtype would break that client's list of all tables. */
static bool is_classic(const struct schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (!is_classic_dtype(schema->fields[i].type.dtype))
            return false;
    return true;
}

/* Tables that have data; one that is configured but not loaded has no schema to show yet. */
static void reply_tables(struct call *call, bool classic_only)
{
    size_t n_listed = 0;
    struct table_list all;
    struct buf body = {0};
    service_list(&call->admitted, call->req->arena, &all);
    buf_puts(&body, "{");
    for (size_t i = 0; i < all.n; i++) {
        if (classic_only && !is_classic(all.tables[i].schema))
            continue;
        if (n_listed++)
            buf_puts(&body, ",");
        json_put_string(&body, view_cstr(all.tables[i].name));
        buf_puts(&body, ":");
        json_put_schema_flags(&body, all.tables[i].schema);
    }
    buf_puts(&body, "}");
    table_list_done(&all);
    reply_json(call, 200, &body);
}

void list_classic_tables(struct call *call)
{
    reply_tables(call, true);
}

void list_tables(struct call *call)
{
    reply_tables(call, false);
}

void table_schema(struct call *call)
{
    struct buf body = {0};
    struct snapshot *snapshot;
    struct err err;
    enum code rc = service_schema(&call->admitted, &snapshot, &err);
    if (rc) {
        reply_error(call, rc, &err);
        return;
    }
    json_put_schema_flags(&body, snapshot_schema(snapshot));
    snapshot_unref(snapshot);
    reply_json(call, 200, &body);
}

static bool is_fingerprint(const char *text, uint64_t *out)
{
    char *end;
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *out = strtoull(text, &end, 16);
    return *end == '\0';
}

/* {"fingerprint": "0123456789abcdef"}, and nothing else. */
must_use static enum code parse_fingerprint(struct view body, uint64_t *out, struct err *err)
{
    char text[128], digits[17] = "";
    int used = 0;
    snprintf(text, sizeof(text), "%.*s", VIEW_ARG(body));
    if (body.len < sizeof(text) &&
        sscanf(text, " { \"fingerprint\" : \"%16[0-9a-f]\" } %n", digits, &used) == 1 &&
        (size_t)used == strlen(text) && is_fingerprint(digits, out))
        return OK;
    return err_set(err, E_INVALID,
                   "the body names the partition to take, as /readyz?verbose says it: "
                   "{\"fingerprint\": \"0123456789abcdef\"}");
}

/* The fingerprint is in the query or in the body. */
must_use static enum code named_fingerprint(struct call *call, uint64_t *out, struct err *err)
{
    char text[17];
    TRY(call_check_body(call, err));
    struct http_values named = http_request_query_values(call->req, "fingerprint");
    if (named.n == 0)
        return parse_fingerprint(call->req->body, out, err);
    snprintf(text, sizeof(text), "%.*s", VIEW_ARG(named.values[0]));
    if (named.n == 1 && named.values[0].len == 16 && is_fingerprint(text, out))
        return OK;
    return err_set(err, E_INVALID,
                   "'%.*s' is no fingerprint: that has 16 digits, 0 to 9 and a to f",
                   VIEW_ARG(named.values[0]));
}

void accept_partition(struct call *call)
{
    struct buf body = {0};
    struct err err;
    uint64_t fingerprint = 0;
    enum code rc = named_fingerprint(call, &fingerprint, &err);
    if (!rc)
        rc = service_accept(&call->admitted, fingerprint, &err);
    if (rc) {
        reply_error(call, rc, &err);
        return;
    }
    buf_printf(&body, "{\"accepted\":\"%016" PRIx64 "\"}", fingerprint);
    reply_json(call, 200, &body);
}
