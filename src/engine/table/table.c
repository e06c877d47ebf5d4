#include "engine/table/table.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/table/damage.h"

const char *table_name(const struct table *t)
{
    return t->spec->name;
}

bool table_has_source(const struct table *t)
{
    return t->source != NULL;
}

bool table_takes_writes(const struct table *t)
{
    return t->spec->writes;
}

struct table_counters *table_counters_of(struct table *t)
{
    return table_counters_ref(t->counters);
}

void table_close(struct table *t)
{
    if (!t)
        return;
    snapshot_unref(t->live);
    overlay_unref(t->orphans);
    table_counters_unref(t->counters);
    source_close(t->source);
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->commit);
    if (t->own_spec)
        table_spec_done(t->own_spec);
    free(t->own_spec);
    setbacks_done(&t->setbacks);
    free(t->dir);
    free(t);
}

void table_start_serving(struct table *t)
{
    t->is_serving = true;
}

void table_cancel(struct table *t)
{
    atomic_store(&t->progress.cancelled, true);
    atomic_store(&t->write_progress.cancelled, true);
    atomic_store(&t->merge_progress.cancelled, true);
}

/* ----------------------------------------------------------------------------------- readers */

enum code table_snapshot(struct table *t, struct snapshot **out_snapshot, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    struct snapshot *s = t->live ? snapshot_ref(t->live) : NULL;
    bool is_refused = t->damage.kind == DAMAGE_REFUSED;
    struct err why = t->damage.why;
    pthread_mutex_unlock(&t->lock);
    if (!s && is_refused)
        return err_set(err, E_CORRUPT, "Table '%s' is damaged and not served: %s", t->spec->name,
                       why.msg);
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
        bytes = overlay_written_bytes(snapshot_overlay(t->live));
        bytes += t->source ? 0 : snapshot_base(t->live)->info.disk_bytes;
    }
    pthread_mutex_unlock(&t->lock);
    return bytes;
}

/* The newest partition that a guard refused. The lock is held. */
static void refused_status(const struct table *t, struct arena *arena, struct table_status *out)
{
    const struct setback *s = setbacks_newest_refused(&t->setbacks);
    out->refused.partition = s ? arena_strndup(arena, s->label, strlen(s->label)) : "";
    out->refused.why = s ? arena_strndup(arena, s->why.msg, strlen(s->why.msg)) : "";
    out->refused.fingerprint = s ? s->fingerprint : 0;
}

void table_status(struct table *t, struct arena *arena, struct table_status *out)
{
    *out = (struct table_status){.name = arena_strndup(arena, t->spec->name, strlen(t->spec->name)),
                                 .source = t->source ? source_kind_name(t->source) : "none",
                                 .partition = ""};
    damage_look(t); /* reads only set a flag; here it becomes the table's damage */
    pthread_mutex_lock(&t->lock);
    if (t->live) {
        const struct base_generation *base = snapshot_base(t->live);
        const struct generation_info *info = snapshot_info(t->live);
        out->loaded = true;
        out->partition = arena_strndup(arena, info->label ? info->label : "",
                                       info->label ? strlen(info->label) : 0);
        out->generation = info->number;
        out->n_rows = snapshot_n_rows(t->live);
        out->n_layers = snapshot_overlay(t->live)->n;
        out->n_published = out->n_layers - overlay_n_written(snapshot_overlay(t->live));
        out->disk_bytes = info->disk_bytes + overlay_disk_bytes(snapshot_overlay(t->live));
        out->index_bytes = base->index_bytes;
        out->memory_bytes = base->memory.len;
        out->loaded_at_ms = info->loaded_at_ms;
        out->published_at_ms = info->published_at_ms;
        out->sequence_number = info->sequence_number;
        out->load_seconds = info->load_seconds;
    }
    out->polled_at_ms = t->polled_at_ms;
    out->source_ok_at_ms = t->source_ok_at_ms;
    out->next_poll_at_ms = t->next_poll_at_ms;
    bool failed = t->last_error.msg[0];
    const char *last = failed ? t->last_error.msg : t->damage.why.msg;
    out->last_error = arena_strndup(arena, last, strlen(last));
    out->last_error_at_ms = failed ? t->last_error_at_ms : last[0] ? t->damage.at_ms : 0;
    out->damage = t->damage.kind;
    out->damaged = arena_strndup(arena, t->damage.why.msg, strlen(t->damage.why.msg));
    out->n_damages = t->n_damages;
    out->scrub = t->scrub.status;
    out->n_loads_ok = t->n_loads_ok;
    out->n_loads_failed = t->n_loads_failed;
    out->n_loads_refused = t->n_loads_refused;
    out->n_refreshes_ok = t->n_refreshes_ok;
    out->latest = t->latest;
    refused_status(t, arena, out);
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
