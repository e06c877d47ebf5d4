#include "engine/load/file_runs.h"

#include "base/mem.h"
#include "engine/load/prefetched.h"
#include "engine/load/row_reader.h"

enum { RUN_ROWS = 512 };

struct file_runs {
    const struct file_runs_config *config;
    struct row_reader reader;
    struct prefetched prefetched;
    struct view *chunks;
    struct vector *vectors;
    struct vector **runs;
};

static void file_runs_done(struct file_runs *r)
{
    row_reader_done(&r->reader);
    prefetched_done(&r->prefetched);
    for (size_t k = 0; k < r->config->n_columns; k++)
        vector_done(&r->vectors[k]);
    free(r->chunks);
    free(r->vectors);
    free(r->runs);
}

static void file_runs_init(struct file_runs *r, const struct file_runs_config *config)
{
    size_t n = config->n_columns;
    *r = (struct file_runs){.config = config};
    r->chunks = mem_zalloc(n * sizeof(*r->chunks));
    r->vectors = mem_zalloc(n * sizeof(*r->vectors));
    r->runs = mem_zalloc(n * sizeof(struct vector *));
    for (size_t k = 0; k < n; k++) {
        vector_init(&r->vectors[k], &pq_file_column(config->file->pq, config->columns[k])->type,
                    RUN_ROWS);
        r->runs[k] = &r->vectors[k];
    }
}

must_use static enum code each_run(struct file_runs *r, size_t row_group, file_run_fn fn, void *arg,
                                   struct err *err)
{
    const struct file_runs_config *c = r->config;
    struct prefetch_place place = {c->file, row_group, c->columns, c->n_columns};
    size_t n;
    TRY(prefetched_read(&r->prefetched, &place, c->shares->chunks, c->temp_dir, c->op, err));
    prefetched_chunks(&r->prefetched, r->chunks);
    row_reader_begin(&r->reader, c->file->pq, c->columns, c->n_columns);
    TRY(row_reader_open(&r->reader, row_group, r->chunks, err));
    for (;;) {
        TRY(remote_op_check(c->op, err));
        TRY(row_reader_next(&r->reader, r->runs, &n, err));
        if (n == 0)
            return OK;
        TRY(fn(arg, r->vectors, n, err));
    }
}

enum code file_runs_each(const struct file_runs_config *config, file_run_fn fn, void *arg,
                         struct err *err)
{
    AUTO(file_runs) struct file_runs r;
    enum code rc = OK;
    file_runs_init(&r, config);
    for (size_t g = 0; !rc && g < pq_file_n_row_groups(config->file->pq); g++) {
        if (pq_file_group_rows(config->file->pq, g) == 0)
            continue;
        rc = each_run(&r, g, fn, arg, err);
        row_reader_close(&r.reader);
        prefetched_reset(&r.prefetched);
        if (rc && rc != E_CANCELLED)
            err_write_in(err, "file %s, row group %zu", config->file->name, g);
    }
    return rc;
}
