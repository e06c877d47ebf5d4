#include "engine/spec/counters.h"

#include "base/mem.h"

static const char *const outcomes[N_WRITE_OUTCOMES] = {
    [WRITE_OK] = "ok", [WRITE_FAILED] = "error", [WRITE_REFUSED] = "refused"};

/* table="..." and, if `name` is given, a second label. */
static const char *labels_of(struct buf *out, const char *table, const char *name,
                             const char *value)
{
    buf_reset(out);
    metrics_put_label(out, "table", table);
    if (name) {
        buf_puts(out, ",");
        metrics_put_label(out, name, value);
    }
    return buf_cstr(out);
}

/* All series of a table are made with the table, so that they exist, as zeros, before the first
 * fetch or write. */
static struct histogram *fetches(struct metrics *m, const char *labels)
{
    return metrics_histogram(m, "murr_fetch_duration_seconds", "Time of a fetch inside the server.",
                             labels, latency_bounds_ns, LATENCY_BOUNDS, 1e-9);
}

static struct counter *cells(struct metrics *m, const char *labels)
{
    return metrics_counter(m, "murr_fetch_cells_total",
                           "Cells answered, by whether the key exists.", labels);
}

static void add_fetches(struct table_counters *c, const char *table)
{
    AUTO(buf) struct buf labels = {0};
    c->fetch_arrow = fetches(c->metrics, labels_of(&labels, table, "format", "arrow"));
    c->fetch_json = fetches(c->metrics, labels_of(&labels, table, "format", "json"));
    c->cells_found = cells(c->metrics, labels_of(&labels, table, "status", "found"));
    c->cells_missing = cells(c->metrics, labels_of(&labels, table, "status", "missing"));
}

static void add_writes(struct table_counters *c, const char *table)
{
    AUTO(buf) struct buf labels = {0};
    for (size_t i = 0; i < N_WRITE_OUTCOMES; i++)
        c->writes[i] =
            metrics_counter(c->metrics, "murr_writes_total",
                            "Writes and deletes, by result; refused ones found the queue full.",
                            labels_of(&labels, table, "result", outcomes[i]));
    const char *plain = labels_of(&labels, table, NULL, NULL);
    c->written_rows = metrics_counter(c->metrics, "murr_written_rows_total",
                                      "Rows written and keys deleted.", plain);
    c->written_bytes = metrics_counter(c->metrics, "murr_written_bytes_total",
                                       "Bytes of the bodies of good writes.", plain);
    c->write_ns = metrics_histogram(
        c->metrics, "murr_write_duration_seconds",
        "Time of a good write, from its body being there to its being durable and readable.", plain,
        latency_bounds_ns, LATENCY_BOUNDS, 1e-9);
}

struct table_counters *table_counters_new(const char *table)
{
    struct table_counters *c = mem_zalloc(sizeof(*c));
    c->refs = 1;
    c->metrics = metrics_new();
    add_fetches(c, table);
    add_writes(c, table);
    return c;
}

struct table_counters *table_counters_ref(struct table_counters *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void table_counters_unref(struct table_counters *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
        return;
    metrics_free(c->metrics);
    free(c);
}

void table_counters_fetch(struct table_counters *c, const struct fetch_count *count)
{
    counter_add(c->cells_found, count->cells_found);
    counter_add(c->cells_missing, count->cells_missing);
    histogram_observe(count->is_json ? c->fetch_json : c->fetch_arrow, count->ns);
}

void table_counters_write(struct table_counters *c, const struct write_count *count)
{
    counter_add(c->writes[count->outcome], 1);
    if (count->outcome != WRITE_OK)
        return;
    counter_add(c->written_rows, count->rows);
    counter_add(c->written_bytes, count->bytes);
    histogram_observe(c->write_ns, count->ns);
}
