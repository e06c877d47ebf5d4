#include "engine/background.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "engine/table/compaction.h"
#include "engine/lifecycle.h"
#include "engine/table/poll.h"
#include "engine/table/table.h"
#include "engine/table/scrub.h"
#include "engine/table/write_queue.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * (1) A thread holds the table that it works on, by a flag under that table's lock (pollers by
 *     is_polled). So no table is written, merged, polled or scrubbed twice at a time.
 * (2) Threads look for work at all tables in turn (table_set_next), so a busy table does not starve
 *     the others.
 * (3) A thread that finds nothing sleeps until n_wakes changes or a time comes:
 *
 *         1. A writer looks at all tables and finds nothing.
 *         2. A client enqueues a write, and background_wake counts n_wakes up and signals nobody.
 *         3. The writer goes to sleep. It compares n_wakes with the count before it looked, and
 *            looks again.
 *
 * (4) There are two writers and two mergers, so that a large write or merge of one table does not
 *     hold up the small ones of others. There is a poller for each source, up to POLLERS_MAX: a
 *     slow or silent source delays only its own table (docs/decisions/0053).
 */

enum { N_WRITERS = 2, N_MERGERS = 2, MERGE_THREADS = 2, MERGE_NICENESS = 10, POLLERS_MAX = 16 };

struct background {
    struct background_config config;
    pthread_t pollers[POLLERS_MAX], writers[N_WRITERS], mergers[N_MERGERS], scrubber;
    bool is_scrubbing;
    unsigned n_pollers, n_writers, n_mergers;
    _Atomic size_t write_turn, merge_turn, scrub_turn; /* table_set_next */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t wake;
    pthread_cond_t poll_wake; /* for the pollers */
    bool *is_polled;          /* by source: a poller works on it */
    bool stopping;
    uint64_t n_wakes; /* (3) */
};

/* Sleep until that time, or until somebody wakes us (3) or stops. Returns whether to go on. */
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

/* Of the sources that no poller works on, the one due first; n_sources if there is none. The lock
 * is held. */
static size_t first_due(const struct background *b, uint64_t *out_ns)
{
    const struct background_config *c = &b->config;
    size_t first = c->n_sources;
    *out_ns = UINT64_MAX;
    for (size_t i = 0; i < c->n_sources; i++) {
        uint64_t due_ns = b->is_polled[i] ? UINT64_MAX : table_next_poll_ns(c->sources[i]);
        if (due_ns >= *out_ns)
            continue;
        *out_ns = due_ns;
        first = i;
    }
    return first;
}

/* Sleep until a source is due, and take it. Returns n_sources when stopping. */
static size_t take_due(struct background *b)
{
    size_t at = b->config.n_sources;
    pthread_mutex_lock(&b->lock);
    while (!b->stopping) {
        uint64_t due_ns;
        at = first_due(b, &due_ns);
        if (due_ns <= clock_mono_ns())
            break;
        due_ns = due_ns < UINT64_MAX / 2 ? due_ns : UINT64_MAX / 2;
        struct timespec until = {(time_t)(due_ns / 1000000000u), (long)(due_ns % 1000000000u)};
        pthread_cond_timedwait(&b->poll_wake, &b->lock, &until);
    }
    at = b->stopping ? b->config.n_sources : at;
    if (at < b->config.n_sources)
        b->is_polled[at] = true;
    pthread_mutex_unlock(&b->lock);
    return at;
}

static void give_back(struct background *b, size_t source)
{
    pthread_mutex_lock(&b->lock);
    b->is_polled[source] = false;
    pthread_mutex_unlock(&b->lock);
}

void background_poll_soon(struct background *b)
{
    pthread_mutex_lock(&b->lock);
    pthread_cond_broadcast(&b->poll_wake);
    pthread_mutex_unlock(&b->lock);
}

static void *poller_main(void *arg)
{
    struct background *b = arg;
    const struct background_config *c = &b->config;
    pthread_setname_np(pthread_self(), "murr-poller");
    const struct poll_means means = {c->shares, false};
    for (size_t at; (at = take_due(b)) < c->n_sources; give_back(b, at)) {
        struct err err; /* kept and logged by the table */
        enum code rc = table_poll(c->sources[at], &means, &err);
        if (rc == OK && table_has_layers(c->sources[at]))
            background_wake(b); /* a refresh may have left layers to merge */
    }
    return NULL;
}

static void start_pollers(struct background *b)
{
    size_t n = b->config.n_sources < POLLERS_MAX ? b->config.n_sources : POLLERS_MAX;
    b->is_polled = mem_zalloc((b->config.n_sources + 1) * sizeof(bool));
    while (b->n_pollers < n && pthread_create(&b->pollers[b->n_pollers], NULL, poller_main, b) == 0)
        b->n_pollers++;
    if (n && b->n_pollers == 0)
        log_error("cannot start a poller: tables will not be reloaded");
}

/* ------------------------------------------------------------------------------------- writing */

static bool holds_to_write(void *arg, struct table *t)
{
    (void)arg;
    return table_hold_to_write(t);
}

/* Do the first writes of one table. False if no table has any. */
static bool write_next(struct background *b, struct pool *pool)
{
    const struct background_config *c = &b->config;
    const struct write_limits limits = {c->write->queue_bytes, c->write->memory_bytes};
    struct table *t = table_set_next(c->tables, &b->write_turn, holds_to_write, NULL);
    if (!t)
        return false;
    struct queued_write *drop =
        table_write_some(t, pool, &limits, lifecycle_quota_left(c->lifecycle));
    if (drop)
        lifecycle_drop(c->lifecycle, t, drop);
    return true;
}

/* One creation and one group of writes, in turn, so that neither kind waits until the other has run
 * out. */
static bool next_of_each(struct background *b, struct pool *pool)
{
    bool created = lifecycle_create_next(b->config.lifecycle);
    return write_next(b, pool) || created;
}

static void *writer_main(void *arg)
{
    struct background *b = arg;
    const struct background_config *c = &b->config;
    pthread_setname_np(pthread_self(), "murr-writer"); /* its pool inherits the name */
    struct pool *pool = pool_new(c->load->threads);
    uint64_t seen = 0;
    do {
        while (next_of_each(b, pool))
            background_wake(b); /* there are layers to merge, or a new table to write to */
    } while (sleep_until(b, UINT64_MAX / 2, &seen));
    pool_free(pool);
    return NULL;
}

/* ------------------------------------------------------------------------------------- merging */

static bool holds_to_merge(void *arg, struct table *t)
{
    return table_hold_to_merge(t, arg);
}

/* Mergers run at low priority, so that they take only what reads and writes leave. */
static void *merger_main(void *arg)
{
    struct background *b = arg;
    const struct background_config *c = &b->config;
    uint64_t seen = 0, wake_ns;
    pthread_setname_np(pthread_self(), "murr-merger");
    if (setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), MERGE_NICENESS) < 0)
        log_warn("merging runs at normal priority, since its priority could not be lowered");
    struct pool *pool = pool_new(MERGE_THREADS); /* its threads inherit the priority */
    do {
        struct table *t;
        wake_ns = UINT64_MAX / 2;
        while ((t = table_set_next(c->tables, &b->merge_turn, holds_to_merge, &wake_ns))) {
            table_merge_some(t, pool, c->write->memory_bytes / N_MERGERS);
            background_wake(b); /* there is room for writes again */
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
        log_warn("scrubbing runs at normal priority, since its priority could not be lowered");
    do {
        struct table *t;
        wake_ns = clock_mono_ns() + 1000000000u;
        while ((t = table_set_next(b->config.tables, &b->scrub_turn, holds_to_scrub, &wake_ns)))
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
    pthread_cond_init(&b->poll_wake, &attr);
    pthread_condattr_destroy(&attr);
}

struct background *background_start(const struct background_config *config)
{
    struct background *b = mem_zalloc(sizeof(*b));
    b->config = *config;
    init_wake(b);
    start_pollers(b);
    while (b->n_writers < N_WRITERS &&
           pthread_create(&b->writers[b->n_writers], NULL, writer_main, b) == 0)
        b->n_writers++;
    while (b->n_mergers < N_MERGERS &&
           pthread_create(&b->mergers[b->n_mergers], NULL, merger_main, b) == 0)
        b->n_mergers++;
    b->is_scrubbing = pthread_create(&b->scrubber, NULL, scrubber_main, b) == 0;
    if (!background_writes(b))
        log_error("cannot start the threads for writes: writes will fail");
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
    pthread_cond_broadcast(&b->poll_wake);
    pthread_mutex_unlock(&b->lock);
    for (unsigned i = 0; i < b->n_pollers; i++)
        pthread_join(b->pollers[i], NULL);
    for (unsigned i = 0; i < b->n_writers; i++)
        pthread_join(b->writers[i], NULL);
    for (unsigned i = 0; i < b->n_mergers; i++)
        pthread_join(b->mergers[i], NULL);
    if (b->is_scrubbing)
        pthread_join(b->scrubber, NULL);
    pthread_cond_destroy(&b->wake);
    pthread_cond_destroy(&b->poll_wake);
    pthread_mutex_destroy(&b->lock);
    free(b->is_polled);
    free(b);
}
