#include "engine/table/compaction.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/commit.h"
#include "engine/table/damage.h"
#include "engine/table/restore.h"
#include "engine/build/merge.h"

#include <sys/statvfs.h>
#include <unistd.h>

/*
 * What is merged when. More layers make reads slower, more merging costs writes; merging everything
 * on every write would rewrite each row as often as there are writes.
 *
 * (1) With MERGE_AT layers, the newest layers of about one size are merged: none is more than twice
 *     as large as all those above it. So layers grow geometrically, and a row is rewritten once a
 *     size class.
 * (2) Without a source, layers and base are merged when the layers have half as many rows as the
 *     base. A row is then written to the base about three times in its life. After quiet_ns without
 *     writes a tenth of the rows is enough.
 * (3) With a source, writes are merged only with each other: the base must stay what the source
 *     published, so that the next publication can replace it (docs/decisions/0032). Layers that
 *     publications brought are merged with each other by (1), and into the base when they have half
 *     as many rows, or when there are PUBLISHED_MAX of them; the base is then the later publication.
 * (4) Damaged rows are never merged, since they would get valid checksums.
 * (5) A merge that fails is tried again. The first retry comes soon, because without room for
 *     another layer writes wait. When the disk is full, a smaller merge is tried.
 */
enum { MERGE_AT = 4, PUBLISHED_MERGE_AT = 3, PUBLISHED_MAX = 4 };
static const uint64_t quiet_ns = 2000000000;
static const uint64_t retry_first_ns = 100000000, retry_max_ns = 5000000000; /* (5) */
static const double logged_seconds = 1; /* shorter merges are frequent, and logged at debug only */

/* What to merge: the layers `first` to `end` - 1 of a snapshot, and its base or not. */
struct choice {
    size_t first, end; /* end 0: nothing */
    bool has_base;
};

static size_t choice_n(struct choice c)
{
    return c.end - c.first;
}

static uint64_t layer_rows(const struct overlay *o, size_t i)
{
    return o->layers[i]->segment->n_rows;
}

/* Behind the newest layers of about one size (1), of those from `first` to `most` - 1. */
static size_t run_of_one_size(const struct overlay *o, size_t first, size_t most)
{
    uint64_t rows = layer_rows(o, first);
    size_t end = first + 1;
    for (; end < most && layer_rows(o, end) <= 2 * rows; end++)
        rows += layer_rows(o, end);
    return end;
}

/* Writes. */
static struct choice choose_written(const struct snapshot *s, bool has_source, bool is_quiet,
                                    bool is_asked)
{
    const struct overlay *o = snapshot_overlay(s);
    size_t n = overlay_n_written(o);
    uint64_t rows = overlay_n_rows(o), base_rows = snapshot_base(s)->n_rows;
    bool to_base = !has_source && (is_asked || rows * (is_quiet ? 10 : 2) >= base_rows);
    if (n == 0 || (!is_asked && !is_quiet && n < MERGE_AT))
        return (struct choice){0};
    if (to_base)
        return (struct choice){0, n, true};
    if (is_asked || is_quiet)
        return (struct choice){0, n > 1 ? n : 0, false};
    size_t end = run_of_one_size(o, 0, n);
    if (end == 1)
        end = o->n >= OVERLAY_MAX - 1 ? n : 0;
    return (struct choice){0, end > 1 ? end : 0, false};
}

/* What publications changed (3). */
static struct choice choose_published(const struct snapshot *s, bool is_asked)
{
    const struct overlay *o = snapshot_overlay(s);
    size_t first = overlay_n_written(o), n = o->n - first;
    uint64_t rows = 0;
    for (size_t i = first; i < o->n; i++)
        rows += layer_rows(o, i);
    if (n && (is_asked || rows * 2 >= snapshot_base(s)->n_rows))
        return (struct choice){first, o->n, true};
    size_t end = n >= PUBLISHED_MERGE_AT ? run_of_one_size(o, first, o->n) : first;
    if (end > first + 1)
        return (struct choice){first, end, false};
    return n >= PUBLISHED_MAX ? (struct choice){first, o->n, true} : (struct choice){0};
}

static struct choice choose(const struct snapshot *s, bool has_source, bool is_quiet, bool is_asked)
{
    struct choice c = choose_written(s, has_source, is_quiet, is_asked);
    return c.end || !has_source ? c : choose_published(s, is_asked);
}

/* What to merge now, and of which snapshot, which the caller unrefs. The table's lock is held. */
static struct choice choose_now(struct table *t, struct snapshot **out_snapshot,
                                uint64_t *out_wake_ns)
{
    uint64_t now = clock_mono_ns(), quiet_at = t->writes.last_write_ns + quiet_ns;
    *out_snapshot = NULL;
    if (!t->live || snapshot_overlay(t->live)->n == 0 || t->writes.is_dropped ||
        t->damage.kind >= DAMAGE_ROWS)
        return (struct choice){0};
    if (now < t->writes.retry_merge_ns && t->writes.compactions.n == 0) {
        *out_wake_ns =
            t->writes.retry_merge_ns < *out_wake_ns ? t->writes.retry_merge_ns : *out_wake_ns;
        return (struct choice){0};
    }
    struct choice c =
        choose(t->live, t->source != NULL, now >= quiet_at, t->writes.compactions.n > 0);
    if (c.end)
        *out_snapshot = snapshot_ref(t->live);
    else if (now < quiet_at)
        *out_wake_ns = quiet_at < *out_wake_ns ? quiet_at : *out_wake_ns;
    return c;
}

/* The poller copies a table with a source to memory; a table without one is copied here. */
static bool wants_settling(const struct table *t)
{
    return t->live && !t->source && t->is_serving && !t->unsettled &&
           snapshot_base(t->live)->storage != t->spec->storage;
}

bool table_hold_to_merge(struct table *t, uint64_t *out_wake_ns)
{
    struct snapshot *s = NULL;
    pthread_mutex_lock(&t->lock);
    bool holds =
        !t->writes.is_merging && !t->writes.is_dropped &&
        !atomic_load(&t->merge_progress.cancelled) &&
        (t->writes.compactions.n || wants_settling(t) || choose_now(t, &s, out_wake_ns).end);
    if (holds)
        t->writes.is_merging = true;
    pthread_mutex_unlock(&t->lock);
    snapshot_unref(s);
    return holds;
}

bool table_has_layers(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    bool has_layers = t->live && snapshot_overlay(t->live)->n > 0;
    pthread_mutex_unlock(&t->lock);
    return has_layers;
}

/* ------------------------------------------------------------------------------------ merging */

/* The output takes no more than the input, except that rows may get a little wider. */
must_use static enum code check_disk(const struct table *t, uint64_t merged_bytes, struct err *err)
{
    struct statvfs fs;
    uint64_t bytes = merged_bytes + merged_bytes / 16 + (1 << 20);
    if (statvfs(t->dir, &fs) < 0)
        return err_errno(err, E_IO, "cannot stat the file system of %s", t->dir);
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (available < bytes)
        return err_set(
            err, E_NOSPACE,
            "merging writes of table '%s' may take %llu bytes of disk, but only %llu are "
            "free",
            t->spec->name, (unsigned long long)bytes, (unsigned long long)available);
    return OK;
}

must_use static enum code write_info(const struct table *t, const char *dir, uint64_t number,
                                     const struct merge_result *r, const struct snapshot *from,
                                     double seconds, struct err *err)
{
    struct generation_info info = *snapshot_info(from);
    info.number = number;
    info.n_parts = t->spec->parts;
    info.n_rows = r->n_rows;
    info.disk_bytes = r->disk_bytes;
    info.loaded_at_ms = clock_wall_ms();
    info.load_seconds = seconds;
    return generation_write_info(dir, &info, snapshot_schema(from), err);
}

/* The range of the stamps of the merged layers. A base has no stamps. */
static struct seg_origin origin_of(const struct snapshot *s, struct choice c)
{
    struct seg_origin origin = {0};
    const struct overlay *o = snapshot_overlay(s);
    if (c.has_base)
        return (struct seg_origin){.fingerprint = snapshot_info(s)->fingerprint};
    for (size_t i = c.first; i < c.end; i++) {
        const struct seg_origin *of = &o->layers[i]->segment->origin;
        bool is_first = i == c.first;
        origin.oldest = is_first || of->oldest < origin.oldest ? of->oldest : origin.oldest;
        origin.newest =
            is_first || o->layers[i]->newest > origin.newest ? o->layers[i]->newest : origin.newest;
    }
    return origin;
}

must_use static enum code merge_in(struct table *t, const struct snapshot *s, struct choice c,
                                   const char *tmp_dir, uint64_t number, struct pool *pool,
                                   uint64_t memory_bytes, struct merge_result *r, struct err *err)
{
    const struct seg_stack *stack = snapshot_stack(s);
    uint64_t start_ns = clock_mono_ns();
    struct merge_config config = {
        .layers = stack->layers + c.first,
        .n_layers = choice_n(c) + c.has_base,
        .has_base = c.has_base,
        .has_source = t->source != NULL,
        .origin = origin_of(s, c),
        .schema = snapshot_schema(s),
        .n_parts = c.has_base ? t->spec->parts : 1,
        .columnar = t->spec->layout == LAYOUT_COLUMNAR,
        .dir = tmp_dir,
        .memory_bytes = memory_bytes,
        .pool = pool,
        .progress = &t->merge_progress,
    };
    TRY(merge_run(&config, r, err));
    if (c.has_base)
        TRY(write_info(t, tmp_dir, number, r, s, (double)(clock_mono_ns() - start_ns) / 1e9, err));
    return OK;
}

static uint64_t merged_bytes(const struct snapshot *s, struct choice c)
{
    uint64_t bytes = c.has_base ? snapshot_base(s)->info.disk_bytes : 0;
    for (size_t i = c.first; i < c.end; i++)
        bytes += snapshot_overlay(s)->layers[i]->segment->bytes.len;
    return bytes;
}

static void prune(struct table *t, uint64_t number)
{
    struct err err;
    if (generation_prune(t->dir, number, t->spec->keep_generations, &err))
        log_warn("old generations could not be removed", log_str("table", t->spec->name),
                 log_str("error", err.msg));
}

must_use static enum code merge(struct table *t, const struct snapshot *s, struct choice c,
                                struct pool *pool, uint64_t memory_bytes, struct err *err)
{
    char tmp_dir[PATH_CAP];
    uint64_t number, start_ns = clock_mono_ns(), bytes = merged_bytes(s, c);
    struct merge_result r;
    TRY(check_disk(t, bytes, err));
    TRY(commit_make_tmp(t, &number, tmp_dir, err));
    enum code rc = merge_in(t, s, c, tmp_dir, number, pool, memory_bytes, &r, err);
    if (rc) {
        commit_remove_tmp(tmp_dir);
        return rc;
    }
    TRY(commit_merge(t, tmp_dir, number, s, c.first, c.end, c.has_base, err));
    if (c.has_base && t->source)
        prune(t, number);
    double seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
    log_event(seconds < logged_seconds ? LOG_DEBUG : LOG_INFO,
              snapshot_overlay(s)->layers[c.first]->is_published ? "refreshes merged"
                                                                 : "writes merged",
              log_fields(log_str("table", t->spec->name), log_int("segments", choice_n(c)),
                         log_str("into", c.has_base ? "generation" : "segment"),
                         log_int("number", number), log_int("rows", r.n_rows),
                         log_int("disk_bytes", r.disk_bytes), log_double("seconds", seconds)));
    return OK;
}

static uint64_t retry_after_ns(unsigned n_failed)
{
    uint64_t ns = retry_first_ns << (n_failed < 8 ? n_failed : 8);
    return ns < retry_max_ns ? ns : retry_max_ns;
}

/* Keep the outcome. After a failure, the message goes to writes that find no room for their layer,
 * and the time of the next try is set (5). */
static void note_merge(struct table *t, enum code rc, const struct err *err)
{
    pthread_mutex_lock(&t->lock);
    bool is_news = rc && strcmp(t->writes.merge_err.msg, err->msg) != 0;
    ++*(rc ? &t->writes.n_merges_failed : &t->writes.n_merges_ok);
    t->writes.merge_rc = rc;
    t->writes.merge_err = rc ? *err : (struct err){0};
    t->writes.retry_merge_ns = rc ? clock_mono_ns() + retry_after_ns(t->writes.n_merges_bad) : 0;
    t->writes.n_merges_bad = rc ? t->writes.n_merges_bad + 1 : 0;
    pthread_mutex_unlock(&t->lock);
    if (is_news)
        log_error("writes cannot be merged", log_str("table", t->spec->name),
                  log_str("error", err->msg));
}

/* A merge cancelled by a drop is reported as "table dropped", not as a shutdown. */
static enum code outcome(struct table *t, enum code rc, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    bool is_dropped = t->writes.is_dropped;
    pthread_mutex_unlock(&t->lock);
    return rc == E_CANCELLED && is_dropped ? err_set(err, E_NOTFOUND, "the table was dropped") : rc;
}

void table_merge_some(struct table *t, struct pool *pool, uint64_t memory_bytes)
{
    struct write_list asked = {0};
    struct snapshot *s;
    struct err err = {0};
    uint64_t ignored = 0;
    if (!t->source)
        table_settle(t);
    pthread_mutex_lock(&t->lock);
    struct choice c = choose_now(t, &s, &ignored);
    write_list_move(&asked, &t->writes.compactions);
    pthread_mutex_unlock(&t->lock);
    enum code rc = c.end ? merge(t, s, c, pool, memory_bytes, &err) : damage_allows_merge(t, &err);
    /* (5): a smaller merge */
    while (rc == E_NOSPACE && choice_n(c) > 1 && (c.has_base || choice_n(c) > 2)) {
        c = (struct choice){c.first, c.has_base ? c.end : c.first + (choice_n(c) + 1) / 2, false};
        rc = merge(t, s, c, pool, memory_bytes, &err);
    }
    snapshot_unref(s);
    if (c.end && rc != E_CANCELLED && rc != E_CHANGED)
        note_merge(t, rc, &err);
    rc = outcome(t, rc, &err);
    if (rc != E_CHANGED)
        write_list_end(&asked, rc, &err);
    pthread_mutex_lock(&t->lock);
    /* After E_CHANGED `asked` is not empty: a load came in between, and the merge is done once
     * more. */
    write_list_move(&t->writes.compactions, &asked);
    t->writes.is_merging = false;
    pthread_mutex_unlock(&t->lock);
}

void table_end_merging(struct table *t)
{
    bool is_merging = true;
    atomic_store(&t->merge_progress.cancelled, true);
    while (is_merging) {
        pthread_mutex_lock(&t->lock);
        is_merging = t->writes.is_merging;
        pthread_mutex_unlock(&t->lock);
        if (is_merging)
            usleep(1000);
    }
}
