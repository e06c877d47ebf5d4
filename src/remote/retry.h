/*
 * Retries: whether to try a request again, and when. The bound of the delay doubles with each
 * failure, and the delay is drawn between zero and the bound (full jitter), so that a thousand
 * workers that failed together do not come back together. All requests of a store share a budget of
 * retries. It runs out when nearly everything fails, since retries then only add load.
 *
 * Threads   any.
 */
#ifndef MURR_REMOTE_RETRY_H
#define MURR_REMOTE_RETRY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    unsigned max_attempts; /* attempts in a row without progress */
    int64_t delay_ms;      /* bound of the first delay */
    pthread_mutex_t lock;  /* guards the rest */
    double tokens;         /* a retry takes one; a success gives some back */
    uint64_t random;       /* state of the generator */
};

void retry_policy_init(struct retry_policy *p, unsigned max_attempts, int64_t delay_ms);
void retry_policy_done(struct retry_policy *p);

/* Whether to try again after `n_failed` failures in a row, and after how long. `retry_after_s` is
 * the server's Retry-After, which is honoured up to 20 s; 0 if there is none. */
bool retry_policy_again(struct retry_policy *p, unsigned n_failed, int64_t retry_after_s,
                        uint64_t *out_delay_ms);
void retry_policy_succeeded(struct retry_policy *p);

#endif
