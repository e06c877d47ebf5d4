#include "engine/lifecycle.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/compaction.h"
#include "engine/table/create.h"
#include "engine/table/scrub.h"
#include "engine/table/table.h"
#include "engine/table/write_queue.h"

/*
 * A drop takes the table away from readers first and from the disk last:
 *
 *     1. The table leaves the set: no new request finds it. Requests that have a snapshot keep
 *        reading.
 *     2. Writes that still wait fail; a merge and a scrub are cancelled and waited for.
 *     3. The directory is renamed. From here on a crash leaves no table, and the name is free.
 *     4. The files are removed.
 *
 * `making` keeps step 3 apart from a creation of the same name, which would otherwise see the old
 * directory, or see its own renamed.
 */

enum { CREATIONS_MAX = 1000 };

void lifecycle_init(struct lifecycle *l, struct table_set *tables, const char *data_dir,
                    const struct write_config *write)
{
    *l = (struct lifecycle){.tables = tables, .data_dir = data_dir, .write = write};
    pthread_mutex_init(&l->making, NULL);
    pthread_mutex_init(&l->lock, NULL);
}

void lifecycle_done(struct lifecycle *l)
{
    struct err stopped;
    write_list_end(&l->waiting, err_set(&stopped, E_CANCELLED, "stopped before it was created"),
                   &stopped);
    pthread_mutex_destroy(&l->making);
    pthread_mutex_destroy(&l->lock);
}

/* ----------------------------------------------------------------------------------- creating */

static bool has_table(struct lifecycle *l, struct view name)
{
    table_set_lock(l->tables);
    bool has = table_set_find(l->tables, name) != NULL;
    table_set_unlock(l->tables);
    return has;
}

/* Each table takes some mappings, and Linux allows a process 65,530 by default. Beyond that mmap
 * fails; the process ends and cannot start again with all these tables. */
must_use static enum code check_table_count(struct lifecycle *l, struct err *err)
{
    unsigned most = l->write->max_tables;
    table_set_lock(l->tables);
    size_t n = l->tables->n;
    table_set_unlock(l->tables);
    if (most == 0 || n < most)
        return OK;
    return err_set(err, E_NOSPACE, "there are already %zu tables, the limit of write.max_tables",
                   n);
}

must_use static enum code create(struct lifecycle *l, struct view name, const struct schema *schema,
                                 struct err *err)
{
    struct table *t;
    char shown[160];
    if (has_table(l, name))
        return err_set(err, E_EXISTS, "Table '%s' exists already",
                       view_printable(name, shown, sizeof(shown)));
    TRY(check_table_count(l, err));
    TRY(table_create(name, schema, l->write->storage, l->data_dir, &t, err));
    log_info("table created", log_str("table", table_name(t)),
             log_int("columns", schema->n_fields));
    table_set_add(l->tables, t); /* another writer may drop it from now on */
    return OK;
}

enum code lifecycle_enqueue(struct lifecycle *l, const struct write_request *request,
                            struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&l->lock);
    if (l->waiting.n < CREATIONS_MAX)
        write_list_put(&l->waiting, request);
    else
        rc = err_set(err, E_BUSY, "%zu tables wait to be created; try again later", l->waiting.n);
    pthread_mutex_unlock(&l->lock);
    return rc;
}

bool lifecycle_create_next(struct lifecycle *l)
{
    pthread_mutex_lock(&l->lock);
    struct queued_write *w = write_list_take(&l->waiting);
    pthread_mutex_unlock(&l->lock);
    if (!w)
        return false;
    pthread_mutex_lock(&l->making);
    w->rc = create(l, view_cstr(w->request.create.table), w->request.create.schema, &w->err);
    pthread_mutex_unlock(&l->making);
    queued_write_end(w);
    return true;
}

/* ----------------------------------------------------------------------------------- dropping */

/* Steps 3 and 4. Frees the table. */
must_use static enum code remove_table(struct lifecycle *l, struct table *take_table,
                                       struct err *err)
{
    char aside[PATH_CAP];
    pthread_mutex_lock(&l->making);
    enum code rc = table_put_aside(take_table, l->data_dir, aside, err);
    pthread_mutex_unlock(&l->making);
    table_close(take_table);
    return rc ? rc : tree_remove(aside, err);
}

void lifecycle_drop(struct lifecycle *l, struct table *t, struct queued_write *take_drop)
{
    AUTO(ptr) char *name = mem_strdup(table_name(t));
    table_set_remove(l->tables, t);
    table_fail_waiting(t, E_NOTFOUND, "the table was dropped");
    table_end_merging(t);
    table_end_scrubbing(t);
    take_drop->rc = remove_table(l, t, &take_drop->err);
    if (take_drop->rc)
        log_error("table dropped, but its files could not be removed", log_str("table", name),
                  log_str("error", take_drop->err.msg));
    else
        log_info("table dropped", log_str("table", name));
    queued_write_end(take_drop);
}

uint64_t lifecycle_quota_left(struct lifecycle *l)
{
    uint64_t used = 0, quota = l->write->quota_bytes;
    if (quota == 0)
        return UINT64_MAX;
    table_set_lock(l->tables);
    for (size_t i = 0; i < l->tables->n; i++)
        used += table_written_bytes(l->tables->tables[i]);
    table_set_unlock(l->tables);
    return used < quota ? quota - used : 0;
}
