#include "engine/load/load_shares.h"

#include "base/mem.h"

#include <pthread.h>
#include <time.h>

static const uint64_t least_bytes = 32u << 20; /* the smallest share worth starting with */
static const long look_ns = 50 * 1000 * 1000;  /* between two checks for cancellation */

struct load_shares {
    struct pool_turns *turns;
    uint64_t memory_bytes;
    bool is_for_one; /* there is only one table, which gets all memory */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t freed;
    uint64_t left_bytes;
};

struct load_shares *load_shares_new(const struct load_config *config, size_t n_tables)
{
    struct load_shares *s = mem_zalloc(sizeof(*s));
    s->turns = pool_turns_new(config->threads);
    s->memory_bytes = s->left_bytes = config->memory_bytes;
    s->is_for_one = n_tables == 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->freed, NULL);
    return s;
}

void load_shares_free(struct load_shares *s)
{
    if (!s)
        return;
    pool_turns_free(s->turns);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* What a load would get now, by (1) and (2); 0: it has to wait. The lock is held. */
static uint64_t offer(const struct load_shares *s, bool all)
{
    uint64_t least = least_bytes < s->memory_bytes ? least_bytes : s->memory_bytes;
    if (all || s->is_for_one)
        return s->left_bytes == s->memory_bytes ? s->memory_bytes : 0;
    if (s->left_bytes < least)
        return 0;
    return s->left_bytes / 2 > least ? s->left_bytes / 2 : least;
}

/* Setting `cancelled` wakes nobody, so the wait is bounded and the caller looks again. */
static void wait_a_little(struct load_shares *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += look_ns;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->freed, &s->lock, &until);
}

enum code load_shares_take(struct load_shares *s, bool all, const _Atomic bool *cancelled,
                           struct load_share *out_share, struct err *err)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(cancelled) && (bytes = offer(s, all)) == 0)
        wait_a_little(s);
    s->left_bytes -= bytes;
    pthread_mutex_unlock(&s->lock);
    if (bytes == 0)
        return err_set(err, E_CANCELLED, "stopped");
    *out_share = (struct load_share){bytes, bytes == s->memory_bytes, pool_new_in_turns(s->turns)};
    return OK;
}

void load_shares_give_back(struct load_shares *s, struct load_share *share)
{
    pool_free(share->pool);
    pthread_mutex_lock(&s->lock);
    s->left_bytes += share->memory_bytes;
    pthread_cond_broadcast(&s->freed);
    pthread_mutex_unlock(&s->lock);
    *share = (struct load_share){0};
}
