#include "engine/table/write_queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/commit.h"
#include "engine/write/delta.h"
#include "engine/build/spill.h"

#include <stdio.h>

/* Of a queue, and of the writes taken together. */
enum { QUEUE_MAX = 4096, GROUP_MAX = 256 };
static const uint64_t group_bytes = 8u << 20;

/* ------------------------------------------------------------------------------------- queue */

enum code table_enqueue(struct table *t, const struct write_request *request,
                        const struct write_limits *limits, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&t->lock);
    const struct write_list *q = &t->writes.queue;
    bool is_there = t->live || request->verb == WRITE_DROP; /* one that is damaged can be dropped */
    if (!t->live && request->verb != WRITE_DROP && t->damage.kind == DAMAGE_REFUSED)
        rc = err_set(err, E_CORRUPT, "Table '%s' is damaged and takes no writes: %s", t->spec->name,
                     t->damage.why.msg);
    else if (t->writes.is_dropped || !is_there)
        rc = err_set(err, E_NOTFOUND, "Table '%s' not found or not yet loaded", t->spec->name);
    else if (q->n >= QUEUE_MAX ||
             (q->n && q->n_bytes + request->body.bytes.len > limits->queue_bytes))
        rc = err_set(err, E_BUSY, "%zu writes of %llu bytes wait for table '%s'; try again later",
                     q->n, (unsigned long long)q->n_bytes, t->spec->name);
    else
        write_list_put(&t->writes.queue, request);
    pthread_mutex_unlock(&t->lock);
    return rc;
}

void table_fail_waiting(struct table *t, enum code rc, const char *why)
{
    struct write_list all = {0};
    struct err err;
    pthread_mutex_lock(&t->lock);
    write_list_move(&all, &t->writes.queue);
    write_list_move(&all, &t->writes.compactions);
    pthread_mutex_unlock(&t->lock);
    err_write(&err, "%s", why);
    write_list_end(&all, rc, &err);
}

static bool has_room(const struct table *t)
{
    return snapshot_overlay(t->live)->n < OVERLAY_MAX;
}

/* With all layers in use, writes wait for a merge, unless merging fails. */
static bool can_write(const struct table *t)
{
    const struct queued_write *first = t->writes.queue.first;
    if (t->writes.is_writing || t->writes.is_dropped || !first)
        return false;
    return first->request.verb == WRITE_DROP || first->request.verb == WRITE_COMPACT ||
           has_room(t) || t->writes.merge_rc;
}

bool table_hold_to_write(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    bool can = can_write(t);
    if (can)
        t->writes.is_writing = true;
    pthread_mutex_unlock(&t->lock);
    return can;
}

static bool is_rows(const struct queued_write *w)
{
    return w && (w->request.verb == WRITE_UPSERT || w->request.verb == WRITE_DELETE);
}

static bool joins(const struct write_list *group, const struct queued_write *w)
{
    return !group->first->is_alone && !w->is_alone && group->n < GROUP_MAX &&
           group->n_bytes + w->request.body.bytes.len <= group_bytes;
}

/* The writes at the front that go together. */
static void take_group(struct table *t, struct write_list *out)
{
    struct write_list *q = &t->writes.queue;
    while (is_rows(q->first) && (out->n == 0 || joins(out, q->first)))
        write_list_append(out, write_list_take(q));
}

/* ------------------------------------------------------------------------------------- rows */

/* A group on its way. */
struct group {
    struct table *table;
    struct write_list *writes;
    struct snapshot *snapshot; /* for schema and seed */
    struct pool *pool;
    uint64_t memory_bytes;
    uint64_t quota_left;
    int64_t time_us;
    size_t n_good; /* writes whose rows will be committed */
};

/* Stamps rise, whatever the clock does, and count over the partition that serves, whatever the clock of its store says. */
static int64_t next_time_us(const struct snapshot *s)
{
    const struct overlay *o = snapshot_overlay(s);
    int64_t now = clock_wall_us(), last = snapshot_stack(s)->floor / 2;
    if (o->n && o->layers[0]->newest / 2 > last)
        last = o->layers[0]->newest / 2;
    return last >= now ? last + 1 : now;
}

/* What was found bad at the first reading is not read again. */
static void read_writes(struct group *g, struct delta *delta)
{
    g->n_good = 0;
    for (struct queued_write *w = g->writes->first; w; w = w->next) {
        if (!w->rc)
            w->rc = delta_add(delta, &w->request, g->time_us, &w->result.n_rows, &w->err);
        g->n_good += !w->rc;
    }
}

/* Read all bodies; once more where they are much longer than they looked. */
must_use static enum code read_group(struct group *g, struct delta_config *config,
                                     struct delta **out, struct err *err)
{
    struct delta *delta;
    TRY(delta_new(config, &delta, err));
    read_writes(g, delta);
    uint64_t wanted = delta_wanted_blocks(delta);
    if (wanted > 2 * config->n_blocks) {
        delta_free(delta);
        config->n_blocks = wanted;
        TRY(delta_new(config, &delta, err));
        read_writes(g, delta);
    }
    *out = delta;
    return OK;
}

/* How many blocks to try next, as far as there is memory for them. */
static uint64_t more_blocks(const struct delta_config *config)
{
    enum { TIMES_BLOCKS = 256 };
    uint64_t most = config->memory_bytes / 2 / SPILL_CHUNK_MIN_BYTES;
    uint64_t n = config->n_blocks * TIMES_BLOCKS;
    n = n < most ? n : most;
    n = n < SEG_MAX_BLOCKS ? n : SEG_MAX_BLOCKS;
    return n > config->n_blocks ? n : config->n_blocks;
}

/*
 * Long rows that came together in one block may not be together in many. That is for a write alone: each of many would
 * take memory for all those blocks.
 */
must_use static enum code build_group(struct group *g, struct delta_config *config, struct err *err)
{
    enum code rc = E_LIMIT;
    config->n_blocks = delta_guess_blocks(g->writes->n_bytes, config->memory_bytes, g->pool);
    for (unsigned i = 0, tries = g->writes->n > 1 ? 1 : 2; rc == E_LIMIT && i < tries; i++) {
        struct delta *delta;
        TRY(read_group(g, config, &delta, err));
        rc = g->n_good ? delta_build(delta, err) : OK;
        delta_free(delta);
        config->n_blocks = more_blocks(config);
    }
    return rc;
}

static bool has_deletes(const struct write_list *writes)
{
    for (const struct queued_write *w = writes->first; w; w = w->next)
        if (w->request.verb == WRITE_DELETE)
            return true;
    return false;
}

must_use static enum code write_group(struct group *g, struct err *err)
{
    char tmp_dir[PATH_CAP];
    uint64_t number;
    TRY(commit_make_tmp(g->table, &number, tmp_dir, err));
    struct delta_config config = {
        .schema = snapshot_schema(g->snapshot),
        .hash_seed = snapshot_base(g->snapshot)->set.hasher.seed,
        .dir = tmp_dir,
        .memory_bytes = g->memory_bytes,
        .quota_left = g->quota_left,
        .n_writes = g->writes->n,
        .has_deletes = has_deletes(g->writes),
        .patched = g->writes->first->request.rules.is_patch ? g->snapshot : NULL,
        .pool = g->pool,
        .progress = &g->table->write_progress,
    };
    enum code rc = build_group(g, &config, err);
    if (!rc && g->n_good)
        return commit_layer(g->table, tmp_dir, number, seg_stamp(g->time_us, true), err);
    commit_remove_tmp(tmp_dir);
    return rc;
}

static void count_writes(struct table *t, const struct write_list *writes)
{
    pthread_mutex_lock(&t->lock);
    uint64_t n_ok = t->writes.n_ok;
    for (const struct queued_write *w = writes->first; w; w = w->next) {
        ++*(w->rc ? &t->writes.n_failed : &t->writes.n_ok);
        t->writes.n_rows += w->rc ? 0 : w->result.n_rows;
    }
    if (t->writes.n_ok > n_ok) /* those that are refused may wait for a merge of a quiet table */
        t->writes.last_write_ns = clock_mono_ns();
    pthread_mutex_unlock(&t->lock);
}

/* What failed for all fails for each; a write that was bad keeps its own reason. */
static void end_group(struct table *t, struct write_list *writes, enum code rc,
                      const struct err *err)
{
    for (struct queued_write *w = writes->first; rc && w; w = w->next)
        if (!w->rc) {
            w->rc = rc;
            w->err = *err;
        }
    count_writes(t, writes);
    for (struct queued_write *w; (w = write_list_take(writes));)
        queued_write_end(w);
}

/* Why segments of writes are not merged; OK: they are. */
must_use static enum code merge_failure(struct table *t, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    enum code rc = t->writes.merge_rc;
    *err = t->writes.merge_err;
    pthread_mutex_unlock(&t->lock);
    return rc;
}

/* The same failure again and again, as of a full disk, is told once. Only the thread that holds the table. */
static bool is_news(struct table *t, const struct err *err)
{
    bool is_new = strcmp(t->last_write_err.msg, err->msg) != 0;
    t->last_write_err = *err;
    return is_new;
}

/* One of them is too long for the memory there is: which, they show alone, each as soon as there is room for it. */
static void put_back_singly(struct table *t, struct write_list *writes)
{
    struct write_list bad = {0}, again = {0};
    for (struct queued_write *w; (w = write_list_take(writes));) {
        w->is_alone = true;
        write_list_append(w->rc ? &bad : &again, w);
    }
    pthread_mutex_lock(&t->lock);
    write_list_move(&again, &t->writes.queue);
    t->writes.queue = again;
    pthread_mutex_unlock(&t->lock);
    end_group(t, &bad, OK, NULL);
}

static void write_rows(struct table *t, struct write_list *writes, struct pool *pool,
                       const struct write_limits *limits, uint64_t quota_left)
{
    struct err err;
    struct snapshot *s = NULL;
    enum code rc = table_snapshot(t, &s, &err);
    if (!rc && snapshot_overlay(s)->n == OVERLAY_MAX)
        rc = merge_failure(t, &err);
    if (!rc) {
        struct group g = {t, writes, s, pool, limits->memory_bytes, quota_left, next_time_us(s), 0};
        rc = write_group(&g, &err);
    }
    if (rc == E_LIMIT && writes->n > 1) {
        snapshot_unref(s);
        put_back_singly(t, writes);
        return;
    }
    if (rc && is_news(t, &err))
        log_error("writes failed", log_str("table", t->spec->name), log_int("writes", writes->n),
                  log_str("error", err.msg));
    end_group(t, writes, rc, &err);
    snapshot_unref(s);
}

struct queued_write *table_write_some(struct table *t, struct pool *pool,
                                      const struct write_limits *limits, uint64_t quota_left)
{
    struct write_list writes = {0};
    struct queued_write *drop = NULL;
    pthread_mutex_lock(&t->lock);
    take_group(t, &writes);
    if (writes.n == 0 && t->writes.queue.first->request.verb == WRITE_COMPACT)
        write_list_append(&t->writes.compactions, write_list_take(&t->writes.queue));
    else if (writes.n == 0)
        drop = write_list_take(&t->writes.queue);
    t->writes.is_dropped = drop != NULL;
    pthread_mutex_unlock(&t->lock);
    if (drop)
        return drop;
    if (writes.n)
        write_rows(t, &writes, pool, limits, quota_left);
    pthread_mutex_lock(&t->lock);
    t->writes.is_writing = false;
    pthread_mutex_unlock(&t->lock);
    return NULL;
}
