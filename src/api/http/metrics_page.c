/* GET /metrics: the counters, the state of the tables, and the process. */
#include "api/http/handlers.h"
#include "api/http/negotiate.h"
#include "api/http/reply.h"

#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Two kinds of metrics. Gauges are read when somebody scrapes: of each table's status
 * (data_families, table_families) and of the process (request_families, process_families). A new
 * gauge is one line in one of these lists. Counters and histograms are updated as things happen, in
 * service/service.c, engine/spec/counters.c and request_count.c.
 */

/* The value for a table; NaN: the table has no such value, and no sample is printed. */
typedef double (*table_value_fn)(const struct table_status *t);

/* A label distinguishes several values of a table. */
struct table_value {
    const char *name; /* value of the label; NULL: there is only one value */
    table_value_fn get;
};
enum { TABLE_VALUES_MAX = 3 };

struct table_family {
    const char *name;
    const char *type;
    const char *help;
    const char *label; /* NULL: samples have only the label `table` */
    struct table_value values[TABLE_VALUES_MAX];
};

#define TABLE_VALUE(name, value)                     \
    static double name(const struct table_status *t) \
    {                                                \
        return (double)(value);                      \
    }

static double seconds_or_nan(int64_t ms)
{
    return ms ? (double)ms / 1e3 : NAN;
}

static double load_progress(const struct table_status *t)
{
    if (t->load.state == LOAD_IDLE || t->load.bytes_total == 0)
        return t->load.state == LOAD_IDLE ? NAN : 0;
    return (double)t->load.bytes_done / (double)t->load.bytes_total;
}

TABLE_VALUE(rows, t->n_rows)
TABLE_VALUE(disk_bytes, t->disk_bytes)
TABLE_VALUE(index_bytes, t->index_bytes)
TABLE_VALUE(memory_bytes, t->memory_bytes)
TABLE_VALUE(published_at, seconds_or_nan(t->published_at_ms))
TABLE_VALUE(loaded_at, seconds_or_nan(t->loaded_at_ms))
TABLE_VALUE(source_ok_at, seconds_or_nan(t->source_ok_at_ms))
TABLE_VALUE(load_seconds, t->n_loads_ok ? t->load_seconds : NAN)
TABLE_VALUE(loads_ok, t->n_loads_ok)
TABLE_VALUE(loads_failed, t->n_loads_failed)
TABLE_VALUE(loads_refused, t->n_loads_refused)
TABLE_VALUE(refreshes, t->n_refreshes_ok)
TABLE_VALUE(sequence_number, t->sequence_number ? (double)t->sequence_number : NAN)
TABLE_VALUE(polls_ok, t->n_polls_ok)
TABLE_VALUE(polls_failed, t->n_polls_failed)
TABLE_VALUE(source_read_bytes, t->source_read_bytes)
TABLE_VALUE(written_layers, t->n_layers - t->n_published)
TABLE_VALUE(published_layers, t->n_published)
TABLE_VALUE(writes_waiting, t->writes.n_waiting)
TABLE_VALUE(writes_waiting_bytes, t->writes.n_waiting_bytes)
TABLE_VALUE(merges_ok, t->writes.n_merges_ok)
TABLE_VALUE(merges_failed, t->writes.n_merges_failed)
TABLE_VALUE(is_degraded, t->damage == DAMAGE_OLDER)
TABLE_VALUE(is_damaged, t->damage >= DAMAGE_ROWS)
TABLE_VALUE(damages, t->n_damages)
TABLE_VALUE(scrubbed_bytes, t->scrub.n_bytes)
TABLE_VALUE(scrubbed_at, seconds_or_nan(t->scrub.ended_at_ms))

static const struct table_family data_families[] = {
    {"murr_table_rows", "gauge", "Rows of the generation that serves.", NULL, {{NULL, rows}}},
    {"murr_table_bytes",
     "gauge",
     "Bytes of the segments that serve, of the indexes among them, and of their copy in memory.",
     "kind",
     {{"disk", disk_bytes}, {"index", index_bytes}, {"memory", memory_bytes}}},
};

static const struct table_family table_families[] = {
    {"murr_table_published_timestamp_seconds",
     "gauge",
     "When the source published the data.",
     NULL,
     {{NULL, published_at}}},
    {"murr_table_loaded_timestamp_seconds",
     "gauge",
     "When the generation began to serve.",
     NULL,
     {{NULL, loaded_at}}},
    {"murr_source_ok_timestamp_seconds",
     "gauge",
     "When the source was last polled and had a complete partition.",
     NULL,
     {{NULL, source_ok_at}}},
    {"murr_load_progress_ratio",
     "gauge",
     "How much of a running load is read.",
     NULL,
     {{NULL, load_progress}}},
    {"murr_load_duration_seconds",
     "gauge",
     "How long the latest good load took.",
     NULL,
     {{NULL, load_seconds}}},
    {"murr_loads_total",
     "counter",
     "Loads, by result: refused by a guard is one.",
     "result",
     {{"ok", loads_ok}, {"error", loads_failed}, {"refused", loads_refused}}},
    {"murr_refreshes_total",
     "counter",
     "Good loads that read only what the source had changed.",
     NULL,
     {{NULL, refreshes}}},
    {"murr_table_sequence_number",
     "gauge",
     "The number of the published state, for sources that count them.",
     NULL,
     {{NULL, sequence_number}}},
    {"murr_source_polls_total",
     "counter",
     "Polls of the source, by result.",
     "result",
     {{"ok", polls_ok}, {"error", polls_failed}}},
    {"murr_source_read_bytes_total",
     "counter",
     "Bytes of objects read from the source.",
     NULL,
     {{NULL, source_read_bytes}}},
    {"murr_table_layers",
     "gauge",
     "Segments on top of the generation, of writes and of what the source changed since.",
     "kind",
     {{"writes", written_layers}, {"refreshes", published_layers}}},
    {"murr_writes_waiting", "gauge", "Writes in the queue.", NULL, {{NULL, writes_waiting}}},
    {"murr_writes_waiting_bytes",
     "gauge",
     "Bytes of their bodies.",
     NULL,
     {{NULL, writes_waiting_bytes}}},
    {"murr_merges_total",
     "counter",
     "Merges of segments of writes with each other or the generation, by result.",
     "result",
     {{"ok", merges_ok}, {"error", merges_failed}}},
    {"murr_table_degraded",
     "gauge",
     "1 where an older generation serves, as the newest is damaged; else 0.",
     NULL,
     {{NULL, is_degraded}}},
    {"murr_table_damaged",
     "gauge",
     "1 where data of the table is damaged and reads that need it fail; else 0.",
     NULL,
     {{NULL, is_damaged}}},
    {"murr_damages_total", "counter", "Damages of files that were found.", NULL, {{NULL, damages}}},
    {"murr_scrubbed_bytes_total",
     "counter",
     "Bytes that the scrub compared with their checksums.",
     NULL,
     {{NULL, scrubbed_bytes}}},
    {"murr_scrub_timestamp_seconds",
     "gauge",
     "When the latest whole scrub ended.",
     NULL,
     {{NULL, scrubbed_at}}},
};

struct process_family {
    const char *name;
    const char *type;
    const char *help;
    double (*get)(const struct service *s); /* NaN: unknown */
};

static double in_flight(const struct service *s)
{
    return service_in_flight(s);
}

static double lines_dropped(const struct service *s)
{
    (void)s;
    return (double)log_lines_dropped();
}

static double resident_bytes(const struct service *s)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    (void)s;
    if (!f)
        return NAN;
    int n = fscanf(f, "%lu %lu", &size, &resident);
    fclose(f);
    return n == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : NAN;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu_seconds(const struct service *s)
{
    struct rusage usage;
    (void)s;
    if (getrusage(RUSAGE_SELF, &usage))
        return NAN;
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static const struct process_family request_families[] = {
    {"murr_inflight_requests", "gauge", "Requests that handlers work on, this one included.",
     in_flight},
    {"murr_log_lines_dropped_total", "counter", "Lines of the log that found no room.",
     lines_dropped},
};

static const struct process_family process_families[] = {
    {"process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes},
    {"process_cpu_seconds_total", "counter", "CPU time used.", cpu_seconds},
};

#define LIST(array) array, sizeof(array) / sizeof((array)[0])

struct page {
    struct buf body;
    struct buf labels;
    enum metrics_format format;
    const struct service *service;
    const struct table_status *tables;
    size_t n_tables;
};

/* table="..." and, where `name` is given, one label more. */
static const char *labels_of(struct page *p, const struct table_status *t, const char *name,
                             const char *value)
{
    buf_reset(&p->labels);
    metrics_put_label(&p->labels, "table", t->name);
    if (name) {
        buf_puts(&p->labels, ",");
        metrics_put_label(&p->labels, name, value);
    }
    return buf_cstr(&p->labels);
}

static void put_table(struct page *p, const struct table_family *f, const struct table_status *t)
{
    for (size_t i = 0; i < TABLE_VALUES_MAX && f->values[i].get; i++) {
        double v = f->values[i].get(t);
        if (!isnan(v))
            metrics_put_sample(&p->body, f->name, labels_of(p, t, f->label, f->values[i].name), v);
    }
}

static void put_tables(struct page *p, const struct table_family *families, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct table_family *f = &families[i];
        metrics_put_head(&p->body, f->name, f->type, f->help, p->format);
        for (size_t k = 0; k < p->n_tables; k++)
            put_table(p, f, &p->tables[k]);
    }
}

static void put_process(struct page *p, const struct process_family *families, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = families[i].get(p->service);
        if (isnan(v))
            continue;
        metrics_put_head(&p->body, families[i].name, families[i].type, families[i].help, p->format);
        metrics_put_sample(&p->body, families[i].name, "", v);
    }
}

/* All information is in the labels. */
static void put_generations(struct page *p)
{
    static const char name[] = "murr_table_generation_info";
    metrics_put_head(&p->body, name, "gauge", "The generation that serves; always 1.", p->format);
    for (size_t i = 0; i < p->n_tables; i++) {
        const struct table_status *t = &p->tables[i];
        char generation[24];
        if (!t->loaded)
            continue;
        snprintf(generation, sizeof(generation), "%llu", (unsigned long long)t->generation);
        labels_of(p, t, "generation", generation);
        buf_puts(&p->labels, ",");
        metrics_put_label(&p->labels, "source", t->source);
        buf_puts(&p->labels, ",");
        metrics_put_label(&p->labels, "partition", t->partition);
        metrics_put_sample(&p->body, name, buf_cstr(&p->labels), 1);
    }
}

static void put_build(struct page *p, const struct api *api)
{
    metrics_put_head(&p->body, "murr_build_info", "gauge", "The version; always 1.", p->format);
    buf_reset(&p->labels);
    metrics_put_label(&p->labels, "version", api->config.version);
    metrics_put_sample(&p->body, "murr_build_info", buf_cstr(&p->labels), 1);
}

void metrics_page(struct call *call)
{
    const struct api *api = call->api;
    bool is_open =
        negotiate_metrics(http_request_header(call->req, "Accept")) == ACCEPTS_OPENMETRICS;
    struct page p = {.format = is_open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS,
                     .service = api->config.service};
    p.tables = service_status(&call->admitted, call->req->arena, &p.n_tables);
    put_build(&p, api);
    metrics_put(&p.body, api->metrics, p.format);
    service_put_metrics(&call->admitted, &p.body, p.format);
    put_process(&p, LIST(request_families));
    put_tables(&p, LIST(data_families));
    put_generations(&p);
    put_tables(&p, LIST(table_families));
    put_process(&p, LIST(process_families));
    metrics_put_end(&p.body, p.format);
    reply_text(call, 200, metrics_content_type(p.format), &p.body);
    buf_done(&p.labels);
}
