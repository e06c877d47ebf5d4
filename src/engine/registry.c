#include "engine/registry_priv.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "engine/background.h"
#include "engine/store/layer.h"
#include "engine/load/load_shares.h"
#include "engine/table/compaction.h"
#include "engine/table/scrub.h"
#include "source/source.h"
#include "engine/table/write_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <unistd.h>

struct registry {
    struct registry_config config;
    struct table **sources; /* the tables of the config; set at open, never changed */
    size_t n_sources;
    int lock_fd;
    struct load_shares *shares; /* of loads that run side by side; NULL: there are no sources */
    struct transfer_loop *transfers; /* NULL: no source needs it */
    struct background *background;   /* NULL: not started */
    pthread_mutex_t creating;        /* one at a time */

    pthread_rwlock_t lock; /* guards the list; a table leaves it before it is freed */
    struct table **tables; /* the sources, then those that were created */
    size_t n_tables;
    struct write_list creations; /* that wait; guarded by the lock, too */
};

enum { CREATIONS_MAX = 1000, REQUESTS_MAX = 1024 };

/* Two processes in one directory would remove each other's generations. */
must_use static enum code lock_data_dir(struct registry *r, struct err *err)
{
    char path[PATH_CAP];
    TRY(dir_make(r->config.data_dir, err));
    TRY(path_format(path, err, "%s/.lock", r->config.data_dir));
    r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (r->lock_fd < 0)
        return err_errno(err, E_IO, "cannot open %s", path);
    if (flock(r->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (errno == EWOULDBLOCK)
        return err_set(err, E_BUSY, "data directory %s is used by another murr process",
                       r->config.data_dir);
    return err_errno(err, E_IO, "cannot lock %s", path);
}

/* Closing alone would leave the lock to children that were forked meanwhile. */
static void unlock_data_dir(const struct registry *r)
{
    if (r->lock_fd < 0)
        return;
    flock(r->lock_fd, LOCK_UN);
    close(r->lock_fd);
}

/* One loop for all tables, with room for as much as each may have on its way. */
must_use static enum code open_transfers(struct registry *r, struct err *err)
{
    unsigned most = 0;
    for (size_t i = 0; i < r->config.n_tables && most < REQUESTS_MAX; i++)
        most += source_requests(&r->config.tables[i].source);
    return most ? transfer_loop_open(most, &r->transfers, err) : OK;
}

static void add_table(struct registry *r, struct table *t)
{
    pthread_rwlock_wrlock(&r->lock);
    r->tables = mem_realloc(r->tables, (r->n_tables + 1) * sizeof(struct table *));
    r->tables[r->n_tables++] = t;
    pthread_rwlock_unlock(&r->lock);
}

must_use static enum code open_sources(struct registry *r, struct err *err)
{
    const struct registry_config *c = &r->config;
    r->sources = mem_zalloc(c->n_tables * sizeof(struct table *));
    for (; r->n_sources < c->n_tables; r->n_sources++) {
        struct table **t = &r->sources[r->n_sources];
        TRY(table_open(&c->tables[r->n_sources], c->data_dir, r->transfers, t, err));
        add_table(r, *t);
    }
    return OK;
}

/* Directories of tables that were created; others may be of tables that the config had once. */
must_use static enum code open_created(struct registry *r, struct err *err)
{
    AUTO(dir_names) struct dir_names names = {0};
    TRY(table_remove_debris(r->config.data_dir, err));
    TRY(dir_list(r->config.data_dir, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        struct table *t;
        if (table_name_check(view_cstr(names.names[i]), NULL) ||
            !table_is_created(r->config.data_dir, names.names[i]))
            continue;
        TRY(table_open_created(names.names[i], r->config.write.storage, r->config.data_dir, &t,
                               err));
        add_table(r, t);
    }
    return OK;
}

enum code registry_open(const struct registry_config *config, struct registry **out_registry,
                        struct err *err)
{
    struct registry *r = mem_zalloc(sizeof(*r));
    r->config = *config;
    r->lock_fd = -1;
    pthread_rwlock_init(&r->lock, NULL);
    pthread_mutex_init(&r->creating, NULL);
    enum code rc = lock_data_dir(r, err);
    if (!rc)
        rc = open_transfers(r, err);
    if (!rc)
        rc = open_sources(r, err);
    if (!rc)
        rc = open_created(r, err);
    if (rc) {
        registry_close(r);
        return rc;
    }
    if (config->n_tables) /* what was created is never loaded */
        r->shares = load_shares_new(&config->load, config->n_tables);
    *out_registry = r;
    return OK;
}

void registry_start(struct registry *r)
{
    if (r->background)
        return;
    for (size_t i = 0; i < r->n_tables; i++)
        table_start_serving(r->tables[i]);
    const struct background_config config = {r, &r->config, r->sources, r->n_sources, r->shares};
    r->background = background_start(&config);
}

void registry_poll_now(struct registry *r)
{
    for (size_t i = 0; i < r->n_sources; i++)
        table_poll_soon(r->sources[i]);
    if (r->background)
        background_poll_soon(r->background);
}

void registry_close(struct registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_tables; i++)
        table_cancel(r->tables[i]);
    background_stop(r->background);
    struct err stopped;
    write_list_end(&r->creations, err_set(&stopped, E_CANCELLED, "stopped before it was created"),
                   &stopped);
    for (size_t i = 0; i < r->n_tables; i++) {
        table_fail_waiting(r->tables[i], E_CANCELLED, "stopped before it was written");
        table_close(r->tables[i]);
    }
    transfer_loop_close(r->transfers);
    load_shares_free(r->shares);
    unlock_data_dir(r);
    pthread_mutex_destroy(&r->creating);
    pthread_rwlock_destroy(&r->lock);
    free(r->sources);
    free(r->tables);
    free(r);
}

/* ----------------------------------------------------------------------------------- service */

/* With the lock held. */
must_use static enum code find_table(struct registry *r, struct view name, struct table **out,
                                     struct err *err)
{
    for (size_t i = 0; i < r->n_tables; i++)
        if (view_eq_cstr(name, table_name(r->tables[i]))) {
            *out = r->tables[i];
            return OK;
        }
    char shown[128];
    return err_set(err, E_NOTFOUND, "Table '%s' not found or not yet loaded",
                   view_printable(name, shown, sizeof(shown)));
}

enum code registry_load_now(struct registry *r, struct view table, bool force, struct err *err)
{
    struct table *t;
    TRY(find_table(r, table, &t, err));
    if (!table_has_source(t))
        return err_set(err, E_INVALID, "table '%s' has no source to load from", table_name(t));
    const struct poll_means means = {r->shares, force};
    return table_poll(t, &means, err);
}

enum code registry_accept(struct registry *r, struct view table, uint64_t fingerprint,
                          struct err *err)
{
    struct table *t;
    pthread_rwlock_rdlock(&r->lock);
    enum code rc = find_table(r, table, &t, err);
    if (!rc)
        rc = table_accept(t, fingerprint, err);
    pthread_rwlock_unlock(&r->lock);
    if (!rc && r->background)
        background_poll_soon(r->background);
    return rc;
}

enum code registry_snapshot(struct registry *r, struct view table, struct snapshot **out_snapshot,
                            struct err *err)
{
    struct table *t;
    pthread_rwlock_rdlock(&r->lock);
    enum code rc = find_table(r, table, &t, err);
    if (!rc)
        rc = table_snapshot(t, out_snapshot, err);
    pthread_rwlock_unlock(&r->lock);
    return rc;
}

const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n)
{
    pthread_rwlock_rdlock(&r->lock);
    struct table_status *all = arena_zalloc(arena, r->n_tables * sizeof(*all));
    for (size_t i = 0; i < r->n_tables; i++)
        table_status(r->tables[i], arena, &all[i]);
    *out_n = r->n_tables;
    pthread_rwlock_unlock(&r->lock);
    return all;
}

/* ----------------------------------------------------------------------------------- writing */

static bool has_table(struct registry *r, struct view name)
{
    struct table *ignored;
    pthread_rwlock_rdlock(&r->lock);
    bool has = find_table(r, name, &ignored, NULL) == OK;
    pthread_rwlock_unlock(&r->lock);
    return has;
}

/* Each takes some mappings, of which a process has 65,530 as Linux is set up: beyond that it ends, and does not start
 * again. */
must_use static enum code check_table_count(struct registry *r, struct err *err)
{
    unsigned most = r->config.write.max_tables;
    pthread_rwlock_rdlock(&r->lock);
    size_t n = r->n_tables;
    pthread_rwlock_unlock(&r->lock);
    if (most == 0 || n < most)
        return OK;
    return err_set(err, E_NOSPACE, "there are %zu tables, as many as write.max_tables allows", n);
}

must_use static enum code create(struct registry *r, struct view name, const struct schema *schema,
                                 struct err *err)
{
    struct table *t;
    char shown[160];
    if (has_table(r, name))
        return err_set(err, E_EXISTS, "Table '%s' exists already",
                       view_printable(name, shown, sizeof(shown)));
    TRY(check_table_count(r, err));
    TRY(table_create(name, schema, r->config.write.storage, r->config.data_dir, &t, err));
    log_info("table created", log_str("table", table_name(t)),
             log_int("columns", schema->n_fields));
    add_table(r, t); /* from here on it may be dropped */
    return OK;
}

/* With the lock held. */
must_use static enum code enqueue_creation(struct registry *r, const struct write_request *request,
                                           struct err *err)
{
    if (r->creations.n >= CREATIONS_MAX)
        return err_set(err, E_BUSY, "%zu tables wait to be created; try again later",
                       r->creations.n);
    write_list_put(&r->creations, request);
    return OK;
}

bool registry_create_next(struct registry *r)
{
    pthread_rwlock_wrlock(&r->lock);
    struct queued_write *w = write_list_take(&r->creations);
    pthread_rwlock_unlock(&r->lock);
    if (!w)
        return false;
    pthread_mutex_lock(&r->creating);
    w->rc = create(r, view_cstr(w->request.create.table), w->request.create.schema, &w->err);
    pthread_mutex_unlock(&r->creating);
    queued_write_end(w);
    return true;
}

/* With the lock held. */
must_use static enum code enqueue(struct registry *r, struct view table,
                                  const struct write_request *request, struct err *err)
{
    const struct write_limits limits = {r->config.write.queue_bytes, r->config.write.memory_bytes};
    struct table *t;
    if (request->verb == WRITE_CREATE)
        return enqueue_creation(r, request, err);
    TRY(find_table(r, table, &t, err));
    if (request->verb == WRITE_DROP && table_has_source(t))
        return err_set(err, E_INVALID,
                       "table '%s' has a source; it goes when it is taken out of the configuration",
                       table_name(t));
    return table_enqueue(t, request, &limits, err);
}

enum code registry_write(struct registry *r, struct view table, const struct write_request *request,
                         struct err *err)
{
    if (r->background && !background_writes(r->background))
        return err_set(err, E_IO, "the threads of writes could not be started");
    if (request->verb == WRITE_CREATE)
        pthread_rwlock_wrlock(&r->lock);
    else
        pthread_rwlock_rdlock(&r->lock);
    enum code rc = enqueue(r, table, request, err);
    pthread_rwlock_unlock(&r->lock);
    if (!rc && r->background)
        background_wake(r->background);
    return rc;
}

struct table *registry_find(struct registry *r, _Atomic size_t *turn, table_wants_fn wants,
                            void *arg)
{
    struct table *found = NULL;
    pthread_rwlock_rdlock(&r->lock);
    size_t first = atomic_load(turn);
    for (size_t i = 0; i < r->n_tables && !found; i++) {
        size_t at = (first + i) % r->n_tables;
        if (!wants(arg, r->tables[at]))
            continue;
        found = r->tables[at];
        atomic_store(turn, at + 1);
    }
    pthread_rwlock_unlock(&r->lock);
    return found;
}

uint64_t registry_quota_left(struct registry *r)
{
    uint64_t used = 0, quota = r->config.write.quota_bytes;
    if (quota == 0)
        return UINT64_MAX;
    pthread_rwlock_rdlock(&r->lock);
    for (size_t i = 0; i < r->n_tables; i++)
        used += table_written_bytes(r->tables[i]);
    pthread_rwlock_unlock(&r->lock);
    return used < quota ? quota - used : 0;
}

static void remove_from_list(struct registry *r, const struct table *t)
{
    size_t n = 0;
    pthread_rwlock_wrlock(&r->lock);
    for (size_t i = 0; i < r->n_tables; i++)
        if (r->tables[i] != t)
            r->tables[n++] = r->tables[i];
    r->n_tables = n;
    pthread_rwlock_unlock(&r->lock);
}

/* Not while a table of that name is being created: it would see its directory go. Frees the table. */
must_use static enum code remove_table(struct registry *r, struct table *take_table,
                                       struct err *err)
{
    char aside[PATH_CAP];
    pthread_mutex_lock(&r->creating);
    enum code rc = table_put_aside(take_table, r->config.data_dir, aside, err);
    pthread_mutex_unlock(&r->creating);
    table_close(take_table);
    return rc ? rc : tree_remove(aside, err);
}

void registry_drop(struct registry *r, struct table *t, struct queued_write *take_drop)
{
    AUTO(ptr) char *name = mem_strdup(table_name(t));
    remove_from_list(r, t);
    table_fail_waiting(t, E_NOTFOUND, "the table was dropped");
    table_end_merging(t);
    table_end_scrubbing(t);
    take_drop->rc = remove_table(r, t, &take_drop->err);
    if (take_drop->rc)
        log_error("table dropped, but its files are still there", log_str("table", name),
                  log_str("error", take_drop->err.msg));
    else
        log_info("table dropped", log_str("table", name));
    queued_write_end(take_drop);
}
