#include "engine/table/commit.h"

#include "base/log.h"
#include "engine/table/damage.h"
#include "engine/table/guard.h"
#include "engine/store/json_file.h"
#include "engine/store/row_count.h"
#include "segment/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Commits happen once a load, once a group of writes, and once a merge.
 *
 * (1) Files first: a generation or segment is complete, synced and under its final name before the
 *     manifest names it.
 * (2) The manifest next: when manifest_save returns, a restart finds the new state. Only then are
 *     writes acknowledged.
 * (3) The snapshot last: one pointer, replaced under `lock`, which is held for a few instructions.
 *     Requests that took the old snapshot keep its files mapped, so files may be removed while they
 *     are still read.
 * (4) `commit` is held over (2) and (3), so the manifest and the snapshot always change together.
 *     Opening what was built may copy gigabytes and happens before, without the lock; what it was
 *     built on may have changed meanwhile, which is checked under the lock (find_merged).
 * (5) A number is used once. A name in the directory therefore never means two things, whatever a
 *     crash leaves.
 */

enum code commit_make_tmp(struct table *t, uint64_t *out_number, char out[static PATH_CAP],
                          struct err *err)
{
    uint64_t number = atomic_fetch_add(&t->next_number, 1); /* (5) */
    TRY(path_format(out, err, "%s/%010" PRIu64 ".tmp", t->dir, number));
    TRY(dir_make(out, err));
    *out_number = number;
    return OK;
}

static void remove_or_warn(const char *path)
{
    struct err err;
    if (tree_remove(path, &err))
        log_warn("files that are no longer needed could not be removed", log_str("path", path),
                 log_str("error", err.msg));
}

void commit_remove_tmp(const char *tmp_dir)
{
    remove_or_warn(tmp_dir);
}

/*
 * Remove the files of a commit that failed, unless a manifest may name them:
 *
 *     1. manifest_save renames the new manifest, and fails to sync the directory.
 *     2. The commit reports failure, though the manifest on disk names the new files.
 *     3. If we removed the files and then crashed, the restart would find a manifest without its
 *        files.
 *
 * So the files stay then, as do those that they would have replaced. The next good commit makes
 * them debris, and the next start removes them.
 */
static void remove_failed(const struct table *t, uint64_t number, const char *path)
{
    struct manifest m;
    if (manifest_read(t->dir, &m, NULL) || manifest_names(&m, number))
        log_warn("files of a failed commit are kept, since the manifest may name them",
                 log_str("path", path));
    else
        remove_or_warn(path);
}

/* Open a generation as configured; or mapped, if a copy does not fit into memory or the copying is
 * cancelled. */
must_use static enum code commit_open_base(struct table *t, const char *dir,
                                           struct base_generation **out_base, struct err *err)
{
    enum storage_kind storage = t->is_serving ? t->spec->storage : STORAGE_MMAP;
    struct remote_op op = table_source_op(t, 0);
    enum code rc = base_generation_open(dir, storage, &op, out_base, err);
    if ((rc != E_NOMEM && rc != E_CANCELLED) || storage != STORAGE_MEMORY)
        return rc;
    if (rc == E_NOMEM)
        log_warn("a copy of the table does not fit into memory; serving from the mapped files",
                 log_str("table", t->spec->name), log_str("error", err->msg));
    return base_generation_open(dir, STORAGE_MMAP, &op, out_base, err);
}

/* ------------------------------------------------------------------------------ the three steps */

static void swap(struct table *t, struct snapshot *take_fresh)
{
    snapshot_set_counters(take_fresh, t->counters);
    pthread_mutex_lock(&t->lock);
    struct snapshot *old = t->live;
    struct overlay *orphans = t->orphans;
    t->live = take_fresh;
    t->orphans = NULL;
    pthread_mutex_unlock(&t->lock);
    snapshot_unref(old); /* outside the lock: it may unmap gigabytes */
    overlay_unref(orphans);
}

must_use static enum code save_manifest(struct table *t, const struct snapshot *s, struct err *err)
{
    const struct overlay *o = snapshot_overlay(s);
    struct manifest m = {.sequence = ++t->manifest_sequence,
                         .generation = snapshot_base(s)->info.number,
                         .is_created = !t->source,
                         .refresh = *snapshot_refresh(s),
                         .n_rows = snapshot_n_rows(s)};
    for (size_t i = o->n; i-- > 0;)
        m.writes[m.n_writes++] =
            (struct manifest_write){o->layers[i]->number, o->layers[i]->newest, o->layers[i]->root,
                                    o->layers[i]->is_published};
    return manifest_save(t->dir, &m, err);
}

enum code commit_mend_manifest(struct table *t, struct err *err)
{
    char path[PATH_CAP];
    enum code rc = OK;
    TRY(path_format(path, err, "%s/manifest.json", t->dir));
    pthread_mutex_lock(&t->commit);
    bool is_mended = t->live && damage_kind_of(t) != DAMAGE_OLDER && !json_file_is_doubled(path);
    if (is_mended)
        rc = save_manifest(t, t->live, err);
    pthread_mutex_unlock(&t->commit);
    if (is_mended && !rc)
        log_warn("the manifest was written again", log_str("table", t->spec->name));
    return rc;
}

/* The row count of the snapshot that will follow the live one. A merge does not change it. With one
 * more layer on the same base only the rows of that layer are looked up; otherwise those of all
 * layers. */
static uint64_t count_rows(const struct table *t, const struct snapshot *fresh, bool is_merge)
{
    const struct overlay *o = snapshot_overlay(fresh);
    if (o->n == 0)
        return snapshot_base(fresh)->n_rows;
    if (is_merge)
        return snapshot_n_rows(t->live);
    if (t->live && snapshot_base(t->live) == snapshot_base(fresh) &&
        snapshot_overlay(t->live)->n == o->n - 1 &&
        (o->n == 1 || o->layers[1] == snapshot_overlay(t->live)->layers[0]))
        return snapshot_n_rows(t->live) + (uint64_t)row_count_added(snapshot_stack(t->live),
                                                                    o->layers[0],
                                                                    snapshot_layer_floor(fresh, 0));
    return snapshot_count_rows(fresh);
}

/* Steps (2) and (3), with the commit lock held. Takes both references, also when it fails. */
must_use static enum code publish(struct table *t, struct base_generation *take_base,
                                  struct overlay *take_overlay,
                                  const struct manifest_refresh *refresh, bool is_merge,
                                  struct err *err)
{
    struct snapshot *fresh;
    TRY(snapshot_new(take_base, take_overlay, refresh, &fresh, err));
    snapshot_set_n_rows(fresh, count_rows(t, fresh, is_merge));
    enum code rc = save_manifest(t, fresh, err);
    if (rc)
        snapshot_unref(fresh);
    else
        swap(t, fresh);
    return rc;
}

/* Remove the files of layers that were in `before` and are no longer served. */
static void remove_layers(struct table *t, const struct overlay *before)
{
    const struct overlay *now = snapshot_overlay(t->live);
    for (size_t i = 0; i < before->n; i++) {
        bool is_served = false;
        char path[PATH_CAP];
        for (size_t k = 0; k < now->n; k++)
            is_served |= now->layers[k]->number == before->layers[i]->number;
        if (!is_served && layer_path(t->dir, before->layers[i]->number, path, NULL) == OK)
            remove_or_warn(path);
    }
}

/* ----------------------------------------------------------------------------------- new base */

/* The layers with written rows that are newer than a publication. */
static struct overlay *layers_above(const struct overlay *o, int64_t floor)
{
    struct overlay *kept = overlay_replace(o, o->n, o->n, NULL);
    for (size_t i = kept->n; i-- > 0;) {
        if (!kept->layers[i]->is_published && kept->layers[i]->newest > floor)
            continue;
        struct overlay *fewer = overlay_replace(kept, i, i + 1, NULL);
        overlay_unref(kept);
        kept = fewer;
    }
    return kept;
}

must_use static enum code name_generation(struct table *t, const char *tmp_dir, uint64_t number,
                                          char dir[static PATH_CAP], struct err *err)
{
    TRY(generation_path(t->dir, number, dir, err));
    TRY(dir_sync(tmp_dir, err));
    if (rename(tmp_dir, dir) < 0)
        return err_errno(err, code_of_errno(), "cannot rename %s to %s", tmp_dir, dir);
    enum code rc = dir_sync(t->dir, err);
    if (rc)
        remove_or_warn(dir);
    return rc;
}

must_use static enum code publish_base(struct table *t, struct base_generation *take_base,
                                       struct err *err)
{
    struct overlay *before = t->live      ? overlay_ref(snapshot_overlay(t->live))
                             : t->orphans ? overlay_ref(t->orphans)
                                          : overlay_new();
    struct overlay *above = layers_above(before, snapshot_floor(&take_base->info));
    enum code rc = publish(t, take_base, above, NULL, false, err);
    if (!rc)
        remove_layers(t, before);
    overlay_unref(before);
    return rc;
}

enum code commit_base(struct table *t, const char *tmp_dir, uint64_t number, struct err *err)
{
    char dir[PATH_CAP];
    struct base_generation *base;
    enum code rc = name_generation(t, tmp_dir, number, dir, err);
    if (rc) {
        remove_or_warn(tmp_dir);
        return rc;
    }
    rc = commit_open_base(t, dir, &base, err);
    if (!rc) {
        pthread_mutex_lock(&t->commit);
        rc = publish_base(t, base, err);
        pthread_mutex_unlock(&t->commit);
    }
    if (rc) {
        remove_failed(t, number, dir);
        return rc;
    }
    damage_clear(t);
    damage_look(t); /* a layer that stayed may be damaged */
    return OK;
}

/* Compare all checksums of a mapped base. A copy in memory was compared while it was made. */
must_use static enum code verify_base(const struct base_generation *b, struct err *err)
{
    enum code rc = OK;
    for (size_t i = 0; i < b->n_segments && !rc && b->set.pages; i++)
        rc = seg_verify_checksums(b->segments[i], err);
    return rc;
}

must_use static enum code publish_older(struct table *t, uint64_t number, struct err *err)
{
    char dir[PATH_CAP];
    struct base_generation *base;
    TRY(generation_path(t->dir, number, dir, err));
    TRY(commit_open_base(t, dir, &base, err));
    enum code rc = verify_base(base, err);
    if (rc) {
        base_generation_unref(base);
        return rc;
    }
    pthread_mutex_lock(&t->commit);
    rc = publish_base(t, base, err);
    pthread_mutex_unlock(&t->commit);
    return rc;
}

enum code commit_older(struct table *t, struct err *err)
{
    AUTO(generation_list) struct generation_list list = {0};
    AUTO(generation_info) struct generation_info live = {0};
    char why[512], shown[LABEL_SHOWN_CAP];
    if (!table_live_info(t, &live))
        return err_set(err, E_NOTFOUND, "the table serves nothing");
    TRY(generation_list(t->dir, &list, err));
    for (size_t i = 0; i < list.n; i++) {
        if (list.numbers[i] >= live.number || publish_older(t, list.numbers[i], err))
            continue;
        snprintf(why, sizeof(why),
                 "generation %llu (%s) is damaged; the older generation %llu is served",
                 (unsigned long long)live.number, label_shown(live.label, shown),
                 (unsigned long long)list.numbers[i]);
        damage_clear(t);
        damage_note(t, DAMAGE_OLDER, INT64_MIN, why);
        return OK;
    }
    return err_set(err, E_NOTFOUND, "no older generation is whole");
}

static void resettle(struct table *t, struct snapshot *take_fresh)
{
    snapshot_set_n_rows(take_fresh, snapshot_n_rows(t->live));
    swap(t, take_fresh);
}

void commit_resettled(struct table *t, struct base_generation *take_base)
{
    struct snapshot *fresh;
    struct err err;
    pthread_mutex_lock(&t->commit);
    if (snapshot_base(t->live)->info.number != take_base->info.number)
        base_generation_unref(take_base);
    else if (snapshot_new(take_base, overlay_ref(snapshot_overlay(t->live)),
                          snapshot_refresh(t->live), &fresh, &err) == OK)
        resettle(t, fresh);
    pthread_mutex_unlock(&t->commit);
}

/* -------------------------------------------------------------------------------- a new layer */

/* (1): give the only segment of the directory its name. */
must_use static enum code name_layer(struct table *t, const char *tmp_dir, uint64_t number,
                                     char path[static PATH_CAP], struct err *err)
{
    char from[PATH_CAP];
    TRY(segment_path(tmp_dir, 0, from, err));
    TRY(layer_path(t->dir, number, path, err));
    if (rename(from, path) < 0)
        return err_errno(err, code_of_errno(), "cannot rename %s to %s", from, path);
    enum code rc = dir_sync(t->dir, err);
    if (rc)
        remove_or_warn(path);
    return rc;
}

must_use static enum code open_layer(struct table *t, uint64_t number, int64_t newest,
                                     bool is_published, struct layer **out, struct err *err)
{
    const struct manifest_write what = {
        .segment = number, .newest = newest, .is_published = is_published};
    bool to_memory = t->is_serving && t->spec->storage == STORAGE_MEMORY;
    return layer_open(t->dir, &what, to_memory, out, err);
}

must_use static enum code publish_layer(struct table *t, struct layer *layer, struct err *err)
{
    const struct overlay *now = snapshot_overlay(t->live);
    if (now->n == OVERLAY_MAX)
        return err_set(err, E_BUSY, "%zu segments of writes wait to be merged", now->n);
    return publish(t, base_generation_ref(snapshot_base(t->live)), overlay_push(now, layer),
                   snapshot_refresh(t->live), false, err);
}

enum code commit_layer(struct table *t, const char *tmp_dir, uint64_t number, int64_t newest,
                       struct err *err)
{
    char path[PATH_CAP];
    struct layer *layer;
    enum code rc = name_layer(t, tmp_dir, number, path, err);
    remove_or_warn(tmp_dir);
    if (rc)
        return rc;
    rc = open_layer(t, number, newest, false, &layer, err);
    if (!rc) {
        pthread_mutex_lock(&t->commit);
        rc = publish_layer(t, layer, err);
        pthread_mutex_unlock(&t->commit);
        layer_unref(layer);
    }
    if (rc)
        remove_failed(t, number, path);
    return rc;
}

/* -------------------------------------------------------------------------- a later publication */

/* A layer goes above those of earlier publications, and below all writes. */
static struct overlay *overlay_refreshed(const struct overlay *now, struct layer *layer,
                                         int64_t floor)
{
    size_t at = overlay_n_written(now);
    struct overlay *fresh = overlay_replace(now, at, at, layer);
    for (size_t i = at; i-- > 0;) {
        if (fresh->layers[i]->newest > floor)
            continue;
        struct overlay *fewer = overlay_replace(fresh, i, i + 1, NULL);
        overlay_unref(fresh);
        fresh = fewer;
    }
    return fresh;
}

static uint64_t count_published(const struct snapshot *s, const struct layer *layer)
{
    struct seg_stack published = snapshot_published(s);
    int64_t added = layer ? row_count_added(&published, layer, INT64_MIN) : 0;
    return snapshot_info(s)->n_rows + (uint64_t)added;
}

must_use static enum code publish_refresh(struct table *t, struct layer *layer,
                                          const struct snapshot *from,
                                          const struct manifest_refresh *refresh, struct err *err)
{
    struct generation_info info = {.has_source = true, .published_at_ms = refresh->published_at_ms};
    struct overlay *before = snapshot_overlay(t->live);
    if (snapshot_info(t->live)->fingerprint != snapshot_info(from)->fingerprint)
        return err_set(err, E_CHANGED, "another publication is served by now");
    if (layer && before->n == OVERLAY_MAX)
        return err_set(err, E_BUSY, "%zu segments wait to be merged", before->n);
    struct overlay *fresh = overlay_refreshed(before, layer, snapshot_floor(&info));
    overlay_ref(before);
    enum code rc =
        publish(t, base_generation_ref(snapshot_base(t->live)), fresh, refresh, false, err);
    if (!rc)
        remove_layers(t, before);
    overlay_unref(before);
    return rc;
}

must_use static enum code open_refresh(struct table *t, const char *tmp_dir, uint64_t number,
                                       int64_t newest, char path[static PATH_CAP],
                                       struct layer **out, struct err *err)
{
    TRY(name_layer(t, tmp_dir, number, path, err));
    enum code rc = open_layer(t, number, newest, true, out, err);
    if (rc)
        remove_or_warn(path);
    return rc;
}

enum code commit_refresh(struct table *t, const char *tmp_dir, uint64_t number, bool has_layer,
                         int64_t newest, const struct snapshot *from,
                         struct manifest_refresh *refresh, bool is_accepted, struct err *err)
{
    char path[PATH_CAP];
    struct layer *layer = NULL;
    enum code rc = has_layer ? open_refresh(t, tmp_dir, number, newest, path, &layer, err) : OK;
    remove_or_warn(tmp_dir);
    TRY(rc);
    refresh->n_rows = count_published(from, layer);
    if (!is_accepted)
        rc = guard_check_rows(&t->spec->guard, snapshot_info(from), refresh->n_rows, err);
    pthread_mutex_lock(&t->commit);
    if (!rc)
        rc = publish_refresh(t, layer, from, refresh, err);
    pthread_mutex_unlock(&t->commit);
    layer_unref(layer);
    if (rc && has_layer)
        remove_failed(t, number, path);
    return rc;
}

/* ------------------------------------------------------------------------------------ a merge */

/* Where the merged layers are in the overlay now: writes may have put newer layers on top of
 * them. */
must_use static enum code find_merged(const struct table *t, const struct snapshot *from,
                                      size_t first, size_t end, bool has_base, size_t *out_at,
                                      struct err *err)
{
    const struct overlay *was = snapshot_overlay(from), *now = snapshot_overlay(t->live);
    size_t n = end - first, at = 0;
    while (at < now->n && n && now->layers[at]->number != was->layers[first]->number)
        at++;
    bool same = at + n <= now->n;
    for (size_t i = 0; same && i < n; i++)
        same = now->layers[at + i]->number == was->layers[first + i]->number;
    if (has_base)
        same = same && at + n == now->n &&
               snapshot_base(t->live)->info.number == snapshot_base(from)->info.number;
    if (!same)
        return err_set(err, E_CHANGED, "the merged segments are no longer served");
    *out_at = at;
    return OK;
}

must_use static enum code publish_merged_base(struct table *t, struct base_generation *take_base,
                                              const struct snapshot *from, size_t first, size_t end,
                                              struct err *err)
{
    size_t at;
    enum code rc = find_merged(t, from, first, end, true, &at, err);
    if (rc) {
        base_generation_unref(take_base);
        return rc;
    }
    struct overlay *now = snapshot_overlay(t->live);
    /* A later publication may have come meanwhile. */
    bool is_latest = snapshot_info(t->live)->fingerprint == snapshot_info(from)->fingerprint;
    TRY(publish(t, take_base, overlay_replace(now, at, now->n, NULL),
                is_latest ? NULL : snapshot_refresh(t->live), true, err));
    remove_layers(t, snapshot_overlay(from));
    return OK;
}

must_use static enum code merge_to_base(struct table *t, const char *tmp_dir, uint64_t number,
                                        const struct snapshot *from, size_t first, size_t end,
                                        struct err *err)
{
    char dir[PATH_CAP], old[PATH_CAP];
    struct base_generation *base;
    TRY(name_generation(t, tmp_dir, number, dir, err));
    enum code rc = commit_open_base(t, dir, &base, err);
    if (!rc) {
        pthread_mutex_lock(&t->commit);
        rc = publish_merged_base(t, base, from, first, end, err);
        pthread_mutex_unlock(&t->commit);
    }
    if (rc)
        remove_failed(t, number, dir);
    else if (!t->source &&
             generation_path(t->dir, snapshot_base(from)->info.number, old, NULL) == OK)
        remove_or_warn(old);
    return rc;
}

must_use static enum code publish_merged_layer(struct table *t, struct layer *layer,
                                               const struct snapshot *from, size_t first,
                                               size_t end, struct err *err)
{
    size_t at;
    TRY(find_merged(t, from, first, end, false, &at, err));
    TRY(publish(t, base_generation_ref(snapshot_base(t->live)),
                overlay_replace(snapshot_overlay(t->live), at, at + (end - first), layer),
                snapshot_refresh(t->live), true, err));
    remove_layers(t, snapshot_overlay(from));
    return OK;
}

must_use static enum code merge_to_layer(struct table *t, const char *tmp_dir, uint64_t number,
                                         const struct snapshot *from, size_t first, size_t end,
                                         struct err *err)
{
    char path[PATH_CAP];
    struct layer *layer;
    int64_t newest = INT64_MIN;
    for (size_t i = first; i < end; i++) {
        int64_t stamp = snapshot_overlay(from)->layers[i]->newest;
        newest = stamp > newest ? stamp : newest;
    }
    TRY(name_layer(t, tmp_dir, number, path, err));
    enum code rc = open_layer(t, number, newest,
                              snapshot_overlay(from)->layers[first]->is_published, &layer, err);
    if (!rc) {
        pthread_mutex_lock(&t->commit);
        rc = publish_merged_layer(t, layer, from, first, end, err);
        pthread_mutex_unlock(&t->commit);
        layer_unref(layer);
    }
    if (rc)
        remove_failed(t, number, path);
    return rc;
}

enum code commit_merge(struct table *t, const char *tmp_dir, uint64_t number,
                       const struct snapshot *from, size_t first, size_t end, bool has_base,
                       struct err *err)
{
    enum code rc = has_base ? merge_to_base(t, tmp_dir, number, from, first, end, err)
                            : merge_to_layer(t, tmp_dir, number, from, first, end, err);
    remove_or_warn(tmp_dir);
    return rc;
}
