#include "remote/retry.h"

#include "base/clock.h"

#include <unistd.h>

/* 200 failures in a row use the budget up; in the long run one retry for two successes is
 * possible. */
static const double tokens_max = 200;
static const double tokens_per_success = 0.5;
static const int64_t delay_max_ms = 20000;

void retry_policy_init(struct retry_policy *p, unsigned max_attempts, int64_t delay_ms)
{
    *p = (struct retry_policy){.max_attempts = max_attempts, .delay_ms = delay_ms};
    p->tokens = tokens_max;
    p->random = clock_mono_ns() ^ (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)p;
    pthread_mutex_init(&p->lock, NULL);
}

void retry_policy_done(struct retry_policy *p)
{
    pthread_mutex_destroy(&p->lock);
}

/* splitmix64: good enough to spread requests. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int64_t longest_delay(const struct retry_policy *p, unsigned n_failed)
{
    int64_t most = p->delay_ms;
    for (unsigned i = 1; i < n_failed && most < delay_max_ms; i++)
        most *= 2;
    return most < delay_max_ms ? most : delay_max_ms;
}

bool retry_policy_again(struct retry_policy *p, unsigned n_failed, int64_t retry_after_s,
                        uint64_t *out_delay_ms)
{
    pthread_mutex_lock(&p->lock);
    bool may = n_failed < p->max_attempts && p->tokens >= 1;
    if (may) {
        p->tokens -= 1;
        *out_delay_ms = next_random(&p->random) % (uint64_t)(longest_delay(p, n_failed) + 1);
        uint64_t asked_ms = (uint64_t)retry_after_s * 1000;
        uint64_t most_ms = (uint64_t)delay_max_ms;
        asked_ms = asked_ms < most_ms ? asked_ms : most_ms;
        *out_delay_ms = *out_delay_ms > asked_ms ? *out_delay_ms : asked_ms;
    }
    pthread_mutex_unlock(&p->lock);
    return may;
}

void retry_policy_succeeded(struct retry_policy *p)
{
    pthread_mutex_lock(&p->lock);
    p->tokens =
        p->tokens + tokens_per_success < tokens_max ? p->tokens + tokens_per_success : tokens_max;
    pthread_mutex_unlock(&p->lock);
}
