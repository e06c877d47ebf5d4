#include "engine/load/loader.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/build/build.h"
#include "engine/load/row_reader.h"
#include "engine/load/scatter.h"
#include "engine/load/source_files.h"
#include "segment/format.h"

#include <sys/random.h>

/*
 * A load has two halves, because a block can be built only when all its rows are known, and rows of
 * one block may be in any file. The first half (scatter.c) reads each file once and puts every row
 * as a record into the bin of its block. The second (engine/build/build.c) takes bin after bin.
 * Between the two the layout is chosen, from what the rows turned out to be: the lengths of keys,
 * and which columns have nulls.
 *
 * (1) The number of blocks must be fixed before the first row is read, so it is guessed from the
 *     footers. A wrong guess makes blocks larger or smaller than is good for the caches; the result
 *     is correct all the same.
 * (2) Everything that footers announce is held against the load's budget before a chunk is read
 *     (docs/decisions/0012).
 * (3) The hash seed is random, so nobody can prepare keys that all fall into one block. A table
 *     that has layers keeps its seed, since layers and base must hash alike.
 */

/* Rows of a block. With rows of 64 bytes a block has 8 MB, which a worker assembles in its share of
 * L3. */
static const uint64_t block_rows = 131072;

struct load {
    const struct load_job *job;
    struct memory_shares shares;
    struct pq_limits limits;
    struct pq_budget budget;
    struct source_files files;
    struct resolved resolved;
    struct row_deletes deletes;
    struct record_format format;
    struct spill *spill;
    struct scatter_result scattered;
    struct seg_layout layout;
    uint64_t hash_seed;
    uint64_t n_blocks;
    uint64_t sample_every; /* one of this many row groups is read; 1: all */
};

void load_result_done(struct load_result *r)
{
    schema_done(&r->schema);
    free(r->n_nulls);
    free(r->skipped);
    *r = (struct load_result){0};
}

static void load_done(struct load *l)
{
    spill_free(l->spill);
    scatter_result_done(&l->scattered);
    seg_layout_done(&l->layout);
    record_format_done(&l->format);
    row_deletes_done(&l->deletes);
    resolved_done(&l->resolved);
    source_files_close(&l->files);
}

/* A sample takes every n-th row group. */
static uint64_t choose_sample(const struct load *l)
{
    uint64_t n_bytes = 0, wanted = l->job->sample_bytes;
    for (size_t i = 0; i < l->files.n; i++)
        n_bytes += l->files.files[i].size;
    return wanted && n_bytes > wanted ? n_bytes / wanted : 1;
}

/* (1): guess how many bytes the rows will take as records. Strings are often stored once in a
 * dictionary, so their chunks are counted four times. */
must_use static enum code guess_bytes(const struct load *l, uint64_t *out_rows, uint64_t *out_bytes,
                                      struct err *err)
{
    const struct schema *schema = &l->resolved.schema;
    uint64_t n_rows = 0, string_bytes = 0;
    for (size_t f = 0; f < l->files.n; f++) {
        const struct pq_file *pq = l->files.files[f].pq;
        n_rows += pq_file_n_rows(pq);
        const struct resolved_file *r = &l->resolved.files[f];
        for (size_t g = 0; g < pq_file_n_row_groups(pq); g++)
            for (size_t k = 0; k < r->n; k++) {
                uint64_t offset, len;
                if (r->vectors[k] >= schema->n_fields ||
                    !type_is_variable(&schema->fields[r->vectors[k]].type))
                    continue;
                TRY(pq_chunk_range(pq, g, r->columns[k], &offset, &len, err));
                string_bytes += len;
            }
    }
    *out_rows = n_rows / l->sample_every;
    *out_bytes = (n_rows * l->format.key_offset + 4 * string_bytes) / l->sample_every;
    return OK;
}

/* (1): enough blocks that each is built in cache, and that the memory holds one for each worker. */
must_use static enum code choose_blocks(struct load *l, struct err *err)
{
    uint64_t n_rows, n_bytes;
    TRY(guess_bytes(l, &n_rows, &n_bytes, err));
    uint64_t n_parts = l->job->spec->parts;
    uint64_t by_rows = n_rows / block_rows + 1, by_bytes = n_bytes / l->shares.block + 1;
    uint64_t of_part = ((by_rows > by_bytes ? by_rows : by_bytes) + n_parts - 1) / n_parts;
    uint64_t most = SEG_MAX_BLOCKS / n_parts;
    l->n_blocks = (of_part < most ? of_part : most) * n_parts;
    return OK;
}

static bool is_far(const struct publication *p)
{
    for (size_t i = 0; i < p->n_data_files; i++)
        if (p->data_files[i].store->is_far)
            return true;
    return false;
}

must_use static enum code read_deletes(struct load *l, struct err *err)
{
    const struct row_deletes_config config = {
        .publication = l->job->publication,
        .pool = l->job->pool,
        .shares = &l->shares,
        .limits = &l->limits,
        .op = l->job->op,
        .temp_dir = l->job->dir,
        .hash_seed = l->hash_seed,
    };
    return row_deletes_read(&l->deletes, &config, err);
}

must_use static enum code scatter(struct load *l, struct err *err)
{
    const struct load_job *job = l->job;
    struct spill_config spill = {job->dir, l->shares.records, l->n_blocks, pool_size(job->pool)};
    l->spill = spill_new(&spill);
    struct scatter_config config = {
        .files = l->files.files,
        .n_files = l->files.n,
        .resolved = &l->resolved,
        .deletes = &l->deletes,
        .format = &l->format,
        .spill = l->spill,
        .n_blocks = l->n_blocks,
        .hash_seed = l->hash_seed,
        .shares = &l->shares,
        .is_far = is_far(job->publication),
        .sample_every = l->sample_every,
        .op = job->op,
        .temp_dir = job->dir,
    };
    atomic_store(&job->progress->state, LOAD_READING);
    TRY(scatter_run(&config, job->pool, job->progress, &l->scattered, err));
    spill_seal(l->spill);
    return OK;
}

must_use static enum code build(struct load *l, struct build_result *out, struct err *err)
{
    const struct load_job *job = l->job;
    TRY(seg_layout_choose(&l->resolved.schema, job->spec->layout == LAYOUT_COLUMNAR,
                          &l->scattered.keys, l->scattered.n_nulls, &l->layout, err));
    struct build_config config = {
        .dir = job->dir,
        .schema = &l->resolved.schema,
        .layout = &l->layout,
        .format = &l->format,
        .source = spill_source(l->spill),
        .n_blocks = l->n_blocks,
        .n_parts = job->spec->parts,
        .hash_seed = l->hash_seed,
        .origin = {.fingerprint = job->publication->fingerprint},
        .worker_bytes = l->shares.build,
        .setting = "load.memory",
    };
    atomic_store(&job->progress->state, LOAD_BUILDING);
    return build_run(&config, job->pool, job->progress, out, err);
}

/* (2) */
must_use static enum code check_announced(const struct load *l, struct err *err)
{
    uint64_t all = 0;
    for (size_t f = 0; f < l->files.n; f++)
        for (size_t k = 0; k < l->resolved.files[f].n; k++) {
            uint64_t bytes;
            enum code rc = pq_file_announced(l->files.files[f].pq, l->resolved.files[f].columns[k],
                                             &bytes, err);
            if (!rc && __builtin_add_overflow(all, bytes, &all))
                all = UINT64_MAX;
            if (!rc)
                rc = pq_budget_announce(&l->budget, all, err);
            if (rc)
                return err_in(err, rc, "file %s", l->files.files[f].name);
        }
    return OK;
}

/* In an Iceberg table, metadata beside the files says which rows were deleted. Loading the
 * files alone would bring those rows back. A source that numbers its columns has read it. */
must_use static enum code check_not_foreign(const struct load *l, struct err *err)
{
    if (l->job->publication->n_fields)
        return OK;
    for (size_t f = 0; f < l->files.n; f++) {
        const char *foreign = pq_file_foreign(l->files.files[f].pq);
        if (foreign)
            return err_set(err, E_UNSUPPORTED,
                           "file %s is %s: its rows may include deleted ones, since only the "
                           "table's metadata says which rows count; export the table to plain "
                           "Parquet",
                           l->files.files[f].name, foreign);
    }
    return OK;
}

/* By which column the newer of two rows is known. */
must_use static enum code choose_newest(struct load *l, struct err *err)
{
    ptrdiff_t field;
    TRY(table_newest_by(l->job->spec, &l->resolved.schema, &field, err));
    if (field >= 0)
        l->format.newest_by = (size_t)field;
    return OK;
}

must_use static enum code run(struct load *l, struct load_result *result, struct err *err)
{
    uint64_t start_ns = clock_mono_ns();
    TRY(source_files_open(&l->files, l->job->publication, l->job->op, &l->limits, l->shares.tails,
                          err));
    result->open_seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
    l->sample_every = choose_sample(l);
    TRY(check_not_foreign(l, err));
    TRY(resolve_columns(l->job->spec, l->job->publication, l->job->served, l->files.files,
                        &l->resolved, err));
    TRY(check_announced(l, err));
    TRY(read_deletes(l, err));
    TRY(record_format_init(&l->format, &l->resolved.schema, err));
    TRY(choose_newest(l, err));
    TRY(choose_blocks(l, err));
    TRY(scatter(l, err));
    struct build_result built;
    TRY(build(l, &built, err));
    TRY(dir_sync(l->job->dir, err));
    schema_copy(&l->resolved.schema, &result->schema);
    result->disk_bytes = built.disk_bytes;
    result->n_rows = built.n_rows;
    result->n_rows_read = l->scattered.n_rows;
    result->n_rows_listed = l->scattered.n_rows_listed;
    result->n_bytes_listed = l->scattered.n_bytes_listed;
    result->n_skipped_columns = l->resolved.n_skipped;
    result->skipped = buf_detach(&l->resolved.skipped);
    result->n_nulls = l->scattered.n_nulls;
    l->scattered.n_nulls = NULL;
    return OK;
}

enum code load_run(const struct load_job *job, struct load_result *out_result, struct err *err)
{
    struct load l = {.job = job};
    l.shares = memory_shares_of_load(job->memory_bytes, pool_size(job->pool));
    l.limits = row_reader_limits(&l.shares, publication_bytes(job->publication), &l.budget);
    l.hash_seed = job->hash_seed;
    /* (3) */
    if (!l.hash_seed && getrandom(&l.hash_seed, sizeof(l.hash_seed), 0) != sizeof(l.hash_seed))
        l.hash_seed = clock_mono_ns();
    atomic_store(&job->progress->started_ns, clock_mono_ns());
    struct load_result result = {0};
    enum code rc = run(&l, &result, err);
    atomic_store(&job->progress->state, LOAD_IDLE);
    load_done(&l);
    if (!rc)
        *out_result = result;
    return rc;
}
