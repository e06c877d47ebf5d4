#include "engine/table/refreshing.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/refresh/refresh.h"
#include "engine/table/commit.h"
#include "engine/table/table.h"

#include <stdio.h>

/* What is served, as a refresh begins. */
struct refreshing {
    struct table *t;
    const struct source_answer *found;
    struct snapshot *served; /* a reference */
    bool is_accepted;
    uint64_t start_ns, read_before;
};

static void note_refreshed(const struct refreshing *f, const struct refresh_result *r,
                           double seconds)
{
    struct table *t = f->t;
    const struct publication *p = &f->found->publication;
    struct latest_load latest = {
        .is_loaded = true,
        .is_refresh = true,
        .n_rows_read = r->n_rows_added,
        .n_rows_deleted = r->n_rows_deleted,
        .n_files_read = r->n_files_added,
        .n_files_removed = r->n_files_removed,
        .read_bytes = atomic_load(&t->n_read_bytes) - f->read_before,
    };
    pthread_mutex_lock(&t->lock);
    uint64_t n_rows = snapshot_n_rows(t->live);
    t->latest = latest;
    t->n_refreshes_ok++;
    pthread_mutex_unlock(&t->lock);
    log_info("table refreshed", log_str("table", t->spec->name), log_str("partition", p->label),
             log_int("rows", n_rows), log_int("rows_added", r->n_rows_added),
             log_int("rows_deleted", r->n_rows_deleted), log_int("files_added", r->n_files_added),
             log_int("files_removed", r->n_files_removed),
             log_int("files_deleted_from", r->n_files_deleted_from),
             log_int("read_bytes", latest.read_bytes), log_int("disk_bytes", r->disk_bytes),
             log_double("seconds", seconds));
}

/* The cases in which nothing need be tried. */
static const char *why_not(const struct refreshing *f)
{
    const struct guard_spec *guard = &f->t->spec->guard;
    if (!f->found->has_before)
        return f->found->why_before.msg;
    if (guard->max_null_growth < 100 && !f->is_accepted)
        return "guard.max_null_growth looks at all rows";
    if (snapshot_overlay(f->served)->n == OVERLAY_MAX)
        return "too many segments wait to be merged";
    return NULL;
}

must_use static enum code refresh_in(const struct refreshing *f, const struct load_share *share,
                                     const char *dir, struct refresh_result *out,
                                     struct err *out_why, struct err *err)
{
    struct remote_op op = table_source_op(f->t, 0);
    const struct refresh_job job = {
        .spec = f->t->spec,
        .before = &f->found->before,
        .after = &f->found->publication,
        .is_rewritten = f->found->is_rewritten,
        .served = f->served,
        .has_duplicates = snapshot_info(f->served)->has_duplicates,
        .op = &op,
        .dir = dir,
        .memory_bytes = share->memory_bytes,
        .pool = share->pool,
        .progress = &f->t->progress,
    };
    return refresh_run(&job, out, out_why, err);
}

static struct manifest_refresh refreshed_of(const struct publication *p,
                                            const struct refresh_result *r, double seconds)
{
    struct manifest_refresh out = {
        .fingerprint = p->fingerprint,
        .has_duplicates = r->has_duplicates,
        .sequence_number = p->sequence_number,
        .published_at_ms = p->published_at_ms,
        .loaded_at_ms = clock_wall_ms(),
        .load_seconds = seconds,
    };
    snprintf(out.label, sizeof(out.label), "%s", p->label);
    return out;
}

must_use static enum code refresh(const struct refreshing *f, const struct load_share *share,
                                  struct err *out_why, struct err *err)
{
    char tmp_dir[PATH_CAP];
    uint64_t number;
    struct refresh_result r;
    TRY(commit_make_tmp(f->t, &number, tmp_dir, err));
    enum code rc = refresh_in(f, share, tmp_dir, &r, out_why, err);
    if (rc || out_why->msg[0]) {
        commit_remove_tmp(tmp_dir);
        return rc;
    }
    double seconds = (double)(clock_mono_ns() - f->start_ns) / 1e9;
    struct manifest_refresh refreshed = refreshed_of(&f->found->publication, &r, seconds);
    TRY(commit_refresh(f->t, tmp_dir, number, r.has_layer, r.newest, f->served, &refreshed,
                       f->is_accepted, err));
    note_refreshed(f, &r, seconds);
    return OK;
}

enum code table_refresh(struct table *t, const struct source_answer *found,
                        const struct load_share *share, bool is_accepted, bool *out_is_done,
                        struct err *out_why, struct err *err)
{
    struct refreshing f = {t,           found,           NULL,
                           is_accepted, clock_mono_ns(), atomic_load(&t->n_read_bytes)};
    out_why->msg[0] = '\0';
    *out_is_done = false;
    if (table_snapshot(t, &f.served, NULL))
        return OK;
    const char *why = why_not(&f);
    enum code rc = OK;
    if (why)
        snprintf(out_why->msg, sizeof(out_why->msg), "%s", why);
    else
        rc = refresh(&f, share, out_why, err);
    snapshot_unref(f.served);
    *out_is_done = !why && !rc && !out_why->msg[0];
    if (rc == E_CANCELLED || rc == E_REFUSED)
        return rc;
    if (rc)
        snprintf(out_why->msg, sizeof(out_why->msg), "%s", err->msg);
    return OK;
}
