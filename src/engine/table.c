#include "engine/table.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/generation.h"
#include "engine/loader.h"
#include "engine/progress.h"
#include "engine/snapshot_priv.h"
#include "engine/source.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static const int64_t backoff_first_ms = 1000;
static const int64_t backoff_max_ms = 10 * 60 * 1000;
/* Tables are polled in turn: one whose source is dead must not hold up the others for long. */
static const int64_t discover_min_ms = 10 * 1000;
static const int64_t discover_max_ms = 60 * 1000;
enum { RESTARTS_MAX = 3 };

struct table {
    const struct table_spec *spec;
    char *dir;
    uint64_t spec_hash;
    struct object_store *store;
    struct load_progress progress;
    _Atomic uint64_t n_read_bytes; /* that came from the source */

    /* Only the polling thread. */
    bool is_serving;             /* snapshots are kept as the configuration says; else mapped */
    uint64_t unsettled;          /* generation that could not be settled; 0: none */
    uint64_t next_number;        /* of the next generation */
    unsigned n_failed_polls;     /* in a row */
    uint64_t failed_fingerprint; /* of the partition whose load failed last; 0: none */
    struct err failed_err;       /* and what it said */
    unsigned n_failed_loads;     /* of that partition, without the first */
    uint64_t retry_load_ns;      /* not to be loaded again before */

    /* Guarded by the lock, held for a few instructions: taking a snapshot is reading the pointer and
     * adding the reference in one step. */
    pthread_mutex_t lock;
    struct snapshot *live; /* NULL: nothing loaded yet */
    struct err last_error;
    int64_t last_error_at_ms, polled_at_ms, source_ok_at_ms, next_poll_at_ms;
    uint64_t next_poll_ns;
    uint64_t n_loads_ok, n_loads_failed, n_polls_ok, n_polls_failed;
};

const char *table_name(const struct table *t)
{
    return t->spec->name;
}

/* ----------------------------------------------------------------------------------- restart */

/* What of the configuration shapes the data: when it changes, the same partition is loaded anew. */
static uint64_t hash_spec(const struct table_spec *spec)
{
    AUTO(buf) struct buf all = {0};
    buf_printf(&all, "parts %u layout %d\n", spec->parts, (int)spec->layout);
    for (size_t k = 0; k < spec->n_key; k++)
        buf_printf(&all, "key %s\n", spec->key[k]);
    for (size_t i = 0; i < spec->n_columns; i++) {
        char text[TYPE_TEXT_CAP];
        buf_printf(&all, "column %s %s %d\n", spec->columns[i].name,
                   type_text(&spec->columns[i].type, text), spec->columns[i].nullable);
    }
    return hash_checksum(buf_view(&all));
}

/* Serve the newest generation that opens, not newer than the manifest's. Without a manifest (it is
 * damaged, or we died between the first generation and its manifest) it gets one, for those who read
 * the directory beside us. */
must_use static enum code restore(struct table *t, struct err *err)
{
    static const struct remote_op no_bound;
    uint64_t live = 0;
    struct err why;
    if (generation_live(t->dir, &live, &why))
        log_warn("manifest is damaged; looking for the newest generation",
                 log_str("table", t->spec->name), log_str("error", why.msg));
    TRY(generation_remove_debris(t->dir, live, err));
    AUTO(generation_list) struct generation_list list = {0};
    TRY(generation_list(t->dir, &list, err));
    t->next_number = list.n ? list.numbers[0] + 1 : 1;
    for (size_t i = 0; i < list.n && !t->live; i++) {
        char dir[PATH_CAP];
        TRY(generation_path(t->dir, list.numbers[i], dir, err));
        if (snapshot_open(dir, STORAGE_MMAP, &no_bound, &t->live, &why))
            log_error("generation cannot be used", log_str("table", t->spec->name),
                      log_int("generation", list.numbers[i]), log_str("error", why.msg));
        else if (live == 0 && generation_publish(t->dir, list.numbers[i], &why))
            log_warn("cannot write the manifest", log_str("table", t->spec->name),
                     log_str("error", why.msg));
    }
    if (t->live)
        log_info("serving from disk", log_str("table", t->spec->name),
                 log_int("generation", snapshot_generation(t->live)),
                 log_str("partition", snapshot_info(t->live)->partition),
                 log_int("rows", snapshot_n_rows(t->live)));
    return OK;
}

enum code table_open(const struct table_spec *spec, const char *data_dir,
                     struct transfer_loop *loop, struct table **out_table, struct err *err)
{
    struct table *t = mem_zalloc(sizeof(*t));
    char dir[PATH_CAP];
    t->spec = spec;
    t->spec_hash = hash_spec(spec);
    pthread_mutex_init(&t->lock, NULL);
    enum code rc = path_format(dir, err, "%s/%s", data_dir, spec->name);
    if (!rc) {
        t->dir = mem_strdup(dir);
        rc = dir_make(dir, err);
    }
    if (!rc)
        rc = dir_sync(data_dir, err);
    if (!rc)
        rc = source_open(&spec->source, loop, &t->store, err);
    if (!rc)
        rc = restore(t, err);
    if (rc) {
        table_close(t);
        return err_in(err, rc, "table %s", spec->name);
    }
    *out_table = t;
    return OK;
}

void table_close(struct table *t)
{
    if (!t)
        return;
    snapshot_unref(t->live);
    object_store_close(t->store);
    pthread_mutex_destroy(&t->lock);
    free(t->dir);
    free(t);
}

/* -------------------------------------------------------------------------------------- load */

static void swap(struct table *t, struct snapshot *take_fresh)
{
    pthread_mutex_lock(&t->lock);
    struct snapshot *old = t->live;
    t->live = take_fresh;
    pthread_mutex_unlock(&t->lock);
    snapshot_unref(old); /* outside the lock: it may unmap gigabytes */
}

/* Bounds of what is asked of the source. Listings have a deadline, reads end with their retries. */
static struct remote_op source_op(struct table *t, int64_t timeout_ms)
{
    return (struct remote_op){
        .cancelled = &t->progress.cancelled,
        .deadline_ns = timeout_ms ? clock_mono_ns() + (uint64_t)timeout_ms * 1000000u : 0,
        .n_read_bytes = &t->n_read_bytes,
    };
}

/* A generation as it shall be served; mapped where memory is too short for a copy, or time. */
must_use static enum code open_to_serve(struct table *t, const char *dir,
                                        struct snapshot **out_snapshot, struct err *err)
{
    enum storage_kind storage = t->is_serving ? t->spec->storage : STORAGE_MMAP;
    struct remote_op op = source_op(t, 0);
    enum code rc = snapshot_open(dir, storage, &op, out_snapshot, err);
    if ((rc != E_NOMEM && rc != E_CANCELLED) || storage != STORAGE_MEMORY)
        return rc;
    if (rc == E_NOMEM)
        log_warn("no memory for a copy; serving from the mapped files",
                 log_str("table", t->spec->name), log_str("error", err->msg));
    return snapshot_open(dir, STORAGE_MMAP, &op, out_snapshot, err);
}

/* After a restart the mapped files serve; replace them as configured. Tried again at each poll. */
static void settle(struct table *t)
{
    if (!t->live || !t->is_serving || snapshot_storage(t->live) == t->spec->storage)
        return;
    char dir[PATH_CAP];
    struct err err;
    struct snapshot *fresh;
    struct remote_op op = source_op(t, 0);
    uint64_t number = snapshot_generation(t->live), start_ns = clock_mono_ns();
    enum code rc = generation_path(t->dir, number, dir, &err);
    if (!rc)
        rc = snapshot_open(dir, t->spec->storage, &op, &fresh, &err);
    if (rc == E_CANCELLED)
        return;
    if (rc) {
        if (t->unsettled != number)
            log_warn("serving from the mapped files", log_str("table", t->spec->name),
                     log_str("error", err.msg));
        t->unsettled = number;
        return;
    }
    uint64_t bytes = snapshot_memory_bytes(fresh);
    swap(t, fresh);
    if (bytes)
        snapshot_drop_cache(dir, fresh);
    log_info("storage settled", log_str("table", t->spec->name), log_int("generation", number),
             log_int("memory_bytes", bytes),
             log_double("seconds", (double)(clock_mono_ns() - start_ns) / 1e9));
}

/* Give a complete directory its number, open it, make it live. */
must_use static enum code publish(struct table *t, const char *tmp_dir, uint64_t number,
                                  struct err *err)
{
    char dir[PATH_CAP];
    struct snapshot *fresh;
    TRY(generation_path(t->dir, number, dir, err));
    TRY(dir_sync(tmp_dir, err));
    if (rename(tmp_dir, dir) < 0)
        return err_errno(err, E_IO, "cannot rename %s to %s", tmp_dir, dir);
    enum code rc = dir_sync(t->dir, err);
    if (!rc)
        rc = open_to_serve(t, dir, &fresh, err);
    if (!rc) {
        rc = generation_publish(t->dir, number, err);
        if (rc)
            snapshot_unref(fresh);
    }
    if (rc) {
        struct err ignored;
        if (tree_remove(dir, &ignored))
            log_warn("debris stays behind", log_str("path", dir), log_str("error", ignored.msg));
        return rc;
    }
    swap(t, fresh);
    if (snapshot_storage(t->live) == STORAGE_MEMORY)
        snapshot_drop_cache(dir, t->live);
    return OK;
}

must_use static enum code discover(struct table *t, struct partition *out_partition,
                                   struct err *err)
{
    int64_t timeout_ms = t->spec->poll_interval_ms;
    timeout_ms = timeout_ms > discover_min_ms ? timeout_ms : discover_min_ms;
    struct remote_op op = source_op(t, timeout_ms < discover_max_ms ? timeout_ms : discover_max_ms);
    const struct generation_info *info = t->live ? snapshot_info(t->live) : NULL;
    return partition_find_newest(t->store, info ? info->partition : NULL, &op, out_partition, err);
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

static void log_loaded(const struct table *t, const struct load_result *result)
{
    const struct generation_info *info = snapshot_info(t->live);
    log_info("table loaded", log_str("table", t->spec->name), log_str("partition", info->partition),
             log_int("generation", info->number), log_int("rows", result->n_rows),
             log_int("rows_read", result->n_rows_read), log_int("disk_bytes", result->disk_bytes),
             log_int("columns", result->schema.n_fields),
             log_int("columns_skipped", result->n_skipped_columns),
             log_double("seconds", info->load_seconds));
}

must_use static enum code load(struct table *t, const struct partition *p, struct pool *pool,
                               uint64_t memory_bytes, struct err *err)
{
    char tmp_dir[PATH_CAP];
    uint64_t number = t->next_number++; /* a failed load's number is not used again */
    TRY(path_format(tmp_dir, err, "%s/%010llu.tmp", t->dir, (unsigned long long)number));
    TRY(dir_make(tmp_dir, err));
    struct remote_op op = source_op(t, 0);
    struct load_job job = {t->spec, t->store, p, &op, tmp_dir, memory_bytes, pool, &t->progress, 0};
    AUTO(load_result) struct load_result result = {0};
    enum code rc = build_generation(t, p, &job, number, &result, err);
    if (!rc)
        rc = publish(t, tmp_dir, number, err);
    struct err ignored;
    if (rc && tree_remove(tmp_dir, &ignored))
        log_warn("debris stays behind", log_str("path", tmp_dir), log_str("error", ignored.msg));
    if (rc)
        return rc;
    log_loaded(t, &result);
    if (generation_prune(t->dir, number, t->spec->keep_generations, &ignored))
        log_warn("old generations stay behind", log_str("table", t->spec->name),
                 log_str("error", ignored.msg));
    return OK;
}

/* -------------------------------------------------------------------------------------- poll */

static bool is_served(const struct table *t, const struct partition *p)
{
    const struct generation_info *info = t->live ? snapshot_info(t->live) : NULL;
    return info && info->fingerprint == p->fingerprint && info->spec_hash == t->spec_hash;
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
    t->next_poll_ns = clock_mono_ns() + (uint64_t)delay * 1000000u;
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

enum code table_poll(struct table *t, struct pool *pool, uint64_t memory_bytes, struct err *err)
{
    struct err own;
    AUTO(partition) struct partition p = {0};
    settle(t);
    enum code rc = discover(t, &p, &own);
    note_poll(t, rc);
    if (!rc)
        rc = load_if_new(t, &p, pool, memory_bytes, &own);
    for (int i = 0; i < RESTARTS_MAX && rc == E_CHANGED; i++)
        rc = start_anew(t, &p, pool, memory_bytes, &own);
    if (rc == E_CANCELLED)
        return err_set(err, rc, "%s", own.msg);
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

void table_start_serving(struct table *t)
{
    t->is_serving = true;
}

uint64_t table_next_poll_ns(const struct table *t)
{
    return t->next_poll_ns; /* written by the polling thread, which is the one that asks */
}

void table_cancel(struct table *t)
{
    atomic_store(&t->progress.cancelled, true);
}

/* ----------------------------------------------------------------------------------- readers */

enum code table_snapshot(struct table *t, struct snapshot **out_snapshot, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    struct snapshot *s = t->live ? snapshot_ref(t->live) : NULL;
    pthread_mutex_unlock(&t->lock);
    if (!s)
        return err_set(err, E_NOTFOUND, "Table '%s' not found or not yet loaded", t->spec->name);
    *out_snapshot = s;
    return OK;
}

static void load_status(struct table *t, struct table_status *out)
{
    struct load_progress *p = &t->progress;
    out->load.state = (enum load_state)atomic_load(&p->state);
    out->load.eta_s = -1;
    if (out->load.state == LOAD_IDLE)
        return;
    out->load.rows_done = atomic_load(&p->rows_done);
    out->load.rows_total = atomic_load(&p->rows_total);
    out->load.bytes_done = atomic_load(&p->bytes_done);
    out->load.bytes_total = atomic_load(&p->bytes_total);
    out->load.elapsed_s = (double)(clock_mono_ns() - atomic_load(&p->started_ns)) / 1e9;
    /* Reading and building take about as long. */
    double done =
        out->load.rows_total ? 0.5 * (double)out->load.rows_done / (double)out->load.rows_total : 0;
    if (out->load.state == LOAD_BUILDING)
        done += 0.5;
    if (done > 0.01)
        out->load.eta_s = out->load.elapsed_s * (1 - done) / done;
}

void table_status(struct table *t, struct arena *arena, struct table_status *out)
{
    *out = (struct table_status){
        .name = t->spec->name, .source = t->store->ops->kind, .partition = ""};
    pthread_mutex_lock(&t->lock);
    if (t->live) {
        const struct generation_info *info = snapshot_info(t->live);
        out->loaded = true;
        out->partition = arena_strndup(arena, info->partition, strlen(info->partition));
        out->generation = info->number;
        out->n_rows = snapshot_n_rows(t->live);
        out->disk_bytes = info->disk_bytes;
        out->index_bytes = snapshot_index_bytes(t->live);
        out->memory_bytes = snapshot_memory_bytes(t->live);
        out->loaded_at_ms = info->loaded_at_ms;
        out->published_at_ms = info->published_at_ms;
        out->load_seconds = info->load_seconds;
    }
    out->polled_at_ms = t->polled_at_ms;
    out->source_ok_at_ms = t->source_ok_at_ms;
    out->next_poll_at_ms = t->next_poll_at_ms;
    out->last_error = arena_strndup(arena, t->last_error.msg, strlen(t->last_error.msg));
    out->last_error_at_ms = t->last_error_at_ms;
    out->n_loads_ok = t->n_loads_ok;
    out->n_loads_failed = t->n_loads_failed;
    out->n_polls_ok = t->n_polls_ok;
    out->n_polls_failed = t->n_polls_failed;
    out->source_read_bytes = atomic_load(&t->n_read_bytes);
    pthread_mutex_unlock(&t->lock);
    load_status(t, out);
}
