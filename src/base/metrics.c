#include "base/metrics.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

enum { N_SHARDS = 8, LINE_BYTES = 64 };

struct metric {
    struct metric *next;
    char *family, *help, *labels;
    size_t n_slots; /* u64 a shard: of a counter 1; of a histogram each bucket, +Inf, sum */
    size_t shard_bytes;
    _Atomic uint64_t *slots;
    const uint64_t *bounds; /* NULL: a counter */
    size_t n_bounds;
    double scale;
};

/* Typed names for the caller; both are a metric. */
struct counter {
    struct metric metric;
};
struct histogram {
    struct metric metric;
};

struct metrics {
    struct metric *first, *last;
};

const uint64_t latency_bounds_ns[LATENCY_BOUNDS] = {
    25000,    50000,     75000,     100000,     150000,     250000,
    500000,   1000000,   2500000,   5000000,    10000000,   25000000,
    50000000, 100000000, 250000000, 1000000000, 2500000000, 10000000000};

struct metrics *metrics_new(void)
{
    return mem_zalloc(sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
    for (struct metric *x = m ? m->first : NULL; x;) {
        struct metric *next = x->next;
        free(x->family);
        free(x->help);
        free(x->labels);
        free((void *)x->slots);
        free(x);
        x = next;
    }
    free(m);
}

static struct metric *add(struct metrics *m, const char *family, const char *help,
                          const char *labels, size_t n_slots)
{
    struct metric *x = mem_zalloc(sizeof(*x));
    x->family = mem_strdup(family);
    x->help = mem_strdup(help);
    x->labels = mem_strdup(labels);
    x->n_slots = n_slots;
    x->shard_bytes = (n_slots * sizeof(uint64_t) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    x->slots = aligned_alloc(LINE_BYTES, N_SHARDS * x->shard_bytes);
    if (!x->slots)
        abort();
    memset((void *)x->slots, 0, N_SHARDS * x->shard_bytes);
    if (m->last)
        m->last->next = x;
    else
        m->first = x;
    m->last = x;
    return x;
}

struct counter *metrics_counter(struct metrics *m, const char *family, const char *help,
                                const char *labels)
{
    return (struct counter *)add(m, family, help, labels, 1);
}

struct histogram *metrics_histogram(struct metrics *m, const char *family, const char *help,
                                    const char *labels, const uint64_t *bounds, size_t n_bounds,
                                    double scale)
{
    struct metric *x = add(m, family, help, labels, n_bounds + 2);
    x->bounds = bounds;
    x->n_bounds = n_bounds;
    x->scale = scale;
    return (struct histogram *)x;
}

/*
 * If all threads incremented one word, its cache line would travel between the cores with every
 * request. So each metric has several shards, and threads spread over them. All accesses are
 * relaxed: a scrape may miss increments of this moment, but none is ever lost.
 */
/* Each new thread takes the next shard, in turn. */
static _Atomic uint64_t *my_slots(struct metric *x)
{
    static _Atomic unsigned n_threads;
    static _Thread_local unsigned mine; /* 0: none yet */
    if (mine == 0)
        mine = 1 + atomic_fetch_add_explicit(&n_threads, 1, memory_order_relaxed) % N_SHARDS;
    return x->slots + (mine - 1) * (x->shard_bytes / sizeof(uint64_t));
}

static uint64_t sum_of(const struct metric *x, size_t slot)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < N_SHARDS; i++)
        sum += atomic_load_explicit(&x->slots[i * (x->shard_bytes / sizeof(uint64_t)) + slot],
                                    memory_order_relaxed);
    return sum;
}

void counter_add(struct counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(my_slots(&c->metric), n, memory_order_relaxed);
}

void histogram_observe(struct histogram *h, uint64_t units)
{
    struct metric *x = &h->metric;
    _Atomic uint64_t *slots = my_slots(x);
    size_t bucket = 0;
    while (bucket < x->n_bounds && units > x->bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&slots[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&slots[x->n_bounds + 1], units, memory_order_relaxed);
}

const char *metrics_content_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* OpenMetrics calls a family of counters by its name without "_total". */
void metrics_put_head(struct buf *out, const char *family, const char *type, const char *help,
                      enum metrics_format format)
{
    size_t len = strlen(family), tail = strlen("_total");
    if (format == METRICS_OPENMETRICS && len > tail && strcmp(family + len - tail, "_total") == 0)
        len -= tail;
    buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, family, help, (int)len, family,
               type);
}

static void put_name(struct buf *out, const char *name, const char *suffix, const char *labels,
                     const char *more)
{
    bool any = labels[0] || more[0];
    buf_printf(out, "%s%s", name, suffix);
    if (any)
        buf_printf(out, "{%s%s%s}", labels, labels[0] && more[0] ? "," : "", more);
}

/* Whole numbers in full, others with as many digits as they need. */
static void put_value(struct buf *out, double value)
{
    if (!isfinite(value))
        buf_puts(out, isnan(value) ? " NaN\n" : value > 0 ? " +Inf\n" : " -Inf\n");
    else if (value == floor(value) && fabs(value) < 0x1p53)
        buf_printf(out, " %" PRId64 "\n", (int64_t)value);
    else
        buf_printf(out, " %.15g\n", value);
}

void metrics_put_sample(struct buf *out, const char *name, const char *labels, double value)
{
    put_name(out, name, "", labels, "");
    put_value(out, value);
}

static void put_histogram(struct buf *out, const struct metric *x)
{
    uint64_t n = 0;
    char le[48];
    for (size_t i = 0; i < x->n_bounds; i++) {
        n += sum_of(x, i);
        snprintf(le, sizeof(le), "le=\"%.15g\"", (double)x->bounds[i] * x->scale);
        put_name(out, x->family, "_bucket", x->labels, le);
        buf_printf(out, " %" PRIu64 "\n", n);
    }
    n += sum_of(x, x->n_bounds);
    put_name(out, x->family, "_bucket", x->labels, "le=\"+Inf\"");
    buf_printf(out, " %" PRIu64 "\n", n);
    put_name(out, x->family, "_sum", x->labels, "");
    put_value(out, (double)sum_of(x, x->n_bounds + 1) * x->scale);
    put_name(out, x->family, "_count", x->labels, "");
    buf_printf(out, " %" PRIu64 "\n", n);
}

/* The metrics from `x` on that are of its family; returns what follows. */
static const struct metric *put_family(struct buf *out, const struct metric *x)
{
    const char *family = x->family;
    for (; x && strcmp(family, x->family) == 0; x = x->next)
        if (x->bounds)
            put_histogram(out, x);
        else
            metrics_put_sample(out, x->family, x->labels, (double)sum_of(x, 0));
    return x;
}

void metrics_put_sets(struct buf *out, const struct metrics *const *sets, size_t n_sets,
                      enum metrics_format format)
{
    AUTO(ptr) const struct metric **next = mem_alloc(n_sets * sizeof(*next));
    for (size_t i = 0; i < n_sets; i++)
        next[i] = sets[i]->first;
    while (n_sets && next[0]) {
        const struct metric *x = next[0];
        metrics_put_head(out, x->family, x->bounds ? "histogram" : "counter", x->help, format);
        for (size_t i = 0; i < n_sets; i++)
            next[i] = put_family(out, next[i]);
    }
}

void metrics_put(struct buf *out, const struct metrics *m, enum metrics_format format)
{
    metrics_put_sets(out, &m, 1, format);
}

void metrics_put_end(struct buf *out, enum metrics_format format)
{
    if (format == METRICS_OPENMETRICS)
        buf_puts(out, "# EOF\n");
}

void metrics_put_label(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_put_u8(out, '\\');
        if (*value == '\n')
            buf_puts(out, "\\n");
        else
            buf_put_u8(out, (uint8_t)*value);
    }
    buf_puts(out, "\"");
}
