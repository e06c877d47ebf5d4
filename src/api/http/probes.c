/* Probes for orchestrators: is the process alive, and does every table serve what it should? */
#include "api/http/exposure.h"
#include "api/http/handlers.h"
#include "api/http/reply.h"

#include "base/clock.h"
#include "format/json/put.h"

static const struct table_status *status_of_tables(struct call *call, size_t *out_n,
                                                   size_t *out_n_loaded)
{
    const struct table_status *tables = service_status(&call->admitted, call->req->arena, out_n);
    *out_n_loaded = 0;
    for (size_t i = 0; i < *out_n; i++)
        *out_n_loaded += tables[i].loaded;
    return tables;
}

void probe_health(struct call *call)
{
    size_t n, n_loaded;
    struct buf body = {0};
    status_of_tables(call, &n, &n_loaded);
    buf_printf(&body, "{\"status\":\"healthy\",\"tables_loaded\":%zu}", n_loaded);
    reply_json(call, 200, &body);
}

void probe_live(struct call *call)
{
    struct buf body = {0};
    buf_puts(&body, "{\"status\":\"alive\"}");
    reply_json(call, 200, &body);
}

static void put_text(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, ",\"%s\":", name);
    if (value[0])
        json_put_string(out, view_cstr(value));
    else
        buf_puts(out, "null");
}

/* A wall clock time and its age; null if it never happened. */
static void put_time(struct buf *out, const char *name, int64_t at_ms, int64_t now_ms)
{
    char text[25];
    if (at_ms == 0)
        buf_printf(out, ",\"%s_at\":null,\"%s_age_seconds\":null", name, name);
    else
        buf_printf(out, ",\"%s_at\":\"%s\",\"%s_age_seconds\":%.3f", name,
                   clock_format(at_ms, text), name, (double)(now_ms - at_ms) / 1e3);
}

static void put_load(struct buf *out, const struct table_status *t)
{
    static const char *const states[] = {
        [LOAD_IDLE] = "idle", [LOAD_READING] = "reading", [LOAD_BUILDING] = "building"};
    if (t->load.state == LOAD_IDLE) {
        buf_puts(out, ",\"load\":null");
        return;
    }
    buf_printf(out,
               ",\"load\":{\"state\":\"%s\",\"rows_done\":%llu,\"rows_total\":%llu,"
               "\"bytes_done\":%llu,\"bytes_total\":%llu,\"elapsed_seconds\":%.3f,\"eta_seconds\":",
               states[t->load.state], (unsigned long long)t->load.rows_done,
               (unsigned long long)t->load.rows_total, (unsigned long long)t->load.bytes_done,
               (unsigned long long)t->load.bytes_total, t->load.elapsed_s);
    if (t->load.eta_s < 0)
        buf_puts(out, "null}");
    else
        buf_printf(out, "%.3f}", t->load.eta_s);
}

/* The partition that a guard refused, with the fingerprint that the accept route takes. */
static void put_refused(struct buf *out, const struct table_status *t)
{
    if (!t->refused.partition[0]) {
        buf_puts(out, ",\"refused\":null");
        return;
    }
    buf_puts(out, ",\"refused\":{\"partition\":");
    json_put_string(out, view_cstr(t->refused.partition));
    buf_printf(out, ",\"fingerprint\":\"%016llx\"", (unsigned long long)t->refused.fingerprint);
    put_text(out, "why", t->refused.why);
    buf_puts(out, "}");
}

static void put_sequence_number(struct buf *out, int64_t number)
{
    if (number)
        buf_printf(out, ",\"sequence_number\":%lld", (long long)number);
    else
        buf_puts(out, ",\"sequence_number\":null");
}

/* How the served publication was loaded: what of it was read, and if all, why. */
static void put_latest(struct buf *out, const struct latest_load *l)
{
    if (!l->is_loaded) {
        buf_puts(out, ",\"latest_load\":null");
        return;
    }
    buf_printf(out,
               ",\"latest_load\":{\"kind\":\"%s\",\"files_read\":%llu,\"files_removed\":%llu,"
               "\"rows_read\":%llu,\"rows_deleted\":%llu,\"bytes_read\":%llu",
               l->is_refresh ? "refresh" : "full", (unsigned long long)l->n_files_read,
               (unsigned long long)l->n_files_removed, (unsigned long long)l->n_rows_read,
               (unsigned long long)l->n_rows_deleted, (unsigned long long)l->read_bytes);
    put_text(out, "why_full", l->why_full);
    buf_puts(out, "}");
}

static void put_table(struct buf *out, const struct table_status *t, int64_t now_ms)
{
    json_put_string(out, view_cstr(t->name));
    buf_printf(out,
               ":{\"ready\":%s,\"rows\":%llu,\"generation\":%llu,\"segments_of_writes\":%llu,"
               "\"segments_of_refreshes\":%llu,\"disk_bytes\":%llu",
               table_status_is_ready(t) ? "true" : "false", (unsigned long long)t->n_rows,
               (unsigned long long)t->generation,
               (unsigned long long)(t->n_layers - t->n_published),
               (unsigned long long)t->n_published, (unsigned long long)t->disk_bytes);
    put_text(out, "source", t->source);
    put_text(out, "partition", t->partition);
    put_sequence_number(out, t->sequence_number);
    put_time(out, "published", t->published_at_ms, now_ms);
    put_time(out, "loaded", t->loaded_at_ms, now_ms);
    put_time(out, "polled", t->polled_at_ms, now_ms);
    put_time(out, "source_ok", t->source_ok_at_ms, now_ms);
    put_text(out, "last_error", t->last_error);
    put_time(out, "last_error", t->last_error_at_ms, now_ms);
    buf_printf(out, ",\"degraded\":%s", t->damage == DAMAGE_OLDER ? "true" : "false");
    put_text(out, "damage", t->damaged);
    put_time(out, "scrubbed", t->scrub.ended_at_ms, now_ms);
    put_refused(out, t);
    put_latest(out, &t->latest);
    put_load(out, t);
    buf_puts(out, "}");
}

/* What an operator should know about the server itself. */
static void put_warnings(struct call *call, struct buf *out)
{
    buf_puts(out, ",\"warnings\":[");
    if (atomic_load(&call->api->is_exposed))
        json_put_string(out, view_cstr(api_exposed_warning(call->api)));
    buf_puts(out, "]");
}

/* Ready: every table serves all its data, and the server is not shutting down. */
void probe_ready(struct call *call)
{
    size_t n, n_loaded, n_ready = 0;
    struct buf body = {0};
    const struct table_status *tables = status_of_tables(call, &n, &n_loaded);
    for (size_t i = 0; i < n; i++)
        n_ready += table_status_is_ready(&tables[i]);
    bool draining = service_is_draining(call->api->config.service),
         ready = n_ready == n && !draining;
    buf_printf(&body, "{\"status\":\"%s\",\"tables_loaded\":%zu,\"tables_configured\":%zu",
               draining ? "shutting down"
               : ready  ? "ready"
                        : "not ready",
               n_loaded, n);
    if (http_request_query(call->req, "verbose")) {
        buf_puts(&body, ",\"tables\":{");
        for (size_t i = 0; i < n; i++) {
            if (i)
                buf_puts(&body, ",");
            put_table(&body, &tables[i], clock_wall_ms());
        }
        buf_puts(&body, "}");
        put_warnings(call, &body);
    }
    buf_puts(&body, "}");
    reply_json(call, ready ? 200 : 503, &body);
}
