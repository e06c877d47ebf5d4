#include "engine/table/reload.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/table/commit.h"
#include "engine/table/damage.h"
#include "engine/table/guard.h"
#include "engine/table/refreshing.h"
#include "engine/table/table.h"
#include "engine/load/load_shares.h"

#include <stdio.h>

/* How long to wait for a source that does not answer a listing: a poll interval, within these
 * bounds. */
static const int64_t look_min_ms = 10 * 1000;
static const int64_t look_max_ms = 60 * 1000;

static bool is_of_this_source(const struct table *t, const struct generation_info *info)
{
    return info->source_hash == 0 || info->source_hash == t->source_hash;
}

enum code reload_look(struct table *t, const struct reload_wish *wish, struct source_answer *out,
                      struct err *err)
{
    int64_t timeout_ms = t->spec->poll_interval_ms;
    timeout_ms = timeout_ms > look_min_ms ? timeout_ms : look_min_ms;
    struct remote_op op = table_source_op(t, timeout_ms < look_max_ms ? timeout_ms : look_max_ms);
    AUTO(generation_info) struct generation_info info = {0};
    bool is_bound = !wish->goes_back && table_live_info(t, &info) && is_of_this_source(t, &info);
    bool is_whole = is_bound && info.spec_hash == t->spec_hash && !damage_wants_load(t);
    const struct source_query query = {
        .served = is_bound ? info.label : NULL,
        .served_fingerprint = is_whole ? info.fingerprint : 0,
        .wants_change = is_whole && t->spec->refresh == REFRESH_INCREMENTAL,
        .passes_over = wish->passes_over,
        .arg = wish->arg,
    };
    return source_find_newest(t->source, &query, &op, out, err);
}

/* ------------------------------------------------------------------------------------- guards */

/* Compare with the served data only if it has the same source and configuration. */
must_use static enum code check_guards(struct table *t, const struct load_result *result,
                                       struct err *err)
{
    struct snapshot *live;
    char dir[PATH_CAP];
    if (table_snapshot(t, &live, NULL))
        return guard_check(&t->spec->guard, NULL, result, err);
    const struct generation_info *info = snapshot_info(live);
    const struct guard_served served = {info, snapshot_schema(live), dir};
    bool compares = is_of_this_source(t, info) && info->spec_hash == t->spec_hash;
    enum code rc = generation_path(t->dir, info->number, dir, err);
    if (!rc)
        rc = guard_check(&t->spec->guard, compares ? &served : NULL, result, err);
    snapshot_unref(live);
    return rc;
}

/* --------------------------------------------------------------------------------------- load */

/* Files are read over minutes. Only if the publication has the same fingerprint afterwards was one
 * state of it read. */
must_use static enum code check_unchanged(struct table *t, const struct publication *p,
                                          struct err *err)
{
    struct remote_op op = table_source_op(t, look_max_ms);
    const struct source_query query = {.only = p->label};
    char shown[LABEL_SHOWN_CAP];
    AUTO(source_answer) struct source_answer again = {0};
    enum code rc = source_find_newest(t->source, &query, &op, &again, err);
    if (rc == E_NOTFOUND)
        return err_in(err, E_CHANGED, "partition %s was gone after it was read",
                      label_shown(p->label, shown));
    TRY(rc);
    bool same = again.publication.fingerprint == p->fingerprint;
    return same ? OK
                : err_set(err, E_CHANGED, "partition %s changed while it was read",
                          label_shown(p->label, shown));
}

must_use static enum code build_generation(struct table *t, const struct publication *p,
                                           const struct load_job *job, uint64_t number,
                                           bool is_accepted, struct load_result *result,
                                           struct err *err)
{
    uint64_t start_ns = clock_mono_ns();
    TRY(load_run(job, result, err));
    TRY(check_unchanged(t, p, err));
    if (!is_accepted)
        TRY(check_guards(t, result, err));
    struct generation_info info = {
        .number = number,
        .has_source = true,
        .label = p->label, /* borrowed */
        .fingerprint = p->fingerprint,
        .source_hash = t->source_hash,
        .spec_hash = t->spec_hash,
        .n_parts = t->spec->parts,
        .n_rows = result->n_rows,
        .disk_bytes = result->disk_bytes,
        .has_duplicates = result->n_rows_read > result->n_rows,
        .published_at_ms = p->published_at_ms,
        .sequence_number = p->sequence_number,
        .loaded_at_ms = clock_wall_ms(),
        .load_seconds = (double)(clock_mono_ns() - start_ns) / 1e9,
    };
    TRY(guard_save(job->dir, result, err));
    return generation_write_info(job->dir, &info, &result->schema, err);
}

/* Keep how it was loaded, and log it. `why` is why something that serves was not just refreshed. */
static void note_loaded(struct table *t, const struct publication *p,
                        const struct load_result *result, uint64_t read_bytes,
                        const struct err *why)
{
    AUTO(generation_info) struct generation_info info = {0};
    struct latest_load latest = {.is_loaded = true,
                                 .n_rows_read = result->n_rows_read,
                                 .n_files_read = p->n_data_files,
                                 .read_bytes = read_bytes};
    snprintf(latest.why_full, sizeof(latest.why_full), "%.255s", why->msg);
    table_live_info(t, &info);
    log_info("table loaded", log_str("table", t->spec->name),
             log_str("partition", info.label ? info.label : ""), log_int("generation", info.number),
             log_int("rows", result->n_rows), log_int("rows_read", result->n_rows_read),
             log_int("rows_replaced", result->n_rows_read - result->n_rows),
             log_int("disk_bytes", result->disk_bytes), log_int("columns", result->schema.n_fields),
             log_int("columns_skipped", result->n_skipped_columns),
             log_int("read_bytes", read_bytes), log_double("seconds", info.load_seconds));
    if (why->msg[0])
        log_info("all of it was loaded, not only what changed", log_str("table", t->spec->name),
                 log_str("partition", info.label ? info.label : ""), log_str("why", why->msg));
    if (result->n_skipped_columns)
        log_warn("columns that cannot be read are left out", log_str("table", t->spec->name),
                 log_str("partition", info.label ? info.label : ""),
                 log_str("columns", (const char *)result->skipped));
    pthread_mutex_lock(&t->lock);
    t->latest = latest;
    pthread_mutex_unlock(&t->lock);
}

static void prune(struct table *t, uint64_t number)
{
    struct err err;
    if (generation_prune(t->dir, number, t->spec->keep_generations, &err))
        log_warn("old generations could not be removed", log_str("table", t->spec->name),
                 log_str("error", err.msg));
}

static void copy_served_schema(struct table *t, struct schema *out)
{
    struct snapshot *live;
    if (table_snapshot(t, &live, NULL))
        return;
    schema_copy(snapshot_schema(live), out);
    snapshot_unref(live);
}

must_use static enum code load_all(struct table *t, const struct publication *p,
                                   const struct load_share *share, bool is_accepted,
                                   const struct err *why, struct err *err)
{
    char tmp_dir[PATH_CAP];
    uint64_t number, read_before = atomic_load(&t->n_read_bytes);
    AUTO(schema) struct schema served = {0};
    copy_served_schema(t, &served);
    TRY(commit_make_tmp(t, &number, tmp_dir, err));
    struct remote_op op = table_source_op(t, 0);
    struct load_job job = {
        .spec = t->spec,
        .publication = p,
        .served = served.n_fields ? &served : NULL,
        .op = &op,
        .dir = tmp_dir,
        .memory_bytes = share->memory_bytes,
        .pool = share->pool,
        .progress = &t->progress,
        .hash_seed = table_hash_seed(t),
    };
    AUTO(load_result) struct load_result result = {0};
    enum code rc = build_generation(t, p, &job, number, is_accepted, &result, err);
    if (rc)
        commit_remove_tmp(tmp_dir);
    else
        rc = commit_base(t, tmp_dir, number, err);
    TRY(rc);
    note_loaded(t, p, &result, atomic_load(&t->n_read_bytes) - read_before, why);
    prune(t, number);
    return OK;
}

/* Refresh, if possible; else load all. */
must_use static enum code load_with(struct table *t, const struct source_answer *found,
                                    const struct load_share *share, bool is_accepted,
                                    struct err *err)
{
    struct err why = {0};
    bool is_done = false;
    TRY(table_refresh(t, found, share, is_accepted, &is_done, &why, err));
    return is_done ? OK : load_all(t, &found->publication, share, is_accepted, &why, err);
}

/* Load with a share of the memory or, once all other loads have ended, with all of it. */
must_use static enum code load_once(struct table *t, const struct source_answer *found,
                                    struct load_shares *shares, bool with_all, bool is_accepted,
                                    bool *out_had_all, struct err *err)
{
    struct load_share share;
    TRY(load_shares_take(shares, with_all, &t->progress.cancelled, &share, err));
    enum code rc = load_with(t, found, &share, is_accepted, err);
    *out_had_all = share.is_all;
    load_shares_give_back(shares, &share);
    return rc;
}

enum code reload_run(struct table *t, const struct source_answer *found, struct load_shares *shares,
                     bool is_accepted, struct err *err)
{
    bool had_all = true;
    enum code rc = load_once(t, found, shares, false, is_accepted, &had_all, err);
    if (rc == E_LIMIT && !had_all) /* (2) of engine/load/load_shares.h */
        rc = load_once(t, found, shares, true, is_accepted, &had_all, err);
    return rc;
}
