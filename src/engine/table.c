#include "engine/commit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>

const char *table_name(const struct table *t)
{
    return t->spec->name;
}

bool table_has_source(const struct table *t)
{
    return t->store != NULL;
}

bool table_live_info(struct table *t, struct generation_info *out)
{
    pthread_mutex_lock(&t->lock);
    bool is_loaded = t->live != NULL;
    if (is_loaded)
        *out = snapshot_base(t->live)->info;
    pthread_mutex_unlock(&t->lock);
    return is_loaded;
}

uint64_t table_hash_seed(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    uint64_t seed = t->live ? snapshot_base(t->live)->set.hasher.seed : 0;
    pthread_mutex_unlock(&t->lock);
    return seed;
}

struct remote_op table_source_op(struct table *t, int64_t timeout_ms)
{
    return (struct remote_op){
        .cancelled = &t->progress.cancelled,
        .deadline_ns = timeout_ms ? clock_mono_ns() + (uint64_t)timeout_ms * 1000000u : 0,
        .n_read_bytes = &t->n_read_bytes,
    };
}

uint64_t table_hash_spec(const struct table_spec *spec)
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

/* ----------------------------------------------------------------------------------- restart */

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

static bool is_named(const struct manifest *m, uint64_t number)
{
    for (size_t i = 0; i < m->n_writes; i++)
        if (m->writes[i].segment == number)
            return true;
    return false;
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
        if (!layer_parse_name(names.names[i], &number))
            continue;
        if (is_named(m, number))
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

enum code table_make_dir(struct table *t, const char *data_dir, struct err *err)
{
    char dir[PATH_CAP];
    TRY(path_format(dir, err, "%s/%s", data_dir, t->spec->name));
    t->dir = mem_strdup(dir);
    TRY(dir_make(dir, err));
    return dir_sync(data_dir, err);
}

struct table *table_new(const struct table_spec *spec)
{
    struct table *t = mem_zalloc(sizeof(*t));
    t->spec = spec;
    t->spec_hash = table_hash_spec(spec);
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->commit, NULL);
    return t;
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
        rc = table_restore(t, err);
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
    pthread_mutex_destroy(&t->commit);
    if (t->own_spec)
        table_spec_done(t->own_spec);
    free(t->own_spec);
    free(t->dir);
    free(t);
}

/* ------------------------------------------------------------------------------------ storage */

void table_start_serving(struct table *t)
{
    t->is_serving = true;
}

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

uint64_t table_next_poll_ns(const struct table *t)
{
    return t->next_poll_ns; /* written by the polling thread, which is the one that asks */
}

void table_cancel(struct table *t)
{
    atomic_store(&t->progress.cancelled, true);
    atomic_store(&t->merging.cancelled, true);
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

uint64_t table_written_bytes(struct table *t)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&t->lock);
    if (t->live) {
        bytes = overlay_disk_bytes(snapshot_overlay(t->live));
        bytes += t->store ? 0 : snapshot_base(t->live)->info.disk_bytes;
    }
    pthread_mutex_unlock(&t->lock);
    return bytes;
}

void table_status(struct table *t, struct arena *arena, struct table_status *out)
{
    *out = (struct table_status){.name = arena_strndup(arena, t->spec->name, strlen(t->spec->name)),
                                 .source = t->store ? t->store->ops->kind : "none",
                                 .partition = ""};
    pthread_mutex_lock(&t->lock);
    if (t->live) {
        const struct base *base = snapshot_base(t->live);
        const struct generation_info *info = &base->info;
        out->loaded = true;
        out->partition = arena_strndup(arena, info->partition, strlen(info->partition));
        out->generation = info->number;
        out->n_rows = snapshot_n_rows(t->live);
        out->n_layers = snapshot_overlay(t->live)->n;
        out->disk_bytes = info->disk_bytes + overlay_disk_bytes(snapshot_overlay(t->live));
        out->index_bytes = base->index_bytes;
        out->memory_bytes = base->memory.len;
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
    out->writes = (struct write_status){
        .n_ok = t->writes.n_ok,
        .n_failed = t->writes.n_failed,
        .n_rows = t->writes.n_rows,
        .n_waiting = t->writes.queue.n,
        .n_waiting_bytes = t->writes.queue.n_bytes,
        .n_merges_ok = t->writes.n_merges_ok,
        .n_merges_failed = t->writes.n_merges_failed,
    };
    out->source_read_bytes = atomic_load(&t->n_read_bytes);
    pthread_mutex_unlock(&t->lock);
    load_status(t, out);
}
