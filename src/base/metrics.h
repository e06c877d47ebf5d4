/*
 * Counters and histograms that any thread may update without a lock, and their text for Prometheus
 * (exposition format 0.0.4) or OpenMetrics 1.0.
 *
 * Metrics are made at start and live as long as the set. Each metric has several shards on cache
 * lines of their own. A thread always updates the same shard, so threads rarely share a line;
 * reading adds the shards up.
 */
#ifndef MURR_BASE_METRICS_H
#define MURR_BASE_METRICS_H

#include "base/buf.h"

struct metrics;
struct counter;
struct histogram;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/*
 * `family` is the name without labels; those made with the same one must follow each other, and
 * have the same help. `labels` is "" or like: route="fetch",code="200". All strings are copied.
 *
 * Threads   before others use the set.
 */
struct counter *metrics_counter(struct metrics *m, const char *family, const char *help,
                                const char *labels);

/* `bounds` are the upper ends of the buckets, ascending, in units; a reported value is units *
 * scale. Bounds are borrowed for the life of the set. */
struct histogram *metrics_histogram(struct metrics *m, const char *family, const char *help,
                                    const char *labels, const uint64_t *bounds, size_t n_bounds,
                                    double scale);

void counter_add(struct counter *c, uint64_t n);
void histogram_observe(struct histogram *h, uint64_t units);

/* From 25 us to 10 s, in nanoseconds; scale 1e-9 reports seconds. */
enum { LATENCY_BOUNDS = 18 };
extern const uint64_t latency_bounds_ns[LATENCY_BOUNDS];

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

/* Append all metrics of the set. */
void metrics_put(struct buf *out, const struct metrics *m, enum metrics_format format);

/* The same of several sets whose families are the same in the same order, each family under one
 * head. */
void metrics_put_sets(struct buf *out, const struct metrics *const *sets, size_t n_sets,
                      enum metrics_format format);

/* Append the head of a family, and one sample, for values that are read where they are. */
void metrics_put_head(struct buf *out, const char *family, const char *type, const char *help,
                      enum metrics_format format);
void metrics_put_sample(struct buf *out, const char *name, const char *labels, double value);

/* Append what OpenMetrics wants at the end; nothing for Prometheus. */
void metrics_put_end(struct buf *out, enum metrics_format format);

/* Append a label, escaped: name="value". */
void metrics_put_label(struct buf *out, const char *name, const char *value);

const char *metrics_content_type(enum metrics_format format);

#endif
