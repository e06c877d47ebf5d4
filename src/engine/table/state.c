#include "engine/table/state.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

bool table_live_info(struct table *t, struct generation_info *out)
{
    pthread_mutex_lock(&t->lock);
    bool is_loaded = t->live != NULL;
    if (is_loaded)
        generation_info_copy(snapshot_info(t->live), out);
    pthread_mutex_unlock(&t->lock);
    return is_loaded;
}

uint64_t table_hash_seed(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    uint64_t seed = t->live ? snapshot_base(t->live)->set.hasher.seed : 0;
    if (!t->live && t->orphans)
        seed = t->orphans->layers[0]->set.hasher.seed;
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

/* A hash over the settings that shape the data. When it changes, the served partition is loaded
 * again. */
static uint64_t table_hash_spec(const struct table_spec *spec)
{
    AUTO(buf) struct buf all = {0};
    buf_printf(&all, "parts %u layout %d\n", spec->parts, (int)spec->layout);
    for (size_t k = 0; k < spec->n_key; k++)
        buf_printf(&all, "key %s\n", spec->key[k]);
    if (spec->newest_by && spec->newest_by[0])
        buf_printf(&all, "newest_by %s\n", spec->newest_by);
    for (size_t i = 0; i < spec->n_columns; i++) {
        char text[TYPE_TEXT_CAP];
        buf_printf(&all, "column %s %s %d\n", spec->columns[i].name,
                   type_text(&spec->columns[i].type, text), spec->columns[i].nullable);
    }
    return hash_checksum(buf_view(&all));
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
    t->counters = table_counters_new(spec->name);
    t->spec_hash = table_hash_spec(spec);
    t->scrub.next_ns = clock_mono_ns() + (uint64_t)spec->scrub_ms * 1000000u;
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->commit, NULL);
    return t;
}
