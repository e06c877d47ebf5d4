/* Polling the source of a table, and loading what is new there. */
#include "engine/commit.h"
#include "engine/damage.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/loader.h"

#include <stdio.h>
#include <unistd.h>

static const int64_t backoff_first_ms = 1000;
static const int64_t backoff_max_ms = 10 * 60 * 1000;
/* Tables are polled in turn: one whose source is dead must not hold up the others for long. */
static const int64_t discover_min_ms = 10 * 1000;
static const int64_t discover_max_ms = 60 * 1000;
enum { RESTARTS_MAX = 3 };

/* -------------------------------------------------------------------------------------- load */

must_use static enum code discover(struct table *t, struct partition *out_partition,
                                   struct err *err)
{
    int64_t timeout_ms = t->spec->poll_interval_ms;
    timeout_ms = timeout_ms > discover_min_ms ? timeout_ms : discover_min_ms;
    struct remote_op op =
        table_source_op(t, timeout_ms < discover_max_ms ? timeout_ms : discover_max_ms);
    struct generation_info info;
    bool is_loaded = table_live_info(t, &info);
    return partition_find_newest(t->store, is_loaded ? info.partition : NULL, &op, out_partition,
                                 err);
}

must_use static enum code build_generation(struct table *t, const struct partition *p,
                                           const struct load_job *job, uint64_t number,
                                           struct load_result *result, struct err *err)
{
    uint64_t start_ns = clock_mono_ns();
    TRY(load_run(job, result, err));
    AUTO(partition) struct partition again = {0};
    TRY(discover(t, &again, err));
    if (again.fingerprint != p->fingerprint && strcmp(again.date, p->date) == 0)
        return err_set(err, E_CHANGED, "partition %s changed while it was read", p->date);
    struct generation_info info = {
        .number = number,
        .fingerprint = p->fingerprint,
        .spec_hash = t->spec_hash,
        .n_parts = t->spec->parts,
        .n_rows = result->n_rows,
        .disk_bytes = result->disk_bytes,
        .published_at_ms = p->published_at_ms,
        .loaded_at_ms = clock_wall_ms(),
        .load_seconds = (double)(clock_mono_ns() - start_ns) / 1e9,
    };
    memcpy(info.partition, p->date, sizeof(info.partition));
    return generation_write_info(job->dir, &info, &result->schema, err);
}

static void log_loaded(struct table *t, const struct load_result *result)
{
    struct generation_info info = {0};
    table_live_info(t, &info);
    log_info("table loaded", log_str("table", t->spec->name), log_str("partition", info.partition),
             log_int("generation", info.number), log_int("rows", result->n_rows),
             log_int("rows_read", result->n_rows_read), log_int("disk_bytes", result->disk_bytes),
             log_int("columns", result->schema.n_fields),
             log_int("columns_skipped", result->n_skipped_columns),
             log_double("seconds", info.load_seconds));
}

must_use static enum code load(struct table *t, const struct partition *p, struct pool *pool,
                               uint64_t memory_bytes, struct err *err)
{
    char tmp_dir[PATH_CAP];
    uint64_t number;
    struct err ignored;
    TRY(commit_make_tmp(t, &number, tmp_dir, err));
    struct remote_op op = table_source_op(t, 0);
    struct load_job job = {
        .spec = t->spec,
        .store = t->store,
        .partition = p,
        .op = &op,
        .dir = tmp_dir,
        .memory_bytes = memory_bytes,
        .pool = pool,
        .progress = &t->progress,
        .hash_seed = table_hash_seed(t),
    };
    AUTO(load_result) struct load_result result = {0};
    enum code rc = build_generation(t, p, &job, number, &result, err);
    if (rc)
        commit_remove_tmp(tmp_dir);
    else
        rc = commit_base(t, tmp_dir, number, err);
    if (rc)
        return rc;
    log_loaded(t, &result);
    if (generation_prune(t->dir, number, t->spec->keep_generations, &ignored))
        log_warn("old generations stay behind", log_str("table", t->spec->name),
                 log_str("error", ignored.msg));
    return OK;
}

/* -------------------------------------------------------------------------------------- poll */

static bool is_served(struct table *t, const struct partition *p)
{
    struct generation_info info;
    return !damage_wants_load(t) && table_live_info(t, &info) &&
           info.fingerprint == p->fingerprint && info.spec_hash == t->spec_hash;
}

/* Between `least` and `most`, so that a thousand workers do not come together. */
static int64_t jittered_ms(const struct table *t, int64_t least, int64_t most)
{
    uint64_t seed = (clock_mono_ns() ^ (uint64_t)getpid() << 40 ^ (uint64_t)(uintptr_t)t);
    uint64_t spread = seed * 0x9E3779B97F4A7C15u >> 32;
    return least + (int64_t)(spread % (uint64_t)(most - least + 1));
}

/* Doubling, with jitter. */
static int64_t backoff_ms(const struct table *t, unsigned n_failed)
{
    int64_t most = backoff_first_ms << (n_failed < 16 ? n_failed : 16);
    most = most < backoff_max_ms ? most : backoff_max_ms;
    return jittered_ms(t, most / 2, most);
}

static void schedule(struct table *t, bool failed)
{
    int64_t interval = t->spec->poll_interval_ms;
    int64_t delay = jittered_ms(t, interval - interval / 5, interval);
    int64_t backoff = backoff_ms(t, t->n_failed_polls);
    if (failed && backoff < delay)
        delay = backoff;
    pthread_mutex_lock(&t->lock);
    t->polled_at_ms = clock_wall_ms();
    t->next_poll_at_ms = t->polled_at_ms + delay;
    t->next_poll_ns = t->is_poll_wanted ? 0 : clock_mono_ns() + (uint64_t)delay * 1000000u;
    pthread_mutex_unlock(&t->lock);
}

/* The outcome of the latest poll; an empty message: it went well. */
static void note_outcome(struct table *t, const struct err *err)
{
    pthread_mutex_lock(&t->lock);
    t->last_error = *err;
    t->last_error_at_ms = err->msg[0] ? clock_wall_ms() : 0;
    pthread_mutex_unlock(&t->lock);
}

static void note_count(struct table *t, uint64_t *counter)
{
    pthread_mutex_lock(&t->lock);
    ++*counter;
    pthread_mutex_unlock(&t->lock);
}

static void note_poll(struct table *t, enum code rc)
{
    pthread_mutex_lock(&t->lock);
    ++*(rc ? &t->n_polls_failed : &t->n_polls_ok);
    t->source_ok_at_ms = rc ? t->source_ok_at_ms : clock_wall_ms();
    pthread_mutex_unlock(&t->lock);
}

must_use static enum code load_if_new(struct table *t, const struct partition *p, struct pool *pool,
                                      uint64_t memory_bytes, struct err *err)
{
    if (is_served(t, p))
        return OK;
    TRY(damage_allows_load(t, p->published_at_ms, err));
    bool failed_before = p->fingerprint == t->failed_fingerprint;
    if (failed_before && clock_mono_ns() < t->retry_load_ns)
        return err_set(err, E_INVALID, "%s", t->failed_err.msg); /* known bad: not yet again */
    enum code rc = load(t, p, pool, memory_bytes, err);
    note_count(t, rc ? &t->n_loads_failed : &t->n_loads_ok);
    t->failed_fingerprint = rc ? p->fingerprint : 0;
    t->n_failed_loads = failed_before ? t->n_failed_loads + 1 : 0;
    t->retry_load_ns = clock_mono_ns() + (uint64_t)backoff_ms(t, t->n_failed_loads) * 1000000u;
    if (!rc)
        return OK;
    err_write_in(err, "partition %s", p->date);
    t->failed_err = *err;
    return rc;
}

/* What was being read has been replaced: see what is there now, and load that. */
must_use static enum code start_anew(struct table *t, struct partition *p, struct pool *pool,
                                     uint64_t memory_bytes, struct err *err)
{
    log_info("the partition changed while it was read; starting anew",
             log_str("table", t->spec->name), log_str("partition", p->date),
             log_str("error", err->msg));
    partition_done(p);
    TRY(discover(t, p, err));
    t->failed_fingerprint = 0;
    return load_if_new(t, p, pool, memory_bytes, err);
}

/* It cannot be loaded again now. */
static void fall_back(struct table *t)
{
    struct err err;
    if (commit_older(t, &err) == OK)
        log_warn("an older generation serves", log_str("table", t->spec->name));
}

/* Who asked for a poll wants what failed before tried again, too. */
static void answer_wish(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    if (t->is_poll_wanted)
        t->retry_load_ns = 0;
    t->is_poll_wanted = false;
    pthread_mutex_unlock(&t->lock);
}

enum code table_poll(struct table *t, struct pool *pool, uint64_t memory_bytes, struct err *err)
{
    struct err own;
    AUTO(partition) struct partition p = {0};
    answer_wish(t);
    table_settle(t);
    damage_look(t);
    enum code rc = discover(t, &p, &own);
    note_poll(t, rc);
    if (!rc)
        rc = load_if_new(t, &p, pool, memory_bytes, &own);
    for (int i = 0; i < RESTARTS_MAX && rc == E_CHANGED; i++)
        rc = start_anew(t, &p, pool, memory_bytes, &own);
    if (rc == E_CANCELLED)
        return err_set(err, rc, "%s", own.msg);
    if (rc && damage_kind_of(t) == DAMAGE_ROWS && damage_is_in_rows(t))
        fall_back(t);
    bool is_news = rc && strcmp(own.msg, t->last_error.msg) != 0;
    if (is_news)
        log_warn(t->live ? "poll failed; the data loaded before keeps serving" : "poll failed",
                 log_str("table", t->spec->name), log_str("error", own.msg));
    if (!rc)
        own.msg[0] = '\0';
    note_outcome(t, &own);
    t->n_failed_polls = rc ? t->n_failed_polls + 1 : 0;
    schedule(t, rc != OK);
    return rc ? err_set(err, rc, "table %s: %s", t->spec->name, own.msg) : OK;
}
