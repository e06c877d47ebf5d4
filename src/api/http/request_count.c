#include "api/http/request_count.h"

#include "base/mem.h"

#include <stdio.h>

/* docs/http-api.md lists them, since dashboards depend on these values. */
const unsigned counted_statuses[] = {200, 201, 204, 400, 403, 404, 405, 406, 409,
                                     413, 415, 429, 431, 501, 503, 507, 500, 0};
enum { N_STATUSES = sizeof(counted_statuses) / sizeof(counted_statuses[0]) - 1 };

struct counter *const *request_count_new(struct metrics *m, const struct counted_route *routes,
                                         size_t n_routes)
{
    struct counter **counters = mem_alloc(n_routes * N_STATUSES * sizeof(*counters));
    for (size_t r = 0; r < n_routes; r++)
        for (size_t i = 0; i < N_STATUSES; i++) {
            char labels[120];
            snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\",code=\"%u\"",
                     routes[r].method, routes[r].pattern, counted_statuses[i]);
            counters[r * N_STATUSES + i] =
                metrics_counter(m, "murr_http_requests_total",
                                "Requests answered, by method, route and status.", labels);
        }
    return counters;
}

void request_count_add(struct counter *const *counters, size_t route, unsigned status)
{
    size_t i = 0;
    while (i + 1 < N_STATUSES && counted_statuses[i] != status)
        i++;
    counter_add(counters[route * N_STATUSES + i], 1);
}
