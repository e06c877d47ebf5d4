#include "engine/registry.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "engine/source.h"
#include "engine/table.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

struct registry {
    struct registry_config config;
    struct table **tables; /* in config order; set at open, never changed */
    size_t n_tables;
    int lock_fd;
    struct pool *pool;
    struct transfer_loop *transfers; /* NULL: no source needs it */
    pthread_t poller;
    bool is_polling;

    pthread_mutex_t lock; /* guards stopping */
    pthread_cond_t wake;
    bool stopping;
};

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
        return err_set(err, E_IO, "data directory %s is used by another murr process",
                       r->config.data_dir);
    return err_errno(err, E_IO, "cannot lock %s", path);
}

/* One loop for all tables: they load one at a time. */
must_use static enum code open_transfers(struct registry *r, struct err *err)
{
    unsigned most = 0;
    for (size_t i = 0; i < r->config.n_tables; i++) {
        unsigned n = source_requests(&r->config.tables[i].source);
        most = n > most ? n : most;
    }
    return most ? transfer_loop_open(most, &r->transfers, err) : OK;
}

enum code registry_open(const struct registry_config *config, struct registry **out_registry,
                        struct err *err)
{
    struct registry *r = mem_zalloc(sizeof(*r));
    r->config = *config;
    r->lock_fd = -1;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &attr);
    pthread_condattr_destroy(&attr);
    r->tables = mem_zalloc(config->n_tables * sizeof(struct table *));
    enum code rc = lock_data_dir(r, err);
    if (!rc)
        rc = open_transfers(r, err);
    for (size_t i = 0; !rc && i < config->n_tables; i++) {
        rc = table_open(&config->tables[i], config->data_dir, r->transfers, &r->tables[i], err);
        r->n_tables += !rc;
    }
    if (rc) {
        registry_close(r);
        return rc;
    }
    r->pool = pool_new(config->load.threads);
    *out_registry = r;
    return OK;
}

/* ------------------------------------------------------------------------------------ poller */

static struct table *next_due(struct registry *r)
{
    struct table *due = r->tables[0];
    for (size_t i = 1; i < r->n_tables; i++)
        if (table_next_poll_ns(r->tables[i]) < table_next_poll_ns(due))
            due = r->tables[i];
    return due;
}

/* Sleep until then or until stopping; returns whether to go on. */
static bool sleep_until(struct registry *r, uint64_t mono_ns)
{
    struct timespec until = {(time_t)(mono_ns / 1000000000u), (long)(mono_ns % 1000000000u)};
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && clock_mono_ns() < mono_ns)
        pthread_cond_timedwait(&r->wake, &r->lock, &until);
    bool go_on = !r->stopping;
    pthread_mutex_unlock(&r->lock);
    return go_on;
}

static void *poller_main(void *arg)
{
    struct registry *r = arg;
    for (;;) {
        struct table *t = next_due(r);
        if (!sleep_until(r, table_next_poll_ns(t)))
            return NULL;
        struct err err; /* kept and logged by the table */
        enum code rc = table_poll(t, r->pool, r->config.load.memory_bytes, &err);
        (void)rc;
    }
}

void registry_start(struct registry *r)
{
    if (r->n_tables == 0 || r->is_polling)
        return;
    for (size_t i = 0; i < r->n_tables; i++)
        table_start_serving(r->tables[i]);
    if (pthread_create(&r->poller, NULL, poller_main, r) != 0)
        log_error("cannot start the poller: tables will not be reloaded");
    else
        r->is_polling = true;
}

void registry_close(struct registry *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < r->n_tables; i++)
        table_cancel(r->tables[i]);
    if (r->is_polling)
        pthread_join(r->poller, NULL);
    for (size_t i = 0; i < r->n_tables; i++)
        table_close(r->tables[i]);
    transfer_loop_close(r->transfers);
    pool_free(r->pool);
    if (r->lock_fd >= 0)
        close(r->lock_fd);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r->tables);
    free(r);
}

/* ----------------------------------------------------------------------------------- service */

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

enum code registry_load_now(struct registry *r, struct view table, struct err *err)
{
    struct table *t;
    TRY(find_table(r, table, &t, err));
    return table_poll(t, r->pool, r->config.load.memory_bytes, err);
}

enum code registry_snapshot(struct registry *r, struct view table, struct snapshot **out_snapshot,
                            struct err *err)
{
    struct table *t;
    TRY(find_table(r, table, &t, err));
    return table_snapshot(t, out_snapshot, err);
}

const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n)
{
    struct table_status *all = arena_zalloc(arena, r->n_tables * sizeof(*all));
    for (size_t i = 0; i < r->n_tables; i++)
        table_status(r->tables[i], arena, &all[i]);
    *out_n = r->n_tables;
    return all;
}

enum code registry_create(struct registry *r, struct view table, const struct schema *schema,
                          struct err *err)
{
    (void)r;
    (void)schema;
    return err_set(err, E_UNSUPPORTED, "cannot create table '%.*s' yet", VIEW_ARG(table));
}

enum code registry_write(struct registry *r, struct view table, const struct write_request *request,
                         struct err *err)
{
    (void)r;
    (void)request;
    return err_set(err, E_UNSUPPORTED, "cannot write table '%.*s' yet", VIEW_ARG(table));
}
