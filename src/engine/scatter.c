#include "engine/scatter.h"

#include "base/hash.h"
#include "base/mem.h"
#include "engine/fetch_queue.h"
#include "model/key.h"

/* Rows decoded at a time: vectors of a dozen columns and the records they become stay in L2. */
enum { RUN_ROWS = 512 };

/* The scratch of one worker. */
struct scatter_worker {
    struct pq_chunk **chunks;      /* by field */
    struct vector *decoded;        /* by field, in the file's type */
    struct vector *converted;      /* by field, in the schema's type; unused where they are equal */
    const struct vector **vectors; /* by field, what the records get; NULL for key fields */
    struct view keys[RUN_ROWS];
    uint32_t sizes[RUN_ROWS];
    struct record *records[RUN_ROWS];
    struct buf key_bytes;
    struct arena arena; /* of converted lists */
    uint64_t *n_nulls;
    struct key_lengths key_lengths;
};

struct scatter {
    const struct scatter_config *config;
    struct load_progress *progress;
    struct scatter_worker *workers;
    struct fetch_queue *reader;
    uint64_t *group_ordinal; /* by task: rows before that row group */
    struct fetch_task *tasks;
    size_t n_tasks;
};

void scatter_result_done(struct scatter_result *r)
{
    free(r->n_nulls);
    *r = (struct scatter_result){0};
}

static struct fetch_place place_of(const struct scatter_config *c, size_t file, size_t row_group)
{
    size_t n_fields = c->resolved->schema.n_fields;
    return (struct fetch_place){&c->files[file], row_group, c->resolved->columns + file * n_fields,
                                n_fields};
}

/* ------------------------------------------------------------------------- rows to records */

must_use static enum code check_nulls(const struct scatter *s, size_t field_idx,
                                      const struct vector *v, uint64_t row, struct err *err)
{
    const struct schema *schema = &s->config->resolved->schema;
    const struct field *f = &schema->fields[field_idx];
    if (v->n_nulls == 0 || f->nullable)
        return OK;
    size_t i = 0;
    while (v->valid[i])
        i++;
    char shown[128];
    return err_set(err, E_INVALID, "%s '%s' is null in row %llu of the row group",
                   schema_is_key(schema, field_idx) ? "key column" : "non-nullable column",
                   view_printable(view_cstr(f->name), shown, sizeof(shown)),
                   (unsigned long long)(row + i));
}

must_use static enum code convert(struct scatter_worker *w, size_t i, const char *name,
                                  struct err *err)
{
    enum code rc = vector_convert(&w->decoded[i], &w->converted[i], &w->arena, err);
    char shown[128];
    return rc ? err_in(err, rc, "column '%s'",
                       view_printable(view_cstr(name), shown, sizeof(shown)))
              : OK;
}

/* Decode the next run of every column. All columns must agree on how many rows that is. */
must_use static enum code read_run(const struct scatter *s, struct scatter_worker *w, uint64_t row,
                                   size_t *out_n, struct err *err)
{
    const struct schema *schema = &s->config->resolved->schema;
    arena_reset(&w->arena);
    for (size_t i = 0; i < schema->n_fields; i++) {
        struct vector *v = &w->decoded[i];
        TRY(pq_chunk_read(w->chunks[i], v, err));
        if (v->n != w->decoded[0].n)
            return err_set(err, E_CORRUPT, "column '%s' has %zu rows where column '%s' has %zu",
                           schema->fields[i].name, v->n, schema->fields[0].name, w->decoded[0].n);
        TRY(check_nulls(s, i, v, row, err));
        w->n_nulls[i] += v->n_nulls;
        if (w->converted[i].cap)
            TRY(convert(w, i, schema->fields[i].name, err));
    }
    *out_n = w->decoded[0].n;
    return OK;
}

static const struct vector *field_vector(const struct scatter_worker *w, size_t i)
{
    return w->converted[i].cap ? &w->converted[i] : &w->decoded[i];
}

/* A key of one column is bytes that are already there. */
static void single_keys(const struct vector *v, size_t n, struct view *keys)
{
    if (v->type.dtype == DT_UTF8) {
        memcpy(keys, v->views, n * sizeof(*keys));
        return;
    }
    size_t width = type_width(&v->type);
    for (size_t i = 0; i < n; i++)
        keys[i] = view_of((const uint8_t *)v->values + i * width, width);
}

static void composite_keys(const struct scatter *s, struct scatter_worker *w, size_t n)
{
    const struct schema *schema = &s->config->resolved->schema;
    buf_reset(&w->key_bytes);
    for (size_t row = 0; row < n; row++) {
        size_t start = w->key_bytes.len;
        for (size_t k = 0; k < schema->n_key; k++) {
            const struct vector *v = field_vector(w, schema->key[k]);
            size_t width = type_width(&v->type);
            if (v->type.dtype == DT_UTF8)
                key_put_utf8(&w->key_bytes, schema, k, v->views[row]);
            else
                buf_put(&w->key_bytes, (const uint8_t *)v->values + row * width, width);
        }
        /* The buffer may still move: keep the offset for now. */
        w->keys[row] = (struct view){(const uint8_t *)start, w->key_bytes.len - start};
    }
    for (size_t row = 0; row < n; row++)
        w->keys[row].ptr = w->key_bytes.ptr + (size_t)w->keys[row].ptr;
}

must_use static enum code put_records(const struct scatter *s, struct scatter_worker *w,
                                      unsigned worker, size_t n, uint64_t ordinal, struct err *err)
{
    const struct scatter_config *c = s->config;
    TRY(record_sizes(c->format, w->vectors, w->keys, n, w->sizes, err));
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hash_key(w->keys[i], c->hash_seed);
        size_t bin = (size_t)block_of_hash(hash, c->n_blocks);
        struct record *r = spill_reserve(c->spill, worker, bin, w->sizes[i]);
        r->hash = hash;
        r->ordinal = ordinal + i;
        r->size = w->sizes[i];
        w->records[i] = r;
        key_lengths_add(&w->key_lengths, w->keys[i].len);
    }
    record_write(c->format, w->vectors, w->keys, n, w->records);
    return spill_commit(c->spill, worker, err);
}

must_use static enum code scatter_rows(struct scatter *s, struct scatter_worker *w, unsigned worker,
                                       uint64_t ordinal, uint64_t n_rows, struct err *err)
{
    const struct schema *schema = &s->config->resolved->schema;
    for (uint64_t row = 0; row < n_rows;) {
        if (atomic_load_explicit(&s->progress->cancelled, memory_order_relaxed))
            return err_set(err, E_CANCELLED, "stopped");
        size_t n = 0;
        TRY(read_run(s, w, row, &n, err));
        if (n == 0)
            return err_set(err, E_CORRUPT, "ends after %llu of %llu rows", (unsigned long long)row,
                           (unsigned long long)n_rows);
        for (size_t i = 0; i < schema->n_fields; i++)
            w->vectors[i] = schema_is_key(schema, i) ? NULL : field_vector(w, i);
        if (schema->n_key == 1)
            single_keys(field_vector(w, schema->key[0]), n, w->keys);
        else
            composite_keys(s, w, n);
        TRY(put_records(s, w, worker, n, ordinal + row, err));
        row += n;
        atomic_fetch_add_explicit(&s->progress->rows_done, n, memory_order_relaxed);
    }
    return OK;
}

/* Vectors have the types that the file's columns are read as, which differ from file to file. Lists of
 * one length are always converted: that checks their lengths and that no element is null. */
static void fit_vectors(const struct scatter *s, struct scatter_worker *w, size_t file)
{
    const struct schema *schema = &s->config->resolved->schema;
    const size_t *columns = s->config->resolved->columns + file * schema->n_fields;
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct type *wanted = &schema->fields[i].type;
        struct type found =
            resolve_read_type(pq_file_column(s->config->files[file].pq, columns[i]), wanted);
        if (w->decoded[i].cap == 0 || !type_eq(&w->decoded[i].type, &found)) {
            vector_done(&w->decoded[i]);
            vector_init(&w->decoded[i], &found, RUN_ROWS);
        }
        bool is_fixed_list = wanted->dtype == DT_LIST && wanted->list_size;
        bool same = type_eq(&found, wanted) && !is_fixed_list;
        if (same)
            vector_done(&w->converted[i]);
        else if (w->converted[i].cap == 0)
            vector_init(&w->converted[i], wanted, RUN_ROWS);
    }
}

/* Which of the files it is. */
static size_t file_of(const struct scatter *s, size_t task)
{
    return (size_t)(s->tasks[task].place.file - s->config->files);
}

must_use static enum code scatter_fetched(struct scatter *s, size_t task, unsigned worker,
                                          const struct fetched *fetched, struct err *err)
{
    struct scatter_worker *w = &s->workers[worker];
    const struct fetch_task *t = &s->tasks[task];
    fit_vectors(s, w, file_of(s, task));
    enum code rc = fetched_start(fetched, &t->place, w->chunks, err);
    if (!rc)
        rc = scatter_rows(s, w, worker, s->group_ordinal[task], t->n_rows, err);
    for (size_t i = 0; i < t->place.n_columns; i++)
        pq_chunk_reset(w->chunks[i]);
    return rc;
}

must_use static enum code scatter_group(struct scatter *s, size_t task, unsigned worker,
                                        struct err *err)
{
    struct fetched *fetched;
    if (s->tasks[task].n_rows == 0)
        return OK;
    TRY(fetch_queue_take(s->reader, task, &fetched, err));
    enum code rc = scatter_fetched(s, task, worker, fetched, err);
    fetch_queue_give_back(s->reader, fetched);
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
    size_t n_fields = s->config->resolved->schema.n_fields;
    s->workers = mem_zalloc(n_workers * sizeof(*s->workers));
    for (unsigned k = 0; k < n_workers; k++) {
        struct scatter_worker *w = &s->workers[k];
        w->chunks = mem_zalloc(n_fields * sizeof(struct pq_chunk *));
        w->decoded = mem_zalloc(n_fields * sizeof(*w->decoded));
        w->converted = mem_zalloc(n_fields * sizeof(*w->converted));
        w->vectors = mem_zalloc(n_fields * sizeof(*w->vectors));
        w->n_nulls = mem_zalloc(n_fields * sizeof(*w->n_nulls));
        for (size_t i = 0; i < n_fields; i++)
            w->chunks[i] = pq_chunk_new();
    }
}

static void workers_done(struct scatter *s, unsigned n_workers)
{
    size_t n_fields = s->config->resolved->schema.n_fields;
    for (unsigned k = 0; k < n_workers; k++) {
        struct scatter_worker *w = &s->workers[k];
        for (size_t i = 0; i < n_fields; i++) {
            pq_chunk_free(w->chunks[i]);
            vector_done(&w->decoded[i]);
            vector_done(&w->converted[i]);
        }
        free(w->chunks);
        free(w->decoded);
        free(w->converted);
        free(w->vectors);
        free(w->n_nulls);
        buf_done(&w->key_bytes);
        arena_done(&w->arena);
    }
    free(s->workers);
}

/* A task: what it has to read, and how much that is. */
must_use static enum code plan_task(const struct scatter *s, size_t file, size_t row_group,
                                    struct fetched *scratch, struct fetch_task *out,
                                    struct err *err)
{
    const struct source_file *f = &s->config->files[file];
    out->place = place_of(s->config, file, row_group);
    enum code rc = fetched_plan(scratch, &out->place, err);
    if (rc)
        return err_in(err, rc, "file %s, row group %zu", f->name, row_group);
    out->n_rows = pq_file_group_rows(f->pq, row_group);
    out->n_bytes = scratch->len;
    return OK;
}

/* Number the row groups, in file order: later rows replace earlier ones. */
must_use static enum code list_tasks(struct scatter *s, struct scatter_result *out, struct err *err)
{
    const struct scatter_config *c = s->config;
    for (size_t f = 0; f < c->n_files; f++)
        s->n_tasks += pq_file_n_row_groups(c->files[f].pq);
    s->tasks = mem_zalloc(s->n_tasks * sizeof(*s->tasks));
    s->group_ordinal = mem_zalloc(s->n_tasks * sizeof(*s->group_ordinal));
    AUTO(fetched) struct fetched scratch = {0};
    uint64_t n_rows = 0, n_bytes = 0, n_listed = 0;
    s->n_tasks = 0;
    for (size_t f = 0; f < c->n_files; f++)
        for (size_t g = 0; g < pq_file_n_row_groups(c->files[f].pq); g++, n_listed++) {
            struct fetch_task *t = &s->tasks[s->n_tasks];
            TRY(plan_task(s, f, g, &scratch, t, err));
            out->n_rows_listed += t->n_rows;
            out->n_bytes_listed += t->n_bytes;
            if (n_listed % c->sample_every)
                continue;
            s->group_ordinal[s->n_tasks++] = n_rows;
            n_rows += t->n_rows;
            n_bytes += t->n_bytes;
        }
    atomic_store(&s->progress->rows_total, n_rows);
    atomic_store(&s->progress->bytes_total, n_bytes);
    out->n_rows = n_rows;
    return OK;
}

must_use static enum code run_tasks(struct scatter *s, struct pool *pool, struct err *err)
{
    const struct scatter_config *c = s->config;
    struct fetch_queue_config config = {
        .tasks = s->tasks,
        .n_tasks = s->n_tasks,
        .n_workers = pool_size(pool),
        .memory_bytes = c->fetch_bytes,
        .is_far = c->is_far,
        .temp_dir = c->temp_dir,
        .op = c->op,
    };
    s->reader = fetch_queue_new(&config);
    enum code rc = pool_run(pool, s->n_tasks, scatter_task, s, err);
    fetch_queue_free(s->reader);
    return rc;
}

static void sum_up(const struct scatter *s, unsigned n_workers, struct scatter_result *r)
{
    size_t n_fields = s->config->resolved->schema.n_fields;
    r->n_nulls = mem_zalloc(n_fields * sizeof(*r->n_nulls));
    for (unsigned k = 0; k < n_workers; k++) {
        const struct scatter_worker *w = &s->workers[k];
        for (size_t i = 0; i < n_fields; i++)
            r->n_nulls[i] += w->n_nulls[i];
        for (size_t len = 0; len < 256; len++)
            r->keys.n[len] += w->key_lengths.n[len];
        r->keys.n_bytes += w->key_lengths.n_bytes;
    }
}

enum code scatter_run(const struct scatter_config *config, struct pool *pool,
                      struct load_progress *progress, struct scatter_result *out, struct err *err)
{
    struct scatter s = {.config = config, .progress = progress};
    unsigned n_workers = pool_size(pool);
    struct scatter_result result = {0};
    workers_init(&s, n_workers);
    enum code rc = list_tasks(&s, &result, err);
    if (!rc)
        rc = run_tasks(&s, pool, err);
    if (!rc) {
        spill_seal(config->spill);
        sum_up(&s, n_workers, &result);
        *out = result;
    }
    workers_done(&s, n_workers);
    free(s.tasks);
    free(s.group_ordinal);
    return rc;
}
