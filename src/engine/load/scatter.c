#include "engine/load/scatter.h"

#include "base/mem.h"
#include "engine/build/row_sink.h"
#include "engine/load/live_rows.h"
#include "engine/load/prefetch_queue.h"

/*
 * Every row of a publication passes through scatter_rows once, 512 at a time:
 *
 *     decode, leave out what is deleted (live_rows.c) -> convert, key, hash (engine/build/row_sink.c) -> record in its bin
 *     (engine/build/spill.c)
 *
 * (1) Which of two rows with one key wins must not depend on which worker is faster. So a row's
 *     ordinal is its position in the publication, files in order, and is known before anything is
 *     read: group_ordinal[task] plus its row in the group.
 * (2) Workers share nothing but the spill, the prefetch queue and two counters of progress.
 * (3) Types of columns may differ from file to file. Vectors have the types of the file, and the
 *     sink converts. A deleted row is neither converted nor checked.
 */

/* What each worker has to itself. */
struct scatter_worker {
    struct live_rows rows;
    struct row_sink sink;
    uint64_t n_rows;
};

struct scatter {
    const struct scatter_config *config;
    struct row_sink_config sink;
    struct live_rows_config rows;
    struct load_progress *progress;
    struct scatter_worker *workers;
    struct prefetch_queue *reader;
    uint64_t *group_ordinal; /* by task: the number of rows before its row group (1) */
    struct prefetch_task *tasks;
    size_t n_tasks;
};

void scatter_result_done(struct scatter_result *r)
{
    free(r->n_nulls);
    *r = (struct scatter_result){0};
}

static struct prefetch_place place_of(const struct scatter_config *c, size_t file, size_t row_group)
{
    const struct resolved_file *r = &c->resolved->files[file];
    return (struct prefetch_place){&c->files[file], row_group, r->columns, r->n};
}

/* ------------------------------------------------------------------------- rows to records */

must_use static enum code put_rows(struct scatter *s, struct scatter_worker *w, size_t n,
                                   uint64_t ordinal, struct err *err)
{
    const struct scatter_config *c = s->config;
    TRY(row_sink_put(&w->sink, w->rows.columns, n, w->rows.filter.kept, ordinal + w->rows.at,
                     w->rows.at, err));
    w->n_rows += n;
    return c->on_keys ? c->on_keys(c->arg, w->rows.file, w->sink.keys, n, w->sink.worker, err) : OK;
}

must_use static enum code scatter_rows(struct scatter *s, struct scatter_worker *w,
                                       uint64_t ordinal, struct err *err)
{
    for (;;) {
        size_t n;
        uint64_t before = w->rows.reader.at;
        if (atomic_load_explicit(&s->progress->cancelled, memory_order_relaxed))
            return err_set(err, E_CANCELLED, "stopped");
        TRY(live_rows_next(&w->rows, &n, err));
        if (n)
            TRY(put_rows(s, w, n, ordinal, err));
        atomic_fetch_add_explicit(&s->progress->rows_done, w->rows.reader.at - before,
                                  memory_order_relaxed);
        if (n == 0)
            return OK;
    }
}

/* The index of the task's file. */
static size_t file_of(const struct scatter *s, size_t task)
{
    return (size_t)(s->tasks[task].place.file - s->config->files);
}

must_use static enum code scatter_chunks(struct scatter *s, size_t task, unsigned worker,
                                         const struct prefetched *prefetched, struct err *err)
{
    struct scatter_worker *w = &s->workers[worker];
    const struct prefetch_place *place = &s->tasks[task].place;
    AUTO(ptr) struct view *chunks = mem_alloc(place->n_columns * sizeof(*chunks));
    prefetched_chunks(prefetched, chunks);
    enum code rc = live_rows_open(&w->rows, file_of(s, task), place->row_group, chunks, err);
    if (!rc) {
        row_sink_expect(&w->sink, w->rows.types);
        rc = scatter_rows(s, w, s->group_ordinal[task], err);
    }
    live_rows_close(&w->rows);
    return rc;
}

must_use static enum code scatter_group(struct scatter *s, size_t task, unsigned worker,
                                        struct err *err)
{
    struct prefetched *prefetched;
    if (s->tasks[task].n_rows == 0)
        return OK;
    TRY(prefetch_queue_take(s->reader, task, &prefetched, err));
    enum code rc = scatter_chunks(s, task, worker, prefetched, err);
    prefetch_queue_give_back(s->reader, prefetched);
    if (!rc)
        atomic_fetch_add_explicit(&s->progress->bytes_done, s->tasks[task].n_bytes,
                                  memory_order_relaxed);
    return rc;
}

static enum code scatter_task(void *job, size_t task, unsigned worker, struct err *err)
{
    struct scatter *s = job;
    enum code rc = scatter_group(s, task, worker, err);
    if (rc && rc != E_CANCELLED)
        err_write_in(err, "file %s, row group %zu", s->tasks[task].place.file->name,
                     s->tasks[task].place.row_group);
    return rc;
}

/* ------------------------------------------------------------------------------- the whole */

static void workers_init(struct scatter *s, unsigned n_workers)
{
    s->workers = mem_zalloc(n_workers * sizeof(*s->workers));
    for (unsigned k = 0; k < n_workers; k++) {
        live_rows_init(&s->workers[k].rows, &s->rows);
        row_sink_init(&s->workers[k].sink, &s->sink, k);
    }
}

static void workers_done(struct scatter *s, unsigned n_workers)
{
    for (unsigned k = 0; k < n_workers; k++) {
        live_rows_done(&s->workers[k].rows);
        row_sink_done(&s->workers[k].sink);
    }
    free(s->workers);
}

/* Fill in what a task has to read, and how much that is. */
must_use static enum code plan_task(const struct scatter *s, size_t file, size_t row_group,
                                    struct prefetched *scratch, struct prefetch_task *out,
                                    struct err *err)
{
    const struct source_file *f = &s->config->files[file];
    out->place = place_of(s->config, file, row_group);
    enum code rc = prefetched_plan(scratch, &out->place, err);
    if (rc)
        return err_in(err, rc, "file %s, row group %zu", f->name, row_group);
    out->n_rows = pq_file_group_rows(f->pq, row_group);
    out->n_bytes = scratch->len;
    return OK;
}

/* List the row groups in file order, with their ordinals (1). */
must_use static enum code list_tasks(struct scatter *s, struct scatter_result *out, struct err *err)
{
    const struct scatter_config *c = s->config;
    for (size_t f = 0; f < c->n_files; f++)
        s->n_tasks += pq_file_n_row_groups(c->files[f].pq);
    s->tasks = mem_zalloc(s->n_tasks * sizeof(*s->tasks));
    s->group_ordinal = mem_zalloc(s->n_tasks * sizeof(*s->group_ordinal));
    AUTO(prefetched) struct prefetched scratch = {0};
    uint64_t n_rows = 0, n_bytes = 0, n_listed = 0, first = c->first_ordinal;
    s->n_tasks = 0;
    for (size_t f = 0; f < c->n_files; f++)
        for (size_t g = 0; g < pq_file_n_row_groups(c->files[f].pq); g++, n_listed++) {
            struct prefetch_task *t = &s->tasks[s->n_tasks];
            TRY(plan_task(s, f, g, &scratch, t, err));
            out->n_rows_listed += t->n_rows;
            out->n_bytes_listed += t->n_bytes;
            if (n_listed % c->sample_every)
                continue;
            s->group_ordinal[s->n_tasks++] = first + n_rows;
            n_rows += t->n_rows;
            n_bytes += t->n_bytes;
        }
    atomic_store(&s->progress->rows_total, n_rows);
    atomic_store(&s->progress->bytes_total, n_bytes);
    return OK;
}

must_use static enum code run_tasks(struct scatter *s, struct pool *pool, struct err *err)
{
    const struct scatter_config *c = s->config;
    struct prefetch_queue_config config = {
        .tasks = s->tasks,
        .n_tasks = s->n_tasks,
        .pool = pool,
        .memory_bytes = c->shares->chunks,
        .is_far = c->is_far,
        .temp_dir = c->temp_dir,
        .op = c->op,
    };
    s->reader = prefetch_queue_new(&config);
    enum code rc = pool_run(pool, s->n_tasks, scatter_task, s, err);
    prefetch_queue_free(s->reader);
    return rc;
}

static void sum_up(const struct scatter *s, unsigned n_workers, struct scatter_result *r)
{
    size_t n_fields = s->config->resolved->schema.n_fields;
    r->n_nulls = mem_zalloc(n_fields * sizeof(*r->n_nulls));
    for (unsigned k = 0; k < n_workers; k++) {
        const struct row_sink *sink = &s->workers[k].sink;
        for (size_t i = 0; i < n_fields; i++)
            r->n_nulls[i] += sink->n_nulls[i];
        key_lengths_sum(&r->keys, &sink->key_lengths);
        r->n_rows += s->workers[k].n_rows;
    }
}

enum code scatter_run(const struct scatter_config *config, struct pool *pool,
                      struct load_progress *progress, struct scatter_result *out, struct err *err)
{
    struct scatter s = {.config = config, .progress = progress};
    s.sink = (struct row_sink_config){&config->resolved->schema, config->format, config->spill,
                                      config->n_blocks, config->hash_seed};
    s.rows = (struct live_rows_config){config->resolved, config->files, config->deletes};
    unsigned n_workers = pool_size(pool);
    struct scatter_result result = {0};
    workers_init(&s, n_workers);
    enum code rc = list_tasks(&s, &result, err);
    if (!rc)
        rc = run_tasks(&s, pool, err);
    if (!rc) {
        sum_up(&s, n_workers, &result);
        *out = result;
    }
    workers_done(&s, n_workers);
    free(s.tasks);
    free(s.group_ordinal);
    return rc;
}
