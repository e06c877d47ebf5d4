#include "engine/table/write_queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/commit.h"
#include "engine/write/delta.h"
#include "engine/build/spill.h"

#include <stdio.h>

/*
 * How a write goes: table_enqueue copies the request and returns; a writer thread takes a group,
 * reads it into a delta, builds a segment, commits it as a layer, and calls back.
 *
 * (1) A group is the longest run of writes at the front of the queue with at most GROUP_MAX writes
 *     and group_bytes of bodies. A larger write, and a patch, is a group by itself. Order is kept.
 * (2) A write that is bad fails alone; the others of its group are committed.
 * (3) A group that needs more memory than there is goes back to the front, each write to be done
 *     alone. So a write fails with E_LIMIT only for what it is itself.
 * (4) With OVERLAY_MAX layers writes wait for a merge. If merging fails, they fail with its reason
 *     instead of waiting.
 * (5) Stamps of a table never go backwards, even if the clock does, and always exceed those of the
 *     served publication (docs/decisions/0032).
 */

enum { QUEUE_MAX = 4096, GROUP_MAX = 256 }; /* writes in a queue, and in a group (1) */
static const uint64_t group_bytes = 8u << 20;

/* ------------------------------------------------------------------------------------- queue */

enum code table_enqueue(struct table *t, const struct write_request *request,
                        const struct write_limits *limits, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&t->lock);
    const struct write_list *q = &t->writes.queue;
    bool is_there = t->live || request->verb == WRITE_DROP; /* a damaged table can be dropped */
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

/* Whether a writer can do the first write of the queue (4). The lock is held. */
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

/* (1) */
static void take_group(struct table *t, struct write_list *out)
{
    struct write_list *q = &t->writes.queue;
    while (is_rows(q->first) && (out->n == 0 || joins(out, q->first)))
        write_list_append(out, write_list_take(q));
}

/* ------------------------------------------------------------------------------------- rows */

/* A group of writes that is being done. */
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

/* (5): the store's clock may be ahead of ours. */
static int64_t next_time_us(const struct snapshot *s)
{
    const struct overlay *o = snapshot_overlay(s);
    int64_t now = clock_wall_us(), last = snapshot_floor(snapshot_info(s)) / 2;
    if (o->n && o->layers[0]->newest / 2 > last)
        last = o->layers[0]->newest / 2;
    return last >= now ? last + 1 : now;
}

/* Read all writes that are not known to be bad. */
static void read_writes(struct group *g, struct delta *delta)
{
    g->n_good = 0;
    for (struct queued_write *w = g->writes->first; w; w = w->next) {
        if (!w->rc)
            w->rc = delta_add(delta, &w->request, g->time_us, &w->result.n_rows, &w->err);
        g->n_good += !w->rc;
    }
}

/* Read all bodies, and once more with more blocks if compressed bodies turn out much longer than
 * they looked. */
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

/* How many blocks to try next: the open chunks of that many bins may take half of the memory. */
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
 * If long rows gather in one block and exceed its memory, many more blocks may separate them. Only
 * a write alone gets this second try: in a group each write has a spill of its own, which takes
 * memory for every block.
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
        .newest_by = g->table->spec->newest_by,
        .served = g->snapshot,
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
    /* Failed writes do not count: they may fail until a merge, and a merge may need the table to be
     * quiet. */
    if (t->writes.n_ok > n_ok)
        t->writes.last_write_ns = clock_mono_ns();
    pthread_mutex_unlock(&t->lock);
}

/* End all writes of a group: a bad write with its own reason, the others with `rc` (2). */
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

/* Why merging fails; OK if it does not. */
must_use static enum code merge_failure(struct table *t, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    enum code rc = t->writes.merge_rc;
    *err = t->writes.merge_err;
    pthread_mutex_unlock(&t->lock);
    return rc;
}

/* A failure that repeats, such as a full disk, is logged once. Only for the thread that holds the
 * table. */
static bool is_news(struct table *t, const struct err *err)
{
    bool is_new = strcmp(t->last_write_err.msg, err->msg) != 0;
    t->last_write_err = *err;
    return is_new;
}

/* Put the writes of a group back, each to be done alone (3). Those already found bad are ended. */
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
