#include "engine/background.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "engine/merging.h"
#include "engine/registry_priv.h"
#include "engine/scrub.h"
#include "engine/writing.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Two of each, so that a large write or merge of one table does not hold up small ones of another. */
enum { N_WRITERS = 2, N_MERGERS = 2, MERGE_THREADS = 2, MERGE_NICENESS = 10 };

struct background {
    struct background_config config;
    pthread_t poller, writers[N_WRITERS], mergers[N_MERGERS], scrubber;
    bool is_polling, is_scrubbing;
    unsigned n_writers, n_mergers;
    _Atomic size_t write_turn, merge_turn, scrub_turn; /* of the tables */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t wake;
    bool stopping;
    uint64_t n_wakes; /* so that none is missed between looking and sleeping */
};

/* Sleep until then, or until something is new or stopping; returns whether to go on. */
static bool sleep_until(struct background *b, uint64_t mono_ns, uint64_t *seen_wakes)
{
    struct timespec until = {(time_t)(mono_ns / 1000000000u), (long)(mono_ns % 1000000000u)};
    pthread_mutex_lock(&b->lock);
    while (!b->stopping && clock_mono_ns() < mono_ns && (!seen_wakes || *seen_wakes == b->n_wakes))
        pthread_cond_timedwait(&b->wake, &b->lock, &until);
    if (seen_wakes)
        *seen_wakes = b->n_wakes;
    bool go_on = !b->stopping;
    pthread_mutex_unlock(&b->lock);
    return go_on;
}

void background_wake(struct background *b)
{
    pthread_mutex_lock(&b->lock);
    b->n_wakes++;
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

/* ------------------------------------------------------------------------------------- polling */

static struct table *next_due(const struct background_config *c)
{
    struct table *due = c->sources[0];
    for (size_t i = 1; i < c->n_sources; i++)
        if (table_next_poll_ns(c->sources[i]) < table_next_poll_ns(due))
            due = c->sources[i];
    return due;
}

static void *poller_main(void *arg)
{
    struct background *b = arg;
    const struct background_config *c = &b->config;
    uint64_t seen = 0;
    pthread_setname_np(pthread_self(), "murr-poller");
    for (;;) {
        struct table *t = next_due(c);
        if (!sleep_until(b, table_next_poll_ns(t), &seen))
            return NULL;
        if (table_next_poll_ns(t) > clock_mono_ns())
            continue;   /* woken: another one may be due */
        struct err err; /* kept and logged by the table */
        enum code rc = table_poll(t, c->load_pool, c->config->load.memory_bytes, &err);
        (void)rc;
    }
}

/* ------------------------------------------------------------------------------------- writing */

static bool holds_to_write(void *arg, struct table *t)
{
    (void)arg;
    return table_hold_to_write(t);
}

/* False: nothing waits. */
static bool write_next(struct background *b, struct pool *pool)
{
    const struct background_config *c = &b->config;
    const struct write_limits limits = {c->config->write.queue_bytes,
                                        c->config->write.memory_bytes};
    struct table *t = registry_find(c->registry, &b->write_turn, holds_to_write, NULL);
    if (!t)
        return false;
    struct queued_write *drop =
        table_write_some(t, pool, &limits, registry_quota_left(c->registry));
    if (drop)
        registry_drop(c->registry, t, drop);
    return true;
}

/* In turn: neither waits for all of the other. */
static bool next_of_each(struct background *b, struct pool *pool)
{
    bool created = registry_create_next(b->config.registry);
    return write_next(b, pool) || created;
}

static void *writer_main(void *arg)
{
    struct background *b = arg;
    const struct background_config *c = &b->config;
    pthread_setname_np(pthread_self(), "murr-writer"); /* its pool inherits the name */
    struct pool *pool = pool_new(c->config->load.threads);
    uint64_t seen = 0;
    do {
        while (next_of_each(b, pool))
            background_wake(b); /* layers to merge, a table to write to */
    } while (sleep_until(b, UINT64_MAX / 2, &seen));
    pool_free(pool);
    return NULL;
}

/* ------------------------------------------------------------------------------------- merging */

static bool holds_to_merge(void *arg, struct table *t)
{
    return table_hold_to_merge(t, arg);
}

/* Merging may have what reads and writes leave of a core. */
static void *merger_main(void *arg)
{
    struct background *b = arg;
    const struct background_config *c = &b->config;
    uint64_t seen = 0, wake_ns;
    pthread_setname_np(pthread_self(), "murr-merger");
    if (setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), MERGE_NICENESS) < 0)
        log_warn("merging cannot step back behind reads and writes");
    struct pool *pool = pool_new(MERGE_THREADS); /* its threads inherit the priority */
    do {
        struct table *t;
        wake_ns = UINT64_MAX / 2;
        while ((t = registry_find(c->registry, &b->merge_turn, holds_to_merge, &wake_ns))) {
            table_merge_some(t, pool, c->config->write.memory_bytes / N_MERGERS);
            background_wake(b); /* room for writes */
            wake_ns = UINT64_MAX / 2;
        }
    } while (sleep_until(b, wake_ns, &seen));
    pool_free(pool);
    return NULL;
}

/* ----------------------------------------------------------------------------------- scrubbing */

static bool holds_to_scrub(void *arg, struct table *t)
{
    return table_hold_to_scrub(t, arg);
}

static void *scrubber_main(void *arg)
{
    struct background *b = arg;
    uint64_t wake_ns;
    pthread_setname_np(pthread_self(), "murr-scrubber");
    if (setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), MERGE_NICENESS) < 0)
        log_warn("scrubbing cannot step back behind reads and writes");
    do {
        struct table *t;
        wake_ns = clock_mono_ns() + 1000000000u;
        while ((t = registry_find(b->config.registry, &b->scrub_turn, holds_to_scrub, &wake_ns)))
            table_scrub(t);
    } while (sleep_until(b, wake_ns, NULL));
    return NULL;
}

/* --------------------------------------------------------------------------------------- whole */

static void init_wake(struct background *b)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &attr);
    pthread_condattr_destroy(&attr);
}

struct background *background_start(const struct background_config *config)
{
    struct background *b = mem_zalloc(sizeof(*b));
    b->config = *config;
    init_wake(b);
    b->is_polling = config->n_sources && pthread_create(&b->poller, NULL, poller_main, b) == 0;
    if (config->n_sources && !b->is_polling)
        log_error("cannot start the poller: tables will not be reloaded");
    while (b->n_writers < N_WRITERS &&
           pthread_create(&b->writers[b->n_writers], NULL, writer_main, b) == 0)
        b->n_writers++;
    while (b->n_mergers < N_MERGERS &&
           pthread_create(&b->mergers[b->n_mergers], NULL, merger_main, b) == 0)
        b->n_mergers++;
    b->is_scrubbing = pthread_create(&b->scrubber, NULL, scrubber_main, b) == 0;
    if (!background_writes(b))
        log_error("cannot start the threads of writes: writes will fail");
    return b;
}

bool background_writes(const struct background *b)
{
    return b->n_writers && b->n_mergers;
}

void background_stop(struct background *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
    if (b->is_polling)
        pthread_join(b->poller, NULL);
    for (unsigned i = 0; i < b->n_writers; i++)
        pthread_join(b->writers[i], NULL);
    for (unsigned i = 0; i < b->n_mergers; i++)
        pthread_join(b->mergers[i], NULL);
    if (b->is_scrubbing)
        pthread_join(b->scrubber, NULL);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
