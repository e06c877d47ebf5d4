#include "engine/registry.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/background.h"
#include "engine/lifecycle.h"
#include "engine/load/load_shares.h"
#include "engine/table/create.h"
#include "engine/table/poll.h"
#include "engine/table/restore.h"
#include "engine/table/table.h"
#include "engine/table/write_queue.h"
#include "engine/table_set.h"
#include "source/kinds/open.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <unistd.h>

struct registry {
    struct registry_config config;
    struct table **sources; /* the tables of the config; set by open and not changed afterwards */
    size_t n_sources;
    int lock_fd;                     /* -1 until locked */
    struct load_shares *shares;      /* NULL if there are no sources */
    struct transfer_loop *transfers; /* NULL if no source needs it */
    struct background *background;   /* NULL until started */
    struct table_set tables;         /* those of `sources`, then created ones */
    struct lifecycle lifecycle;
};

enum { REQUESTS_MAX = 1024 };

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

/* flock locks belong to the open file, which a forked child shares. So unlock before closing:
 * otherwise a child that has not ended keeps the lock. */
static void unlock_data_dir(const struct registry *r)
{
    if (r->lock_fd < 0)
        return;
    flock(r->lock_fd, LOCK_UN);
    close(r->lock_fd);
}

/* One transfer loop serves all tables, with room for the requests of all of them at the same
 * time. */
must_use static enum code open_transfers(struct registry *r, struct err *err)
{
    unsigned most = 0;
    for (size_t i = 0; i < r->config.n_tables && most < REQUESTS_MAX; i++)
        most += source_requests(&r->config.tables[i].source);
    return most ? transfer_loop_open(most, &r->transfers, err) : OK;
}

must_use static enum code open_sources(struct registry *r, struct err *err)
{
    const struct registry_config *c = &r->config;
    r->sources = mem_zalloc(c->n_tables * sizeof(struct table *));
    for (; r->n_sources < c->n_tables; r->n_sources++) {
        struct table **t = &r->sources[r->n_sources];
        TRY(table_open(&c->tables[r->n_sources], c->data_dir, r->transfers, t, err));
        table_set_add(&r->tables, *t);
    }
    return OK;
}

/* Open created tables. Other directories may belong to tables that were once in the config, and are
 * left alone. */
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
        table_set_add(&r->tables, t);
    }
    return OK;
}

enum code registry_open(const struct registry_config *config, struct registry **out_registry,
                        struct err *err)
{
    struct registry *r = mem_zalloc(sizeof(*r));
    r->config = *config;
    r->lock_fd = -1;
    table_set_init(&r->tables);
    lifecycle_init(&r->lifecycle, &r->tables, r->config.data_dir, &r->config.write);
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
    if (config->n_tables) /* created tables are never loaded */
        r->shares = load_shares_new(&config->load, config->n_tables);
    *out_registry = r;
    return OK;
}

void registry_start(struct registry *r)
{
    if (r->background)
        return;
    for (size_t i = 0; i < r->tables.n; i++)
        table_start_serving(r->tables.tables[i]);
    const struct background_config config = {&r->config.load, &r->config.write, &r->tables,
                                             &r->lifecycle,   r->sources,       r->n_sources,
                                             r->shares};
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
    table_set_lock(&r->tables); /* writers still make tables, and drop them */
    for (size_t i = 0; i < r->tables.n; i++)
        table_cancel(r->tables.tables[i]);
    table_set_unlock(&r->tables);
    background_stop(r->background);
    lifecycle_done(&r->lifecycle);
    for (size_t i = 0; i < r->tables.n; i++) {
        table_fail_waiting(r->tables.tables[i], E_CANCELLED, "stopped before it was written");
        table_close(r->tables.tables[i]);
    }
    transfer_loop_close(r->transfers);
    load_shares_free(r->shares);
    unlock_data_dir(r);
    table_set_done(&r->tables);
    free(r->sources);
    free(r);
}

/* ----------------------------------------------------------------------------------- tables */

/* With the lock held. */
must_use static enum code find_table(struct registry *r, struct view name, struct table **out,
                                     struct err *err)
{
    char shown[128];
    *out = table_set_find(&r->tables, name);
    if (*out)
        return OK;
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
    table_set_lock(&r->tables);
    enum code rc = find_table(r, table, &t, err);
    if (!rc)
        rc = table_accept(t, fingerprint, err);
    table_set_unlock(&r->tables);
    if (!rc && r->background)
        background_poll_soon(r->background);
    return rc;
}

enum code registry_snapshot(struct registry *r, struct view table, struct snapshot **out_snapshot,
                            struct err *err)
{
    struct table *t;
    table_set_lock(&r->tables);
    enum code rc = find_table(r, table, &t, err);
    if (!rc)
        rc = table_snapshot(t, out_snapshot, err);
    table_set_unlock(&r->tables);
    return rc;
}

enum code registry_check_writable(struct registry *r, struct view table, struct err *err)
{
    table_set_lock(&r->tables);
    const struct table *t = table_set_find(&r->tables, table);
    bool takes = !t || table_takes_writes(t);
    table_set_unlock(&r->tables);
    return takes ? OK
                 : err_set(err, E_READONLY, "this table takes no writes (tables.%.*s.writes)",
                           VIEW_ARG(table));
}

struct table_counters *registry_table_counters(struct registry *r, struct view table)
{
    table_set_lock(&r->tables);
    struct table *t = table_set_find(&r->tables, table);
    struct table_counters *c = t ? table_counters_of(t) : NULL;
    table_set_unlock(&r->tables);
    return c;
}

struct table_counters **registry_counters(struct registry *r, size_t *out_n)
{
    table_set_lock(&r->tables);
    struct table_counters **all = mem_alloc((r->tables.n + 1) * sizeof(*all));
    for (size_t i = 0; i < r->tables.n; i++)
        all[i] = table_counters_of(r->tables.tables[i]);
    *out_n = r->tables.n;
    table_set_unlock(&r->tables);
    return all;
}

const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n)
{
    table_set_lock(&r->tables);
    struct table_status *all = arena_zalloc(arena, r->tables.n * sizeof(*all));
    for (size_t i = 0; i < r->tables.n; i++)
        table_status(r->tables.tables[i], arena, &all[i]);
    *out_n = r->tables.n;
    table_set_unlock(&r->tables);
    return all;
}

/* With the lock held. */
must_use static enum code enqueue(struct registry *r, struct view table,
                                  const struct write_request *request, struct err *err)
{
    const struct write_limits limits = {r->config.write.queue_bytes, r->config.write.memory_bytes};
    struct table *t;
    if (request->verb == WRITE_CREATE)
        return lifecycle_enqueue(&r->lifecycle, request, err);
    TRY(find_table(r, table, &t, err));
    if (request->verb == WRITE_DROP && table_has_source(t))
        return err_set(err, E_INVALID,
                       "table '%s' has a source; to drop it, remove it from the configuration",
                       table_name(t));
    return table_enqueue(t, request, &limits, err);
}

enum code registry_write(struct registry *r, struct view table, const struct write_request *request,
                         struct err *err)
{
    if (r->background && !background_writes(r->background))
        return err_set(err, E_IO, "the threads for writes could not be started");
    table_set_lock(&r->tables);
    enum code rc = enqueue(r, table, request, err);
    table_set_unlock(&r->tables);
    if (!rc && r->background)
        background_wake(r->background);
    return rc;
}
