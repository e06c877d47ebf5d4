/*
 * When to try again. Delays double from the first, each drawn between nothing and its bound (full jitter), so
 * that a thousand workers that failed together do not come back together. A budget, shared by all requests
 * of a store, ends retries when nearly everything fails: then trying again only adds load.
 */
#ifndef MURR_REMOTE_RETRY_H
#define MURR_REMOTE_RETRY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    unsigned max_attempts; /* tries without any progress between them */
    int64_t delay_ms;
    pthread_mutex_t lock; /* guards the rest */
    double tokens;        /* one a retry; every success gives some back */
    uint64_t random;
};

void retry_policy_init(struct retry_policy *p, unsigned max_attempts, int64_t delay_ms);
void retry_policy_done(struct retry_policy *p);

/* May the try after `n_failed` failed ones happen, and how long from now? `retry_after_s` is what the server
 * asked for; 0: nothing. */
bool retry_policy_again(struct retry_policy *p, unsigned n_failed, int64_t retry_after_s,
                        uint64_t *out_delay_ms);
void retry_policy_succeeded(struct retry_policy *p);

#endif
