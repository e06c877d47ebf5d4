/* What a table's directory has is served again: mapped at first, then kept as configured. */
#include "engine/commit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/layer.h"

#include <stdio.h>

/* ----------------------------------------------------------------------------------- segments */

/* What a damaged manifest does not name any more may be somebody's writes: it is kept, under another name. */
static void set_aside(struct table *t, const char *name, const char *why)
{
    char from[PATH_CAP], to[PATH_CAP];
    if (path_format(from, NULL, "%s/%s", t->dir, name) ||
        path_format(to, NULL, "%s/%s.lost", t->dir, name) || rename(from, to) < 0)
        return;
    log_error("a segment of writes cannot be used; it was set aside",
              log_str("table", t->spec->name), log_str("path", to), log_str("error", why));
}

/* A number that is or was in use is not given again. */
static void reserve_number(struct table *t, uint64_t number)
{
    if (number >= t->next_number)
        t->next_number = number + 1;
}

/* Also of one that was set aside. */
static void reserve_name(struct table *t, const char *name)
{
    unsigned long long number;
    if (sscanf(name, "%10llu", &number) == 1)
        reserve_number(t, number);
}

/* Segments of writes that the manifest does not name: a crash left them before it did, or after it ceased to. */
must_use static enum code remove_unnamed(struct table *t, const struct manifest *m, const char *why,
                                         struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(dir_list(t->dir, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        uint64_t number;
        char path[PATH_CAP];
        reserve_name(t, names.names[i]);
        if (!layer_parse_name(names.names[i], &number) || manifest_names(m, number))
            continue;
        if (why) {
            set_aside(t, names.names[i], why);
            continue;
        }
        TRY(path_format(path, err, "%s/%s", t->dir, names.names[i]));
        TRY(tree_remove(path, err));
    }
    return OK;
}

/* Adds a layer. One that is damaged is set aside; what cannot be read now may be good, and must not be lost. */
must_use static enum code push_layer(struct table *t, const struct manifest_write *what,
                                     struct overlay **overlay, struct err *err)
{
    struct layer *layer;
    char name[32];
    enum code rc = layer_open(t->dir, what, false, &layer, err);
    if (rc == E_IO || rc == E_NOMEM)
        return rc;
    if (rc) {
        snprintf(name, sizeof(name), "%010llu.seg", (unsigned long long)what->segment);
        set_aside(t, name, err->msg);
        return OK;
    }
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

/* Whether the manifest's count of rows is that of what opened. */
static bool is_whole(const struct snapshot *s, const struct manifest *m)
{
    return snapshot_overlay(s)->n == m->n_writes && snapshot_base(s)->info.number == m->generation;
}

/* Serve the newest generation that opens, not newer than the manifest's. */
must_use static enum code open_newest(struct table *t, const struct generation_list *list,
                                      const struct manifest *m, struct overlay *layers,
                                      struct err *err)
{
    static const struct remote_op no_bound;
    for (size_t i = 0; i < list->n && !t->live; i++) {
        char dir[PATH_CAP];
        struct base *base;
        struct err why;
        TRY(generation_path(t->dir, list->numbers[i], dir, err));
        enum code rc = base_open(dir, STORAGE_MMAP, &no_bound, &base, &why);
        if (!rc)
            rc = snapshot_new(base, overlay_ref(layers), &t->live, &why);
        if (!rc && snapshot_overlay(t->live)->n)
            snapshot_set_n_rows(t->live,
                                is_whole(t->live, m) ? m->n_rows : snapshot_count_rows(t->live));
        if (rc)
            log_error("generation cannot be used", log_str("table", t->spec->name),
                      log_int("generation", list->numbers[i]), log_str("error", why.msg));
    }
    return OK;
}

must_use static enum code open_live(struct table *t, const struct generation_list *list,
                                    const struct manifest *m, struct err *err)
{
    struct overlay *layers;
    TRY(open_layers(t, m, &layers, err));
    enum code rc = open_newest(t, list, m, layers, err);
    overlay_unref(layers);
    return rc;
}

static void prune_replaced(struct table *t, uint64_t live)
{
    struct err err;
    if (generation_prune(t->dir, live, 0, &err))
        log_warn("old generations stay behind", log_str("table", t->spec->name),
                 log_str("error", err.msg));
}

/* Without a manifest (it is damaged, or we died between the first generation and its manifest) the newest
 * generation serves, and it gets one, for those who read the directory beside us. */
enum code table_restore(struct table *t, struct err *err)
{
    struct manifest m = {0};
    struct err why = {0};
    if (manifest_read(t->dir, &m, &why))
        log_warn("manifest is damaged; looking for the newest generation",
                 log_str("table", t->spec->name), log_str("error", why.msg));
    TRY(generation_remove_debris(t->dir, m.generation, err));
    AUTO(generation_list) struct generation_list list = {0};
    TRY(generation_list(t->dir, &list, err));
    t->next_number = list.n ? list.numbers[0] + 1 : 1;
    for (size_t i = 0; i < m.n_writes; i++)
        reserve_number(t, m.writes[i].segment);
    TRY(remove_unnamed(t, &m, why.msg[0] ? why.msg : NULL, err));
    TRY(open_live(t, &list, &m, err));
    if (!t->live)
        return OK;
    const struct generation_info *info = &snapshot_base(t->live)->info;
    if (m.generation == 0 && commit_save_manifest(t, &why))
        log_warn("cannot write the manifest", log_str("table", t->spec->name),
                 log_str("error", why.msg));
    if (!t->store && info->number == m.generation) /* what a merge has replaced */
        prune_replaced(t, info->number);
    log_info("serving from disk", log_str("table", t->spec->name),
             log_int("generation", info->number), log_str("partition", info->partition),
             log_int("rows", snapshot_n_rows(t->live)),
             log_int("segments_of_writes", snapshot_overlay(t->live)->n));
    return OK;
}

/* ------------------------------------------------------------------------------------ opening */

/* By its newest generation, where the manifest is damaged: one that came from a source has a partition. */
static bool has_no_partition(const char *table_dir)
{
    AUTO(generation_list) struct generation_list list = {0};
    struct generation_info info;
    char dir[PATH_CAP];
    return generation_list(table_dir, &list, NULL) == OK && list.n &&
           generation_path(table_dir, list.numbers[0], dir, NULL) == OK &&
           generation_read_info(dir, &info, NULL) == OK && !info.partition[0];
}

bool table_is_created(const char *data_dir, const char *name)
{
    char dir[PATH_CAP];
    struct manifest m;
    if (path_format(dir, NULL, "%s/%s", data_dir, name))
        return false;
    if (manifest_read(dir, &m, NULL) == OK && m.generation)
        return m.is_created;
    return has_no_partition(dir);
}

enum code table_open(const struct table_spec *spec, const char *data_dir,
                     struct transfer_loop *loop, struct table **out_table, struct err *err)
{
    if (table_is_created(data_dir, spec->name))
        return err_set(
            err, E_EXISTS,
            "table %s was created through the API and has no source; drop it, or give the "
            "configured one another name",
            spec->name);
    struct table *t = table_new(spec);
    enum code rc = table_make_dir(t, data_dir, err);
    if (!rc)
        rc = source_open(&spec->source, loop, &t->store, err);
    if (!rc)
        t->source_hash = table_hash_source(spec, t->store);
    if (!rc)
        rc = table_restore(t, err);
    if (rc) {
        table_close(t);
        return err_in(err, rc, "table %s", spec->name);
    }
    *out_table = t;
    return OK;
}

/* ----------------------------------------------------------------------------------- settling */

/* Whether what is served is kept otherwise than configured. */
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

/* After a restart the mapped files serve. */
void table_settle(struct table *t)
{
    uint64_t number, start_ns = clock_mono_ns();
    char dir[PATH_CAP];
    struct err err;
    struct base *base;
    struct remote_op op = table_source_op(t, 0);
    if (!is_unsettled(t, &number))
        return;
    enum code rc = generation_path(t->dir, number, dir, &err);
    if (!rc)
        rc = base_open(dir, t->spec->storage, &op, &base, &err);
    if (rc == E_CANCELLED)
        return;
    if (rc) {
        if (t->unsettled != number)
            log_warn("serving from the mapped files", log_str("table", t->spec->name),
                     log_str("error", err.msg));
        t->unsettled = number;
        return;
    }
    uint64_t bytes = base->memory.len;
    base_ref(base);
    commit_resettled(t, base);
    if (bytes)
        base_drop_cache(dir, base);
    base_unref(base);
    log_info("storage settled", log_str("table", t->spec->name), log_int("generation", number),
             log_int("memory_bytes", bytes),
             log_double("seconds", (double)(clock_mono_ns() - start_ns) / 1e9));
}
