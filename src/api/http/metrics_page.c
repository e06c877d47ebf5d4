/* GET /metrics: what is counted, what the tables are, and the process. */
#include "api/http/api_priv.h"

#include "api/http/negotiate.h"
#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

struct page {
    struct buf body;
    struct buf labels;
    enum metrics_format format;
    const struct table_status *tables;
    size_t n_tables;
};

static void put_gauge(struct page *p, const char *name, const char *help, double value)
{
    metrics_put_head(&p->body, name, "gauge", help, p->format);
    metrics_put_sample(&p->body, name, "", value);
}

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

/* The value of a table; NaN: it has none. */
typedef double (*value_fn)(const struct table_status *t);

static void put_values(struct page *p, const char *name, const char *type, const char *help,
                       value_fn value)
{
    metrics_put_head(&p->body, name, type, help, p->format);
    for (size_t i = 0; i < p->n_tables; i++) {
        double v = value(&p->tables[i]);
        if (!isnan(v))
            metrics_put_sample(&p->body, name, labels_of(p, &p->tables[i], NULL, NULL), v);
    }
}

static void put_tables(struct page *p, const char *name, const char *help, value_fn value)
{
    put_values(p, name, "gauge", help, value);
}

/* Several values of each table, told apart by a label; `names` end with NULL. */
static void put_labelled(struct page *p, const char *name, const char *type, const char *help,
                         const char *label, const char *const *names, const value_fn *values)
{
    metrics_put_head(&p->body, name, type, help, p->format);
    for (size_t i = 0; i < p->n_tables; i++)
        for (int k = 0; names[k]; k++)
            metrics_put_sample(&p->body, name, labels_of(p, &p->tables[i], label, names[k]),
                               values[k](&p->tables[i]));
}

static double rows_of(const struct table_status *t)
{
    return (double)t->n_rows;
}

static double seconds_or_nan(int64_t ms)
{
    return ms ? (double)ms / 1e3 : NAN;
}

static double loaded_at(const struct table_status *t)
{
    return seconds_or_nan(t->loaded_at_ms);
}

static double published_at(const struct table_status *t)
{
    return seconds_or_nan(t->published_at_ms);
}

static double source_ok_at(const struct table_status *t)
{
    return seconds_or_nan(t->source_ok_at_ms);
}

static double load_progress(const struct table_status *t)
{
    if (t->load.state == LOAD_IDLE || t->load.bytes_total == 0)
        return t->load.state == LOAD_IDLE ? NAN : 0;
    return (double)t->load.bytes_done / (double)t->load.bytes_total;
}

static double load_seconds(const struct table_status *t)
{
    return t->n_loads_ok ? t->load_seconds : NAN;
}

static double disk_bytes(const struct table_status *t)
{
    return (double)t->disk_bytes;
}

static double index_bytes(const struct table_status *t)
{
    return (double)t->index_bytes;
}

static double memory_bytes(const struct table_status *t)
{
    return (double)t->memory_bytes;
}

static double loads_ok(const struct table_status *t)
{
    return (double)t->n_loads_ok;
}

static double loads_failed(const struct table_status *t)
{
    return (double)t->n_loads_failed;
}

static double loads_refused(const struct table_status *t)
{
    return (double)t->n_loads_refused;
}

static double polls_ok(const struct table_status *t)
{
    return (double)t->n_polls_ok;
}

static double polls_failed(const struct table_status *t)
{
    return (double)t->n_polls_failed;
}

static double source_read_bytes(const struct table_status *t)
{
    return (double)t->source_read_bytes;
}

static double layers(const struct table_status *t)
{
    return (double)t->n_layers;
}

static double writes_waiting(const struct table_status *t)
{
    return (double)t->writes.n_waiting;
}

static double writes_waiting_bytes(const struct table_status *t)
{
    return (double)t->writes.n_waiting_bytes;
}

static double merges_ok(const struct table_status *t)
{
    return (double)t->writes.n_merges_ok;
}

static double merges_failed(const struct table_status *t)
{
    return (double)t->writes.n_merges_failed;
}

static double degraded(const struct table_status *t)
{
    return t->damage == DAMAGE_OLDER;
}

static double damaged(const struct table_status *t)
{
    return t->damage >= DAMAGE_ROWS;
}

static double damages(const struct table_status *t)
{
    return (double)t->n_damages;
}

static double scrubbed_bytes(const struct table_status *t)
{
    return (double)t->scrub.n_bytes;
}

static double scrubbed_at(const struct table_status *t)
{
    return seconds_or_nan(t->scrub.ended_at_ms);
}

static void put_health(struct page *p)
{
    put_tables(p, "murr_table_degraded",
               "1 where an older generation serves, as the newest is damaged; else 0.", degraded);
    put_tables(p, "murr_table_damaged",
               "1 where data of the table is damaged and reads that need it fail; else 0.",
               damaged);
    put_values(p, "murr_damages_total", "counter", "Damages of files that were found.", damages);
    put_values(p, "murr_scrubbed_bytes_total", "counter",
               "Bytes that the scrub compared with their checksums.", scrubbed_bytes);
    put_tables(p, "murr_scrub_timestamp_seconds", "When the latest whole scrub ended.",
               scrubbed_at);
}

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

static void put_write_queues(struct page *p)
{
    static const char *const results[] = {"ok", "error", NULL};
    static const value_fn merges[] = {merges_ok, merges_failed};
    put_tables(p, "murr_table_layers", "Segments of writes on top of the generation.", layers);
    put_tables(p, "murr_writes_waiting", "Writes in the queue.", writes_waiting);
    put_tables(p, "murr_writes_waiting_bytes", "Bytes of their bodies.", writes_waiting_bytes);
    put_labelled(p, "murr_merges_total", "counter",
                 "Merges of segments of writes with each other or the generation, by result.",
                 "result", results, merges);
}

static void put_all_tables(struct page *p)
{
    static const char *const kinds[] = {"disk", "index", "memory", NULL};
    static const char *const results[] = {"ok", "error", NULL};
    static const char *const load_results[] = {"ok", "error", "refused", NULL};
    static const value_fn bytes[] = {disk_bytes, index_bytes, memory_bytes},
                          loads[] = {loads_ok, loads_failed, loads_refused},
                          polls[] = {polls_ok, polls_failed};
    put_tables(p, "murr_table_rows", "Rows of the generation that serves.", rows_of);
    put_labelled(
        p, "murr_table_bytes", "gauge",
        "Bytes of the segments that serve, of the indexes among them, and of their copy in memory.",
        "kind", kinds, bytes);
    put_generations(p);
    put_tables(p, "murr_table_published_timestamp_seconds", "When the source published the data.",
               published_at);
    put_tables(p, "murr_table_loaded_timestamp_seconds", "When the generation began to serve.",
               loaded_at);
    put_tables(p, "murr_source_ok_timestamp_seconds",
               "When the source was last polled and had a complete partition.", source_ok_at);
    put_tables(p, "murr_load_progress_ratio", "How much of a running load is read.", load_progress);
    put_tables(p, "murr_load_duration_seconds", "How long the latest good load took.",
               load_seconds);
    put_labelled(p, "murr_loads_total", "counter", "Loads, by result: refused by a guard is one.",
                 "result", load_results, loads);
    put_labelled(p, "murr_source_polls_total", "counter", "Polls of the source, by result.",
                 "result", results, polls);
    put_values(p, "murr_source_read_bytes_total", "counter",
               "Bytes of objects read from the source.", source_read_bytes);
    put_write_queues(p);
    put_health(p);
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return NAN;
    int n = fscanf(f, "%lu %lu", &size, &resident);
    fclose(f);
    return n == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : NAN;
}

static void put_process(struct page *p)
{
    struct rusage usage;
    double resident = resident_bytes();
    if (!isnan(resident))
        put_gauge(p, "process_resident_memory_bytes", "Resident memory.", resident);
    if (getrusage(RUSAGE_SELF, &usage))
        return;
    metrics_put_head(&p->body, "process_cpu_seconds_total", "counter", "CPU time used.", p->format);
    metrics_put_sample(&p->body, "process_cpu_seconds_total", "",
                       seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
}

static void put_build(struct page *p, const struct api *api)
{
    metrics_put_head(&p->body, "murr_build_info", "gauge", "The version; always 1.", p->format);
    buf_reset(&p->labels);
    metrics_put_label(&p->labels, "version", api->config.version);
    metrics_put_sample(&p->body, "murr_build_info", buf_cstr(&p->labels), 1);
}

static void put_counted(struct page *p, const struct api *api)
{
    AUTO(ptr) const char **names = mem_alloc((p->n_tables + 1) * sizeof(*names));
    for (size_t i = 0; i < p->n_tables; i++)
        names[i] = p->tables[i].name;
    metrics_put(&p->body, api->metrics, p->format);
    table_metrics_put(api->count.tables, names, p->n_tables, &p->body, p->format);
}

void metrics_page(struct call *call)
{
    const struct api *api = call->api;
    bool open = negotiate_metrics(http_request_header(call->req, "Accept")) == ANSWER_OPENMETRICS;
    struct page p = {.format = open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS};
    p.tables = registry_status(api->config.registry, call->req->arena, &p.n_tables);
    put_build(&p, api);
    put_counted(&p, api);
    put_gauge(&p, "murr_inflight_requests", "Requests that handlers work on, this one included.",
              atomic_load(&call->api->n_in_flight));
    metrics_put_head(&p.body, "murr_log_lines_dropped_total", "counter",
                     "Lines of the log that found no room.", p.format);
    metrics_put_sample(&p.body, "murr_log_lines_dropped_total", "", (double)log_lines_dropped());
    put_all_tables(&p);
    put_process(&p);
    metrics_put_end(&p.body, p.format);
    reply_text(call, 200, metrics_content_type(p.format), &p.body);
    buf_done(&p.labels);
}
