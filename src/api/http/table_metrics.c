#include "api/http/table_metrics.h"

#include "base/mem.h"

#include <pthread.h>

static const char *const outcomes[] = {
    [WRITE_OK] = "ok", [WRITE_FAILED] = "error", [WRITE_REFUSED] = "refused"};
enum { N_OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]) };

struct table_metrics {
    char *name;
    struct metrics *metrics; /* all below */
    struct histogram *fetch_arrow, *fetch_json, *write_ns;
    struct counter *cells_found, *cells_missing;
    struct counter *writes[N_OUTCOMES];
    struct counter *written_rows, *written_bytes;
};

struct table_metrics_set {
    pthread_rwlock_t lock; /* shared to count, alone to change the array */
    struct table_metrics **tables;
    size_t n_tables;
};

struct table_metrics_set *table_metrics_new(void)
{
    struct table_metrics_set *s = mem_zalloc(sizeof(*s));
    pthread_rwlock_init(&s->lock, NULL);
    return s;
}

static void table_free(struct table_metrics *t)
{
    metrics_free(t->metrics);
    free(t->name);
    free(t);
}

void table_metrics_free(struct table_metrics_set *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_tables; i++)
        table_free(s->tables[i]);
    free(s->tables);
    pthread_rwlock_destroy(&s->lock);
    free(s);
}

/* table="..." and, where `name` is given, one label more. */
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

static void add_fetches(struct table_metrics *t)
{
    static const char duration[] = "murr_fetch_duration_seconds",
                      duration_help[] = "Time of a fetch inside the server.",
                      cells[] = "murr_fetch_cells_total",
                      cells_help[] = "Cells answered, by whether the key exists.";
    AUTO(buf) struct buf labels = {0};
    t->fetch_arrow = metrics_histogram(t->metrics, duration, duration_help,
                                       labels_of(&labels, t->name, "format", "arrow"),
                                       latency_bounds_ns, LATENCY_BOUNDS, 1e-9);
    t->fetch_json = metrics_histogram(t->metrics, duration, duration_help,
                                      labels_of(&labels, t->name, "format", "json"),
                                      latency_bounds_ns, LATENCY_BOUNDS, 1e-9);
    t->cells_found = metrics_counter(t->metrics, cells, cells_help,
                                     labels_of(&labels, t->name, "status", "found"));
    t->cells_missing = metrics_counter(t->metrics, cells, cells_help,
                                       labels_of(&labels, t->name, "status", "missing"));
}

static void add_writes(struct table_metrics *t)
{
    AUTO(buf) struct buf labels = {0};
    for (size_t i = 0; i < N_OUTCOMES; i++)
        t->writes[i] =
            metrics_counter(t->metrics, "murr_writes_total",
                            "Writes and deletes, by result; refused ones found the queue full.",
                            labels_of(&labels, t->name, "result", outcomes[i]));
    const char *plain = labels_of(&labels, t->name, NULL, NULL);
    t->written_rows = metrics_counter(t->metrics, "murr_written_rows_total",
                                      "Rows written and keys deleted.", plain);
    t->written_bytes = metrics_counter(t->metrics, "murr_written_bytes_total",
                                       "Bytes of the bodies of good writes.", plain);
    t->write_ns = metrics_histogram(
        t->metrics, "murr_write_duration_seconds",
        "Time of a good write, from its body being there to its being durable and readable.", plain,
        latency_bounds_ns, LATENCY_BOUNDS, 1e-9);
}

static struct table_metrics *table_new(struct view name)
{
    struct table_metrics *t = mem_zalloc(sizeof(*t));
    t->name = mem_strndup(name.ptr, name.len);
    t->metrics = metrics_new();
    add_fetches(t);
    add_writes(t);
    return t;
}

static struct table_metrics *find(const struct table_metrics_set *s, struct view name)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (view_eq_cstr(name, s->tables[i]->name))
            return s->tables[i];
    return NULL;
}

/* The lock is held alone. */
static struct table_metrics *find_or_add(struct table_metrics_set *s, struct view name)
{
    struct table_metrics *t = find(s, name);
    if (t)
        return t;
    s->tables = mem_realloc(s->tables, (s->n_tables + 1) * sizeof(struct table_metrics *));
    return s->tables[s->n_tables++] = table_new(name);
}

/* The metrics of a table, and a lock on them until unlocked. */
static struct table_metrics *lock_table(struct table_metrics_set *s, struct view name)
{
    pthread_rwlock_rdlock(&s->lock);
    struct table_metrics *t = find(s, name);
    if (t)
        return t;
    pthread_rwlock_unlock(&s->lock);
    pthread_rwlock_wrlock(&s->lock);
    return find_or_add(s, name);
}

void table_metrics_fetch(struct table_metrics_set *s, struct view table,
                         const struct fetch_count *count)
{
    struct table_metrics *t = lock_table(s, table);
    counter_add(t->cells_found, count->cells_found);
    counter_add(t->cells_missing, count->cells_missing);
    histogram_observe(count->is_json ? t->fetch_json : t->fetch_arrow, count->ns);
    pthread_rwlock_unlock(&s->lock);
}

void table_metrics_write(struct table_metrics_set *s, struct view table,
                         const struct write_count *count)
{
    struct table_metrics *t = lock_table(s, table);
    counter_add(t->writes[count->outcome], 1);
    if (count->outcome == WRITE_OK) {
        counter_add(t->written_rows, count->rows);
        counter_add(t->written_bytes, count->bytes);
        histogram_observe(t->write_ns, count->ns);
    }
    pthread_rwlock_unlock(&s->lock);
}

/* Make the array what is listed, in that order. The lock is held alone. */
static void keep_listed(struct table_metrics_set *s, const char *const *tables, size_t n_tables)
{
    struct table_metrics **kept = mem_alloc((n_tables + 1) * sizeof(struct table_metrics *));
    for (size_t i = 0; i < n_tables; i++)
        kept[i] = find_or_add(s, view_cstr(tables[i]));
    for (size_t i = 0; i < s->n_tables; i++) {
        size_t k = 0;
        while (k < n_tables && kept[k] != s->tables[i])
            k++;
        if (k == n_tables)
            table_free(s->tables[i]);
    }
    free(s->tables);
    s->tables = kept;
    s->n_tables = n_tables;
}

static bool is_listed(const struct table_metrics_set *s, const char *const *tables, size_t n_tables)
{
    bool same = s->n_tables == n_tables;
    for (size_t i = 0; same && i < n_tables; i++)
        same = strcmp(s->tables[i]->name, tables[i]) == 0;
    return same;
}

/* Lock, shared, an array that is as listed. */
static void lock_listed(struct table_metrics_set *s, const char *const *tables, size_t n_tables)
{
    pthread_rwlock_rdlock(&s->lock);
    while (!is_listed(s, tables, n_tables)) {
        pthread_rwlock_unlock(&s->lock);
        pthread_rwlock_wrlock(&s->lock);
        keep_listed(s, tables, n_tables);
        pthread_rwlock_unlock(&s->lock);
        pthread_rwlock_rdlock(&s->lock);
    }
}

void table_metrics_put(struct table_metrics_set *s, const char *const *tables, size_t n_tables,
                       struct buf *out, enum metrics_format format)
{
    lock_listed(s, tables, n_tables);
    AUTO(ptr) const struct metrics **sets = mem_alloc((n_tables + 1) * sizeof(*sets));
    for (size_t i = 0; i < n_tables; i++)
        sets[i] = s->tables[i]->metrics;
    metrics_put_sets(out, sets, n_tables, format);
    pthread_rwlock_unlock(&s->lock);
}
