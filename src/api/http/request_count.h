/* Requests counted by route and status. */
#ifndef MURR_API_HTTP_REQUEST_COUNT_H
#define MURR_API_HTTP_REQUEST_COUNT_H

#include "base/metrics.h"

/* Statuses that are counted by themselves, 0 at the end; others count as the last. */
extern const unsigned counted_statuses[];

/* The names of one counter's labels. */
struct counted_route {
    const char *method, *pattern;
};

/* One counter for each of the routes and statuses; the caller frees the array, the set of metrics the counters. */
struct counter *const *request_count_new(struct metrics *m, const struct counted_route *routes,
                                         size_t n_routes);

/* Count an answer of the `route`-th of those. Threads: any. */
void request_count_add(struct counter *const *counters, size_t route, unsigned status);

#endif
