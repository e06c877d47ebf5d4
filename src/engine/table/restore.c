#include "engine/table/restore.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/commit.h"
#include "engine/table/damage.h"
#include "engine/table/table.h"
#include "source/kinds/open.h"
#include "engine/store/layer.h"

#include <stdio.h>

/*
 * Runs once a table at each start, before the server is ready, so everything is mapped and nothing
 * is copied: 100M rows serve after less than 0.1 s. The poller copies what should be in memory
 * afterwards.
 *
 * (1) Every number in the directory is reserved first, also those of debris. A file that cannot be
 *     removed now can then never be mistaken for a new one.
 * (2) Layers are opened before the base. If a layer is missing, rows that were acknowledged are
 *     missing, and nobody can tell which keys they had. Then nothing is served.
 * (3) A base can be loaded again from its source; until then an older generation may serve. A table
 *     without a source has no other copy, so it is refused.
 * (4) Without a manifest the newest generation is the table, if there are no segments of writes. A
 *     generation gets its name when it is complete, and a merge that took writes into it leaves
 *     them beside it until the manifest is there. So segments without a manifest may or may not be
 *     in the generation already, and nothing is served.
 */

/* ----------------------------------------------------------------------------------- segments */

/* Do not give out a number again that is or was in use (1). */
static void reserve_number(struct table *t, uint64_t number)
{
    if (number >= t->next_number)
        t->next_number = number + 1;
}

static bool is_named(const struct manifest *m, const char *name)
{
    uint64_t number;
    return !layer_parse_name(name, &number) || manifest_names(m, number);
}

/* Remove segments of writes that the manifest does not name: a crash came after they were written
 * and before the manifest named them, or after a merge replaced them and before they were
 * removed. */
must_use static enum code remove_unnamed(struct table *t, const struct manifest *m, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(t->dir, &names, err));
    enum code rc = OK;
    for (size_t i = 0; i < names.n; i++)
        if (!is_named(m, names.names[i]) && generation_remove_entry(t->dir, names.names[i], err))
            rc = E_IO;
    return rc;
}

/* Remove what a crash left, as far as the manifest can say what is needed. What cannot be removed
 * does no harm (1). */
static void remove_debris(struct table *t)
{
    struct manifest m = {0};
    struct err err;
    bool knows = manifest_read(t->dir, &m, NULL) == OK && m.generation;
    if (generation_remove_debris(t->dir, knows ? m.generation : 0, &err) ||
        (knows && remove_unnamed(t, &m, &err)))
        log_warn("files that a crash left could not be removed", log_str("table", t->spec->name),
                 log_str("error", err.msg));
}

/* (1), including files that an earlier release set aside. */
must_use static enum code reserve_numbers(struct table *t, size_t *out_n_layers, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(t->dir, &names, err));
    *out_n_layers = 0;
    for (size_t i = 0; i < names.n; i++) {
        unsigned long long number;
        uint64_t of_layer;
        if (sscanf(names.names[i], "%10llu", &number) == 1)
            reserve_number(t, number);
        *out_n_layers += layer_parse_name(names.names[i], &of_layer);
    }
    return OK;
}

must_use static enum code push_layer(struct table *t, const struct manifest_write *what,
                                     struct overlay **overlay, struct err *err)
{
    struct layer *layer;
    TRY(layer_open(t->dir, what, false, &layer, err));
    struct overlay *more = overlay_push(*overlay, layer);
    overlay_unref(*overlay);
    layer_unref(layer);
    *overlay = more;
    return OK;
}

must_use static enum code open_layers(struct table *t, const struct manifest *m,
                                      struct overlay **out, struct err *err)
{
    struct overlay *overlay = overlay_new();
    for (size_t i = 0; i < m->n_writes; i++) {
        enum code rc = push_layer(t, &m->writes[i], &overlay, err);
        if (rc) {
            overlay_unref(overlay);
            return rc;
        }
    }
    *out = overlay;
    return OK;
}

/* ------------------------------------------------------------------------------------- serving */

/* Open a generation below the layers, mapped. */
must_use static enum code open_generation(struct table *t, uint64_t number, struct overlay *layers,
                                          const struct manifest_refresh *refresh,
                                          struct snapshot **out, struct err *err)
{
    static const struct remote_op no_bound;
    char dir[PATH_CAP];
    struct base_generation *base;
    TRY(generation_path(t->dir, number, dir, err));
    TRY(base_generation_open(dir, STORAGE_MMAP, &no_bound, &base, err));
    return snapshot_new(base, overlay_ref(layers), refresh, out, err);
}

static void serve(struct table *t, struct snapshot *take_live, const struct manifest *m)
{
    if (snapshot_overlay(take_live)->n)
        snapshot_set_n_rows(take_live, snapshot_base(take_live)->info.number == m->generation
                                           ? m->n_rows
                                           : snapshot_count_rows(take_live));
    snapshot_set_counters(take_live, t->counters);
    pthread_mutex_lock(&t->lock);
    t->live = take_live;
    pthread_mutex_unlock(&t->lock);
}

/* Keep layers whose base cannot be opened, until a load gives them another base. */
static void keep_orphans(struct table *t, struct overlay *layers)
{
    pthread_mutex_lock(&t->lock);
    struct overlay *before = t->orphans;
    t->orphans = layers->n ? overlay_ref(layers) : NULL;
    pthread_mutex_unlock(&t->lock);
    overlay_unref(before);
}

static enum damage_kind refuse(struct table *t, int64_t newest, const char *why)
{
    damage_note(t, DAMAGE_REFUSED, newest, why);
    return DAMAGE_REFUSED;
}

/* The manifest's generation cannot be opened because of `why`: serve the newest older one (3). */
static enum damage_kind serve_older(struct table *t, const struct generation_list *list,
                                    const struct manifest *m, struct overlay *layers,
                                    const struct err *why)
{
    char text[sizeof(why->msg) + 64];
    struct snapshot *older;
    struct err err;
    struct overlay *written = overlay_replace(layers, overlay_n_written(layers), layers->n, NULL);
    for (size_t i = 0; i < list->n && !t->live; i++)
        if (list->numbers[i] < m->generation &&
            open_generation(t, list->numbers[i], written, NULL, &older, &err) == OK)
            serve(t, older, m);
    overlay_unref(written);
    if (!t->live) {
        keep_orphans(t, layers);
        return refuse(t, INT64_MIN, why->msg);
    }
    snprintf(text, sizeof(text), "%s; the older generation %llu is served", why->msg,
             (unsigned long long)snapshot_base(t->live)->info.number);
    damage_note(t, DAMAGE_OLDER, INT64_MIN, text);
    return DAMAGE_OLDER;
}

static int64_t newest_of(const struct manifest *m)
{
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < m->n_writes; i++)
        if (!m->writes[i].is_published && m->writes[i].newest > newest)
            newest = m->writes[i].newest;
    return newest;
}

/* Open what the manifest names, by (2) and (3). */
static enum damage_kind open_named(struct table *t, const struct generation_list *list,
                                   const struct manifest *m)
{
    struct overlay *layers;
    struct snapshot *live;
    struct err why;
    enum damage_kind damage = DAMAGE_NONE;
    if (open_layers(t, m, &layers, &why))
        return refuse(t, newest_of(m), why.msg);
    if (open_generation(t, m->generation, layers, &m->refresh, &live, &why) == OK)
        serve(t, live, m);
    else if (t->source)
        damage = serve_older(t, list, m, layers, &why);
    else
        damage = refuse(t, INT64_MAX, why.msg);
    overlay_unref(layers);
    return damage;
}

/* There is no manifest: both of its files are damaged, or a crash came between the first generation
 * and its manifest (4). */
static enum damage_kind open_unnamed(struct table *t, const struct generation_list *list,
                                     size_t n_layers, const char *why)
{
    static const struct manifest none;
    char text[sizeof(struct err) + 96];
    enum damage_kind damage = DAMAGE_NONE;
    struct snapshot *live;
    struct err err;
    if (n_layers) {
        snprintf(text, sizeof(text),
                 "%s; it is unknown which of the %zu segments of writes belong to the table",
                 why[0] ? why : "the manifest is missing", n_layers);
        return refuse(t, INT64_MAX, text);
    }
    struct overlay *no_layers = overlay_new();
    for (size_t i = 0; i < list->n && !t->live; i++) {
        if (open_generation(t, list->numbers[i], no_layers, NULL, &live, &err) == OK)
            serve(t, live, &none);
        else if (t->source)
            log_error("generation cannot be used", log_str("table", t->spec->name),
                      log_int("generation", list->numbers[i]), log_str("error", err.msg));
        else
            damage = refuse(t, INT64_MAX, err.msg);
        if (!t->source)
            break; /* an older generation lacks acknowledged writes */
    }
    overlay_unref(no_layers);
    return damage;
}

static void prune_replaced(struct table *t, uint64_t live)
{
    struct err err;
    if (generation_prune(t->dir, live, 0, &err))
        log_warn("old generations could not be removed", log_str("table", t->spec->name),
                 log_str("error", err.msg));
}

/* Serve what can be opened, note the damage, and return its kind. */
static enum damage_kind open_files(struct table *t)
{
    struct manifest m = {0};
    struct err why = {0}, err;
    size_t n_layers;
    AUTO(generation_list) struct generation_list list = {0};
    enum code rc = manifest_read(t->dir, &m, &why);
    if (generation_list(t->dir, &list, &err) || reserve_numbers(t, &n_layers, &err))
        return refuse(t, INT64_MAX, err.msg);
    if (m.sequence > t->manifest_sequence)
        t->manifest_sequence = m.sequence;
    if (rc || !m.generation)
        return open_unnamed(t, &list, n_layers, why.msg);
    enum damage_kind damage = open_named(t, &list, &m);
    if (t->live && !t->source) /* generations that merges replaced */
        prune_replaced(t, m.generation);
    return damage;
}

void table_mend_small_files(struct table *t, const struct snapshot *s)
{
    char dir[PATH_CAP];
    struct err err;
    if (commit_mend_manifest(t, &err))
        log_warn("cannot write the manifest", log_str("table", t->spec->name),
                 log_str("error", err.msg));
    if (generation_path(t->dir, snapshot_base(s)->info.number, dir, &err) ||
        generation_mend_info(dir, &err))
        log_warn("cannot write table.json", log_str("table", t->spec->name),
                 log_str("error", err.msg));
}

void table_restore(struct table *t)
{
    reserve_number(t, 0);
    remove_debris(t);
    open_files(t);
    if (!t->live)
        return;
    table_mend_small_files(t, t->live);
    damage_look(t);
    const struct generation_info *info = snapshot_info(t->live);
    log_info("serving from disk", log_str("table", t->spec->name),
             log_int("generation", info->number),
             log_str("partition", info->label ? info->label : ""),
             log_int("rows", snapshot_n_rows(t->live)),
             log_int("segments_of_writes", snapshot_overlay(t->live)->n));
}

/* The disk may have recovered, or somebody may have restored the file. */
void table_restore_again(struct table *t)
{
    pthread_mutex_lock(&t->commit);
    if (!t->live && open_files(t) == DAMAGE_NONE)
        damage_clear(t);
    pthread_mutex_unlock(&t->commit);
}

/* ------------------------------------------------------------------------------------ opening */

/* For a table whose manifest is damaged: its newest generation says whether it has a source. */
static bool has_no_source(const char *table_dir)
{
    AUTO(generation_list) struct generation_list list = {0};
    AUTO(generation_info) struct generation_info info = {0};
    char dir[PATH_CAP];
    return generation_list(table_dir, &list, NULL) == OK && list.n &&
           generation_path(table_dir, list.numbers[0], dir, NULL) == OK &&
           generation_read_info(dir, &info, NULL) == OK && !info.has_source;
}

bool table_is_created(const char *data_dir, const char *name)
{
    char dir[PATH_CAP];
    struct manifest m;
    if (path_format(dir, NULL, "%s/%s", data_dir, name))
        return false;
    if (manifest_read(dir, &m, NULL) == OK && m.generation)
        return m.is_created;
    return has_no_source(dir);
}

enum code table_open(const struct table_spec *spec, const char *data_dir,
                     struct transfer_loop *loop, struct table **out_table, struct err *err)
{
    if (table_is_created(data_dir, spec->name))
        return err_set(
            err, E_EXISTS,
            "table %s was created through the API and has no source; drop it, or give the "
            "configured table another name",
            spec->name);
    struct table *t = table_new(spec);
    enum code rc = table_make_dir(t, data_dir, err);
    if (!rc)
        rc = source_open(&spec->source, loop, &t->source, err);
    if (!rc)
        t->source_hash = hash_checksum(view_cstr(t->source->identity));
    if (rc) {
        table_close(t);
        return err_in(err, rc, "table %s", spec->name);
    }
    table_restore(t);
    *out_table = t;
    return OK;
}

/* ----------------------------------------------------------------------------------- settling */

/* Whether the base is not kept as configured. */
static bool is_unsettled(struct table *t, uint64_t *out_number)
{
    pthread_mutex_lock(&t->lock);
    bool unsettled =
        t->live && t->is_serving && snapshot_base(t->live)->storage != t->spec->storage;
    if (unsettled)
        *out_number = snapshot_base(t->live)->info.number;
    pthread_mutex_unlock(&t->lock);
    return unsettled;
}

/* Copying found a wrong checksum. The mapped files stay, and from now on reads check every page, so
 * that only reads of the damaged rows fail. */
static void note_damaged_copy(struct table *t, uint64_t number, const char *why)
{
    pthread_mutex_lock(&t->lock);
    struct base_generation *b = t->live ? snapshot_base(t->live) : NULL;
    if (b && b->info.number == number && b->set.pages)
        atomic_store(&b->set.pages->is_damaged, true);
    pthread_mutex_unlock(&t->lock);
    damage_note(t, DAMAGE_ROWS, INT64_MIN, why);
}

void table_settle(struct table *t)
{
    uint64_t number, start_ns = clock_mono_ns();
    char dir[PATH_CAP];
    struct err err;
    struct base_generation *base;
    struct remote_op op = table_source_op(t, 0);
    if (!is_unsettled(t, &number))
        return;
    enum code rc = generation_path(t->dir, number, dir, &err);
    if (!rc)
        rc = base_generation_open(dir, t->spec->storage, &op, &base, &err);
    if (rc == E_CANCELLED)
        return;
    if (rc == E_CORRUPT)
        note_damaged_copy(t, number, err.msg);
    if (rc) {
        if (t->unsettled != number)
            log_warn("serving from the mapped files", log_str("table", t->spec->name),
                     log_str("error", err.msg));
        t->unsettled = number;
        return;
    }
    uint64_t bytes = base->memory.len;
    base_generation_ref(base);
    commit_resettled(t, base);
    if (bytes)
        base_generation_drop_cache(dir, base);
    base_generation_unref(base);
    log_info("storage settled", log_str("table", t->spec->name), log_int("generation", number),
             log_int("memory_bytes", bytes),
             log_double("seconds", (double)(clock_mono_ns() - start_ns) / 1e9));
}
