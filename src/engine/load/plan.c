#include "engine/load/plan.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "engine/load/loader.h"
#include "source/kinds/open.h"

#include <stdlib.h>

struct planning {
    const struct plan_config *config;
    struct transfer_loop *transfers; /* NULL for a local source */
    struct source *source;
    struct source_answer found;
    struct pool *pool;
    struct load_progress progress;
    char dir[PATH_CAP]; /* "" until it is made */
};

void plan_done(struct plan *p)
{
    free(p->label);
    *p = (struct plan){0};
}

static void planning_done(struct planning *p)
{
    struct err ignored; /* what cannot be removed is in a directory for temporary files */
    source_answer_done(&p->found);
    source_close(p->source);
    transfer_loop_close(p->transfers);
    pool_free(p->pool);
    if (p->dir[0] && tree_remove(p->dir, &ignored))
        p->dir[0] = '\0';
}

must_use static enum code open_source(struct planning *p, struct err *err)
{
    const struct source_spec *source = &p->config->spec->source;
    if (source_requests(source))
        TRY(transfer_loop_open(source_requests(source), &p->transfers, err));
    return source_open(source, p->transfers, &p->source, err);
}

must_use static enum code make_dir(struct planning *p, struct err *err)
{
    char path[PATH_CAP];
    TRY(path_format(path, err, "%s/murr-plan-XXXXXX", p->config->temp_dir));
    if (!mkdtemp(path))
        return err_errno(err, E_IO, "cannot make a directory in %s", p->config->temp_dir);
    memcpy(p->dir, path, sizeof(path));
    return OK;
}

/* Everything but reading the footers grows with the rows. */
static void scale(const struct planning *p, const struct load_result *r, double seconds,
                  struct plan *out)
{
    const struct publication *found = &p->found.publication;
    size_t n_files = found->n_data_files;
    double times = r->n_rows_read ? (double)r->n_rows_listed / (double)r->n_rows_read : 1;
    *out = (struct plan){
        .label = mem_strdup(found->label),
        .n_files = n_files,
        .n_columns = r->schema.n_fields,
        .n_rows = r->n_rows_listed,
        .n_rows_read = r->n_rows_read,
        .read_bytes = r->n_bytes_listed,
        .load_seconds = r->open_seconds + (seconds - r->open_seconds) * times,
        .disk_bytes = (uint64_t)((double)r->disk_bytes * times),
    };
    out->file_bytes = publication_bytes(found);
    if (p->config->spec->storage == STORAGE_MEMORY)
        out->memory_bytes = out->disk_bytes;
}

must_use static enum code load_sample(struct planning *p, struct plan *out, struct err *err)
{
    const struct plan_config *c = p->config;
    struct remote_op op = {0};
    const struct source_query any = {0};
    TRY(source_find_newest(p->source, &any, &op, &p->found, err));
    TRY(make_dir(p, err));
    p->pool = pool_new(c->load.threads);
    struct load_job job = {
        .spec = c->spec,
        .publication = &p->found.publication,
        .op = &op,
        .dir = p->dir,
        .memory_bytes = c->load.memory_bytes,
        .pool = p->pool,
        .progress = &p->progress,
        .sample_bytes = c->sample_bytes,
    };
    AUTO(load_result) struct load_result result = {0};
    uint64_t start_ns = clock_mono_ns();
    TRY(load_run(&job, &result, err));
    scale(p, &result, (double)(clock_mono_ns() - start_ns) / 1e9, out);
    return OK;
}

enum code plan_table(const struct plan_config *config, struct plan *out, struct err *err)
{
    AUTO(planning) struct planning p = {.config = config};
    TRY(open_source(&p, err));
    enum code rc = load_sample(&p, out, err);
    return rc ? err_in(err, rc, "table %s", config->spec->name) : OK;
}
