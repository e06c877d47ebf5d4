/*
 * Opening directories (include/murr.h). A writable directory has a registry, with its threads. A
 * read-only one has none: it opens a snapshot of each table at the table's first use and holds it
 * until murr_refresh, so nothing runs in the background and a writer is never disturbed.
 *
 * (1) Two reads between two refreshes see the same snapshot, whichever threads they run on.
 * (2) A snapshot that was opened before a refresh is not held after it:
 *
 *         1. A reads the count of refreshes, and opens the table without the lock, which may take
 *            long.
 *         2. B refreshes, and returns.
 *         3. A must not hold what it opened, or B's next read would see a state from before its
 *            refresh.
 */
#include "library/library_priv.h"

#include "base/cpu.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const uint64_t memory_bytes_default = 256u << 20, memory_bytes_min = 16u << 20;
static const uint64_t queue_bytes = 1u << 30; /* of writes waiting for one table */

enum {
    THREADS_MAX = 1024,
    THREADS_DEFAULT_MAX = 4,
    FLAGS_KNOWN = MURR_READ_ONLY | MURR_IN_MEMORY | MURR_CATCH_SIGBUS
};

/* A table of a read-only directory, and the snapshot that reads of it use. */
struct held_table {
    struct held_table *next;
    char *name;
    struct snapshot *snapshot;
};

/* -------------------------------------------------------------------------------------- results */

static enum murr_result result_code(enum code rc)
{
    switch (rc) {
    case OK:
        return MURR_OK;
    case E_INVALID:
    case E_UNSUPPORTED:
        return MURR_INVALID;
    case E_NOTFOUND:
        return MURR_NOT_FOUND;
    case E_CORRUPT:
        return MURR_CORRUPT;
    case E_LIMIT:
        return MURR_LIMIT;
    case E_EXISTS:
        return MURR_EXISTS;
    case E_BUSY:
        return MURR_BUSY;
    case E_NOSPACE:
        return MURR_NO_SPACE;
    default:
        return MURR_FAILED;
    }
}

enum murr_result library_result(enum code rc, const struct err *err, char *error)
{
    _Static_assert(sizeof(err->msg) <= MURR_ERROR_BYTES, "room for any sentence");
    if (rc && error)
        memcpy(error, err->msg, sizeof(err->msg));
    return result_code(rc);
}

/* -------------------------------------------------------------------------------------- options */

/* A program compiled with a later murr.h may pass a longer struct. Options that we do not know must
 * be zero. */
must_use static enum code check_size(const struct murr_options *given, struct err *err)
{
    if (given->size < sizeof(given->size) + sizeof(given->flags))
        return err_set(err, E_INVALID, "options.size is %zu, not sizeof(struct murr_options)",
                       given->size);
    for (size_t i = sizeof(*given); i < given->size; i++)
        if (((const uint8_t *)given)[i])
            return err_set(err, E_INVALID, "options have a field that libmurr %s does not know",
                           murr_version());
    return OK;
}

static unsigned default_threads(void)
{
    unsigned n_cores = cpu_count();
    return n_cores < THREADS_DEFAULT_MAX ? n_cores : THREADS_DEFAULT_MAX;
}

must_use static enum code take_options(const struct murr_options *given, struct murr_options *out,
                                       struct err *err)
{
    *out = (struct murr_options){0};
    if (given) {
        TRY(check_size(given, err));
        memcpy(out, given, given->size < sizeof(*out) ? given->size : sizeof(*out));
    }
    if (out->flags & ~(unsigned)FLAGS_KNOWN)
        return err_set(err, E_INVALID, "options.flags is %#x, of which %#x are known", out->flags,
                       FLAGS_KNOWN);
    if (out->threads > THREADS_MAX)
        return err_set(err, E_INVALID, "options.threads is %u, at most %d are possible",
                       out->threads, THREADS_MAX);
    if (out->memory_bytes && out->memory_bytes < memory_bytes_min)
        return err_set(err, E_INVALID, "options.memory_bytes is %llu, at least %llu are needed",
                       (unsigned long long)out->memory_bytes, (unsigned long long)memory_bytes_min);
    if (!out->memory_bytes)
        out->memory_bytes = memory_bytes_default;
    if (!out->threads)
        out->threads = default_threads();
    return OK;
}

/* -------------------------------------------------------------------------------------- opening */

/* stderr belongs to the program, so only warnings and errors go there: what no call can return. */
static void quiet_log(void)
{
    log_init(LOG_WARN, LOG_TEXT);
}

must_use static enum code open_registry(struct murr *db, const struct murr_options *o,
                                        struct err *err)
{
    sigset_t all, before;
    const struct registry_config config = {
        .data_dir = db->data_dir,
        .load = {o->memory_bytes, o->threads},
        .write = {.memory_bytes = o->memory_bytes,
                  .queue_bytes = queue_bytes,
                  .quota_bytes = o->disk_bytes,
                  .storage = db->storage},
    };
    sigfillset(&all); /* our threads inherit this mask, so signals go to the program's threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum code rc = registry_open(&config, &db->registry, err);
    if (!rc)
        registry_start(db->registry);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

must_use static enum code open_db(const char *data_dir, const struct murr_options *options,
                                  struct murr **out_db, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct murr_options o;
    TRY(library_given(data_dir, "data_dir", err));
    TRY(library_given(out_db, "out_db", err));
    TRY(take_options(options, &o, err));
    pthread_once(&once, quiet_log);
    AUTO(dir_names) struct dir_names names = {0};
    if (o.flags & MURR_CATCH_SIGBUS)
        fault_catch();
    if (o.flags & MURR_READ_ONLY)
        TRY(dir_list(data_dir, &names, err)); /* fails if there is no such directory */
    struct murr *db = mem_zalloc(sizeof(*db));
    db->data_dir = mem_strdup(data_dir);
    db->storage = o.flags & MURR_IN_MEMORY ? STORAGE_MEMORY : STORAGE_MMAP;
    pthread_mutex_init(&db->lock, NULL);
    enum code rc = o.flags & MURR_READ_ONLY ? OK : open_registry(db, &o, err);
    if (rc)
        murr_close(db);
    else
        *out_db = db;
    return rc;
}

enum murr_result murr_open(const char *data_dir, const struct murr_options *options,
                           struct murr **out_db, char error[MURR_ERROR_BYTES])
{
    struct err err;
    return library_result(open_db(data_dir, options, out_db, &err), &err, error);
}

void murr_close(struct murr *db)
{
    if (!db)
        return;
    murr_refresh(db);
    registry_close(db->registry);
    pthread_mutex_destroy(&db->lock);
    free(db->data_dir);
    free(db);
}

void murr_refresh(struct murr *db)
{
    if (!db)
        return;
    pthread_mutex_lock(&db->lock);
    struct held_table *held = db->held;
    db->held = NULL;
    db->n_refreshes++;
    pthread_mutex_unlock(&db->lock);
    while (held) {
        struct held_table *next = held->next;
        snapshot_unref(held->snapshot);
        free(held->name);
        free(held);
        held = next;
    }
}

const char *murr_version(void)
{
    return MURR_VERSION;
}

/* ------------------------------------------------------------------------------------ snapshots */

/* The held snapshot of a table, with a reference; NULL if none is held. The lock is held. */
static struct snapshot *find_held(const struct murr *db, const char *table)
{
    for (const struct held_table *h = db->held; h; h = h->next)
        if (strcmp(h->name, table) == 0)
            return snapshot_ref(h->snapshot);
    return NULL;
}

static void hold(struct murr *db, const char *table, struct snapshot *s)
{
    struct held_table *h = mem_zalloc(sizeof(*h));
    h->next = db->held;
    h->name = mem_strdup(table);
    h->snapshot = snapshot_ref(s);
    db->held = h;
}

/*
 * Hold a snapshot that was opened without the lock, and return the one to read. If another thread
 * has held one meanwhile, that one is used (1). If there was a refresh meanwhile, only this read,
 * which began before it, uses what it opened (2).
 */
static struct snapshot *keep_opened(struct murr *db, const char *table, uint64_t n_refreshes,
                                    struct snapshot *take_opened)
{
    pthread_mutex_lock(&db->lock);
    struct snapshot *other = find_held(db, table);
    if (!other && db->n_refreshes == n_refreshes)
        hold(db, table, take_opened);
    pthread_mutex_unlock(&db->lock);
    if (!other)
        return take_opened;
    snapshot_unref(take_opened);
    return other;
}

must_use static enum code hold_snapshot(struct murr *db, const char *table,
                                        struct snapshot **out_snapshot, struct err *err)
{
    struct snapshot *s;
    pthread_mutex_lock(&db->lock);
    uint64_t n_refreshes = db->n_refreshes;
    s = find_held(db, table);
    pthread_mutex_unlock(&db->lock);
    if (!s) {
        TRY(snapshot_open_live(db->data_dir, table, db->storage, &s, err));
        s = keep_opened(db, table, n_refreshes, s);
    }
    *out_snapshot = s;
    return OK;
}

enum code library_snapshot(struct murr *db, const char *table, struct snapshot **out_snapshot,
                           struct err *err)
{
    char shown[128];
    TRY(library_given(db, "db", err));
    TRY(library_given(table, "table", err));
    if (db->registry)
        return registry_snapshot(db->registry, view_cstr(table), out_snapshot, err);
    if (table_name_check(view_cstr(table), NULL)) /* the name becomes part of a path */
        return err_set(err, E_NOTFOUND, "no loaded table '%s' in %s",
                       view_printable(view_cstr(table), shown, sizeof(shown)), db->data_dir);
    return hold_snapshot(db, table, out_snapshot, err);
}
