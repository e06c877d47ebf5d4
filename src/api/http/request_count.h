/* Counts requests by route and status. */
#ifndef MURR_API_HTTP_REQUEST_COUNT_H
#define MURR_API_HTTP_REQUEST_COUNT_H

#include "base/metrics.h"

/* Statuses that have a counter, with 0 at the end. Any other status is counted as the last one. */
extern const unsigned counted_statuses[];

/* The names of one counter's labels. */
struct counted_route {
    const char *method, *pattern;
};

/* One counter for each route and status. The caller frees the array; the counters belong to the
 * metrics. */
struct counter *const *request_count_new(struct metrics *m, const struct counted_route *routes,
                                         size_t n_routes);

/* Count an answer of the `route`-th of those. Threads: any. */
void request_count_add(struct counter *const *counters, size_t route, unsigned status);

#endif
