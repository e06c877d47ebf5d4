#include "engine/load/row_deletes.h"

#include "base/mem.h"
#include "engine/load/equality_key.h"
#include "engine/load/file_columns.h"
#include "engine/load/file_runs.h"
#include "format/puffin/dv.h"

/*
 * Delete files are opened in order, some ahead of the others, and decoded on the pool. What they say
 * goes into the bitmaps and maps under one lock, a run of rows at a time.
 *
 * (1) Paths in delete files are compared with those of data files without scheme and host, since
 *     some writers name one file in two ways, hdfs://host/x and /x. If several data files differ
 *     only in that, the path must be exactly one of theirs.
 * (2) Positions in a data file that is not live any more, or that a delete does not apply to, are
 *     ignored.
 */

/* How many delete files are being opened at a time. */
static const size_t openings = 32;

/* The columns of a position delete file, by the numbers that the format gives them. */
enum { FIELD_FILE_PATH = 2147483546, FIELD_POS = 2147483545 };

/* A data file under the path by which it is found (1). */
struct named_file {
    struct view path, uri;
    size_t data_file;
};

/* An open delete file. */
struct opened {
    struct source_file file;     /* Parquet */
    struct object *object;       /* of a vector */
    struct object_read *reading; /* likewise, until it is finished */
    struct buf vector;
};

struct deletes_reader {
    const struct row_deletes_config *config;
    struct row_deletes *out;
    struct named_file *names; /* sorted by path, then uri */
    struct opened *opened;
    size_t n_opened;
};

void row_deletes_done(struct row_deletes *d)
{
    const struct publication *p = d->publication;
    for (size_t i = 0; d->positions && i < p->n_data_files; i++)
        row_bitmap_done(&d->positions[i]);
    for (size_t i = 0; d->equalities && i < p->n_equalities; i++)
        key_numbers_done(&d->equalities[i]);
    free(d->positions);
    free(d->equalities);
    *d = (struct row_deletes){0};
}

/* Under the lock. */
must_use static enum code charge(struct row_deletes *d, uint64_t bytes, struct err *err)
{
    d->bytes += bytes;
    return d->bytes <= d->max_bytes
               ? OK
               : err_set(err, E_LIMIT,
                         "the deletes of the table need more than %llu bytes of memory, the share "
                         "that they have of load.memory",
                         (unsigned long long)d->max_bytes);
}

/* ------------------------------------------------------------------------------------ names (1) */

static struct view bare_path(struct view uri)
{
    const uint8_t *colon = memchr(uri.ptr, ':', uri.len);
    if (!colon)
        return uri;
    struct view rest = view_of(colon + 1, uri.len - (size_t)(colon + 1 - uri.ptr));
    if (rest.len >= 2 && rest.ptr[0] == '/' && rest.ptr[1] == '/') {
        const uint8_t *slash = memchr(rest.ptr + 2, '/', rest.len - 2);
        return slash ? view_of(slash, rest.len - (size_t)(slash - rest.ptr)) : rest;
    }
    return rest;
}

static int view_cmp(struct view a, struct view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int c = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(const void *a, const void *b)
{
    const struct named_file *x = a, *y = b;
    int c = view_cmp(x->path, y->path);
    return c ? c : view_cmp(x->uri, y->uri);
}

static void list_names(struct deletes_reader *r)
{
    const struct publication *p = r->config->publication;
    r->names = mem_alloc((p->n_data_files + 1) * sizeof(*r->names));
    for (size_t i = 0; i < p->n_data_files; i++) {
        struct view uri = view_cstr(p->data_files[i].uri);
        r->names[i] = (struct named_file){bare_path(uri), uri, i};
    }
    qsort(r->names, p->n_data_files, sizeof(*r->names), compare_names);
}

/* The first name whose path is not less. */
static size_t lower_bound(const struct deletes_reader *r, struct view path)
{
    size_t from = 0, end = r->config->publication->n_data_files;
    while (from < end) {
        size_t mid = from + (end - from) / 2;
        if (view_cmp(r->names[mid].path, path) < 0)
            from = mid + 1;
        else
            end = mid;
    }
    return from;
}

/* The data file with that URI; SIZE_MAX: none is live. */
must_use static enum code find_data_file(const struct deletes_reader *r, struct view uri,
                                         size_t *out, struct err *err)
{
    struct view path = bare_path(uri);
    size_t first = lower_bound(r, path), n = 0;
    *out = SIZE_MAX;
    for (size_t i = first;
         i < r->config->publication->n_data_files && view_eq(r->names[i].path, path); i++, n++) {
        *out = r->names[i].data_file;
        if (view_eq(r->names[i].uri, uri))
            return OK;
    }
    char shown[200];
    return n <= 1 ? OK
                  : err_set(err, E_CORRUPT, "%s: %zu data files have that path in different places",
                            view_printable(uri, shown, sizeof(shown)), n);
}

/* (2) */
static bool applies(const struct delete_file *d, const struct data_file *f)
{
    return !f->has_vector && d->partition == f->partition &&
           d->sequence_number >= f->sequence_number;
}

/* ----------------------------------------------------------------------------------- positions */

struct positions_job {
    struct deletes_reader *r;
    size_t delete_file;
    /* The path of the row before: mostly it is the same. */
    struct buf last_path;
    size_t last_file; /* SIZE_MAX: nothing is deleted from it */
    bool has_last;
};

must_use static enum code look_up(struct positions_job *j, struct view path, struct err *err)
{
    if (j->has_last && view_eq(buf_view(&j->last_path), path))
        return OK;
    buf_reset(&j->last_path);
    buf_put(&j->last_path, path.ptr, path.len);
    j->has_last = true;
    TRY(find_data_file(j->r, path, &j->last_file, err));
    const struct publication *p = j->r->config->publication;
    if (j->last_file != SIZE_MAX &&
        !applies(&p->delete_files[j->delete_file], &p->data_files[j->last_file]))
        j->last_file = SIZE_MAX;
    return OK;
}

must_use static enum code add_positions(struct positions_job *j, const struct vector *paths,
                                        const struct vector *rows, size_t n, struct err *err)
{
    struct row_deletes *d = j->r->out;
    for (size_t i = 0; i < n; i++) {
        int64_t row = ((const int64_t *)rows->values)[i];
        if (!paths->valid[i] || !rows->valid[i])
            continue; /* seen in real files; it names no row */
        if (row < 0)
            return err_set(err, E_CORRUPT, "position %lld is negative", (long long)row);
        TRY(look_up(j, paths->views[i], err));
        if (j->last_file == SIZE_MAX)
            continue;
        if ((uint64_t)row >= d->publication->data_files[j->last_file].n_rows)
            return err_set(err, E_CORRUPT, "position %lld is past the end of its data file",
                           (long long)row);
        TRY(charge(d, row_bitmap_add(&d->positions[j->last_file], (uint64_t)row, 1), err));
    }
    return OK;
}

static enum code take_positions(void *arg, const struct vector *columns, size_t n, struct err *err)
{
    struct positions_job *j = arg;
    pthread_mutex_lock(&j->r->out->lock);
    enum code rc = add_positions(j, &columns[0], &columns[1], n, err);
    pthread_mutex_unlock(&j->r->out->lock);
    return rc;
}

/* A column of a delete file, by number; or by name, in a file without numbers. */
must_use static enum code find_column(const struct pq_file *pq, int32_t id, const char *name,
                                      enum dtype dtype, size_t *out, struct err *err)
{
    size_t n = pq_file_n_columns(pq);
    bool has_numbers = false;
    for (*out = 0; *out < n && pq_file_column(pq, *out)->field_id != id; ++*out)
        has_numbers |= pq_file_column(pq, *out)->field_id != PQ_NO_FIELD_ID;
    if (*out == n && has_numbers)
        return err_set(err, E_CORRUPT, "has no column %s", name);
    if (*out == n)
        TRY(pq_file_find(pq, view_cstr(name), out, err));
    const struct pq_column *col = pq_file_column(pq, *out);
    return col->supported && col->type.dtype == dtype
               ? OK
               : err_set(err, E_CORRUPT, "column %s has another type than it must have", name);
}

static struct file_runs_config runs_of(const struct deletes_reader *r, size_t i,
                                       const size_t *columns, size_t n)
{
    const struct row_deletes_config *c = r->config;
    return (struct file_runs_config){
        .file = &r->opened[i].file,
        .columns = columns,
        .n_columns = n,
        .shares = c->shares,
        .temp_dir = c->temp_dir,
        .op = c->op,
    };
}

must_use static enum code read_positions(struct deletes_reader *r, size_t i, struct err *err)
{
    const struct pq_file *pq = r->opened[i].file.pq;
    struct positions_job j = {.r = r, .delete_file = i};
    size_t columns[2];
    TRY(find_column(pq, FIELD_FILE_PATH, "file_path", DT_UTF8, &columns[0], err));
    TRY(find_column(pq, FIELD_POS, "pos", DT_INT64, &columns[1], err));
    struct file_runs_config runs = runs_of(r, i, columns, 2);
    enum code rc = file_runs_each(&runs, take_positions, &j, err);
    buf_done(&j.last_path);
    return rc;
}

/* ------------------------------------------------------------------------------------- vectors */

struct vector_job {
    struct row_bitmap *rows;
    uint64_t bytes;
};

static void take_range(void *arg, uint64_t first, uint64_t n)
{
    struct vector_job *j = arg;
    j->bytes += row_bitmap_add(j->rows, first, n);
}

/* Only this vector says what is deleted from its data file by position, so the bitmap needs no
 * lock. */
must_use static enum code read_vector(struct deletes_reader *r, size_t i, struct err *err)
{
    const struct publication *p = r->config->publication;
    const struct delete_file *f = &p->delete_files[i];
    uint64_t n_rows = p->data_files[f->data_file].n_rows;
    struct vector_job j = {&r->out->positions[f->data_file], 0};
    enum code rc = n_rows / 8 <= r->out->max_bytes ? OK : charge(r->out, n_rows / 8, err);
    if (!rc)
        rc = dv_read(buf_view(&r->opened[i].vector), n_rows, take_range, &j, err);
    pthread_mutex_lock(&r->out->lock);
    if (!rc)
        rc = charge(r->out, j.bytes, err);
    pthread_mutex_unlock(&r->out->lock);
    buf_done(&r->opened[i].vector);
    return rc ? err_in(err, rc, "file %s, deletion vector at %llu", f->uri,
                       (unsigned long long)f->offset)
              : OK;
}

/* ---------------------------------------------------------------------------------- equalities */

struct equality_job {
    struct row_deletes *d;
    size_t group;
    int64_t sequence_number;
    struct equality_columns columns;
    struct buf key;
};

static enum code take_equalities(void *arg, const struct vector *columns, size_t n, struct err *err)
{
    struct equality_job *j = arg;
    struct key_numbers *numbers = &j->d->equalities[j->group];
    enum code rc = OK;
    equality_columns_reset(&j->columns);
    for (size_t k = 0; k < j->columns.n; k++)
        TRY(equality_columns_set(&j->columns, k, &columns[k], err));
    pthread_mutex_lock(&j->d->lock);
    size_t before = key_numbers_bytes(numbers);
    for (size_t row = 0; row < n; row++) {
        buf_reset(&j->key);
        equality_key_put(&j->columns, row, &j->key);
        key_numbers_add(numbers, buf_view(&j->key), j->sequence_number);
    }
    rc = charge(j->d, key_numbers_bytes(numbers) - before, err);
    pthread_mutex_unlock(&j->d->lock);
    return rc;
}

/* The columns of a delete file that its group compares, and their types. */
must_use static enum code find_compared(const struct deletes_reader *r, size_t i,
                                        const struct equality_group *group, size_t *columns,
                                        struct type *types, struct err *err)
{
    const struct publication *p = r->config->publication;
    AUTO(file_columns) struct file_columns of_file = {0};
    file_columns_init(&of_file, r->opened[i].file.pq, p);
    for (size_t k = 0; k < group->n_field_ids; k++) {
        const struct publication_field *f = publication_field(p, group->field_ids[k]);
        bool is_there = file_columns_find_id(&of_file, f->id, &columns[k]);
        if (!is_there && !of_file.ids)
            is_there = file_columns_find(&of_file, view_cstr(f->name), &columns[k], NULL) == OK;
        if (!is_there)
            return err_set(err, E_CORRUPT, "has no column '%s', which it deletes by", f->name);
        const struct pq_column *col = pq_file_column(r->opened[i].file.pq, columns[k]);
        if (!col->supported)
            return err_set(err, E_UNSUPPORTED, "deletes by column '%s': %s", f->name, col->why_not);
        if (!type_converts(&col->type, &f->type) &&
            !pq_file_says_null(r->opened[i].file.pq, columns[k]))
            return err_set(err, E_CORRUPT, "column '%s' has another type than in the table",
                           f->name);
        types[k] = f->type;
    }
    return OK;
}

must_use static enum code read_equalities(struct deletes_reader *r, size_t i, struct err *err)
{
    const struct delete_file *f = &r->config->publication->delete_files[i];
    const struct equality_group *group = &r->config->publication->equalities[f->equality];
    AUTO(ptr) size_t *columns = mem_alloc((group->n_field_ids + 1) * sizeof(*columns));
    AUTO(ptr) struct type *types = mem_alloc((group->n_field_ids + 1) * sizeof(*types));
    enum code rc = find_compared(r, i, group, columns, types, err);
    if (rc)
        return err_in(err, rc, "file %s", f->uri);
    struct equality_job j = {
        .d = r->out, .group = f->equality, .sequence_number = f->sequence_number};
    equality_columns_init(&j.columns, types, group->n_field_ids, 512);
    struct file_runs_config runs = runs_of(r, i, columns, group->n_field_ids);
    rc = file_runs_each(&runs, take_equalities, &j, err);
    equality_columns_done(&j.columns);
    buf_done(&j.key);
    return rc;
}

/* --------------------------------------------------------------------------------------- files */

must_use static enum code start(struct deletes_reader *r, size_t i, struct err *err)
{
    const struct delete_file *f = &r->config->publication->delete_files[i];
    struct opened *o = &r->opened[i];
    if (f->kind != DELETE_VECTOR) {
        const struct data_file file = {.store = f->store, .info = f->info, .name = f->uri};
        return source_file_start(&file, r->config->op, &o->file, err);
    }
    if (f->len > r->out->max_bytes)
        return err_set(err, E_LIMIT, "file %s: a deletion vector of %llu bytes", f->uri,
                       (unsigned long long)f->len);
    TRY(object_open(f->store, &f->info, &o->object, err));
    struct byte_range range = {f->offset, f->len, buf_reserve(&o->vector, (size_t)f->len), false};
    o->reading = object_read_start(o->object, &range, 1, r->config->op);
    return OK;
}

must_use static enum code finish(struct deletes_reader *r, size_t i, struct err *err)
{
    const struct delete_file *f = &r->config->publication->delete_files[i];
    struct opened *o = &r->opened[i];
    if (f->kind != DELETE_VECTOR) {
        TRY(source_file_open(&o->file, r->config->op, r->config->limits, err));
        if (o->file.tail.len < o->file.size)
            source_file_drop_tail(&o->file);
        return OK;
    }
    struct object_read *reading = o->reading;
    o->reading = NULL;
    enum code rc = object_read_finish(reading, err);
    o->vector.len = rc ? 0 : (size_t)f->len;
    return rc ? err_in(err, rc, "file %s", f->uri) : OK;
}

static void close_opened(struct opened *o)
{
    struct err ignored;
    if (o->reading && object_read_finish(o->reading, &ignored))
        o->reading = NULL; /* the bytes are not wanted, so neither is the error */
    object_close(o->object);
    source_file_close(&o->file);
    buf_done(&o->vector);
}

static enum code read_task(void *job, size_t i, unsigned worker, struct err *err)
{
    struct deletes_reader *r = job;
    (void)worker;
    switch (r->config->publication->delete_files[i].kind) {
    case DELETE_POSITIONS:
        return read_positions(r, i, err);
    case DELETE_VECTOR:
        return read_vector(r, i, err);
    case DELETE_EQUALITY:
        return read_equalities(r, i, err);
    }
    return OK;
}

must_use static enum code open_all(struct deletes_reader *r, struct err *err)
{
    size_t n = r->config->publication->n_delete_files;
    for (size_t i = 0; i < n; i++) {
        for (; r->n_opened < n && r->n_opened < i + openings; r->n_opened++)
            TRY(start(r, r->n_opened, err));
        TRY(finish(r, i, err));
    }
    return OK;
}

enum code row_deletes_read(struct row_deletes *d, const struct row_deletes_config *config,
                           struct err *err)
{
    const struct publication *p = config->publication;
    struct deletes_reader r = {.config = config, .out = d};
    *d = (struct row_deletes){.publication = p, .max_bytes = config->shares->deletes};
    if (p->n_delete_files == 0)
        return OK;
    d->positions = mem_zalloc((p->n_data_files + 1) * sizeof(*d->positions));
    d->equalities = mem_zalloc((p->n_equalities + 1) * sizeof(*d->equalities));
    for (size_t i = 0; i < p->n_equalities; i++)
        d->equalities[i].seed = config->hash_seed;
    pthread_mutex_init(&d->lock, NULL);
    r.opened = mem_zalloc(p->n_delete_files * sizeof(*r.opened));
    list_names(&r);
    enum code rc = open_all(&r, err);
    if (!rc)
        rc = pool_run(config->pool, p->n_delete_files, read_task, &r, err);
    for (size_t i = 0; i < r.n_opened; i++)
        close_opened(&r.opened[i]);
    pthread_mutex_destroy(&d->lock);
    free(r.opened);
    free(r.names);
    return rc;
}
