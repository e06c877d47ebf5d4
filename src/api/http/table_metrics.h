/*
 * What is counted for each table. Tables come and go: counts of a new one begin when it is first counted or listed,
 * those of a dropped one go at the next listing.
 *
 * Threads   any. Counting takes a lock that only a table's coming and going takes alone.
 */
#ifndef MURR_API_HTTP_TABLE_METRICS_H
#define MURR_API_HTTP_TABLE_METRICS_H

#include "base/buf.h"
#include "base/metrics.h"

struct table_metrics_set;

struct table_metrics_set *table_metrics_new(void);
void table_metrics_free(struct table_metrics_set *s);

struct fetch_count {
    bool is_json;
    uint64_t ns;
    uint64_t cells_found, cells_missing;
};
void table_metrics_fetch(struct table_metrics_set *s, struct view table,
                         const struct fetch_count *count);

enum write_outcome { WRITE_OK, WRITE_FAILED, WRITE_REFUSED };
struct write_count {
    enum write_outcome outcome;
    uint64_t rows, bytes, ns; /* of one that went well */
};
void table_metrics_write(struct table_metrics_set *s, struct view table,
                         const struct write_count *count);

/* Append the metrics of these tables, in this order; all others are forgotten. */
void table_metrics_put(struct table_metrics_set *s, const char *const *tables, size_t n_tables,
                       struct buf *out, enum metrics_format format);

#endif
