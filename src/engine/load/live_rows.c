#include "engine/load/live_rows.h"

#include "base/mem.h"

void live_rows_init(struct live_rows *r, const struct live_rows_config *config)
{
    size_t n = resolved_n_vectors(config->resolved);
    *r = (struct live_rows){.config = config, .file = SIZE_MAX};
    r->columns = mem_zalloc((n + 1) * sizeof(*r->columns));
    r->runs = mem_zalloc((n + 1) * sizeof(struct vector *));
    r->types = mem_zalloc((n + 1) * sizeof(*r->types));
    row_filter_init(&r->filter, config->deletes, config->resolved);
}

void live_rows_done(struct live_rows *r)
{
    for (size_t i = 0; r->columns && i < resolved_n_vectors(r->config->resolved); i++)
        vector_done(&r->columns[i]);
    row_reader_done(&r->reader);
    row_filter_done(&r->filter);
    free(r->columns);
    free(r->runs);
    free(r->types);
    *r = (struct live_rows){0};
}

/* The type in which a column of the file is decoded into a vector. */
static struct type decoded_type(const struct live_rows *r, size_t column, size_t vector)
{
    const struct resolved *resolved = r->config->resolved;
    size_t n_fields = resolved->schema.n_fields;
    const struct type *wanted = vector < n_fields ? &resolved->schema.fields[vector].type
                                                  : &resolved->hidden[vector - n_fields].type;
    return resolve_read_type(pq_file_column(r->config->files[r->file].pq, column), wanted);
}

/* Give the vectors the types that they have in this file. */
static void fit_vectors(struct live_rows *r)
{
    const struct resolved_file *f = &r->config->resolved->files[r->file];
    for (size_t k = 0; k < f->n; k++) {
        struct vector *v = &r->columns[f->vectors[k]];
        struct type *type = &r->types[f->vectors[k]];
        *type = decoded_type(r, f->columns[k], f->vectors[k]);
        r->runs[k] = v;
        if (v->cap == 0 || !type_eq(&v->type, type)) {
            vector_done(v);
            vector_init(v, type, ROW_FILTER_ROWS);
        }
    }
    for (size_t k = 0; k < f->n_absent; k++) {
        const struct absent_column *absent = &f->absent[k];
        struct vector *v = &r->columns[absent->vector];
        r->types[absent->vector] = absent->type;
        vector_done(v);
        vector_init(v, &absent->type, ROW_FILTER_ROWS);
    }
}

enum code live_rows_open(struct live_rows *r, size_t file, size_t row_group,
                         const struct view *chunks, struct err *err)
{
    const struct resolved_file *f = &r->config->resolved->files[file];
    const struct pq_file *pq = r->config->files[file].pq;
    if (file != r->file) {
        r->file = file;
        fit_vectors(r);
    }
    r->group_row = 0;
    for (size_t g = 0; g < row_group; g++)
        r->group_row += pq_file_group_rows(pq, g);
    row_reader_begin(&r->reader, pq, f->columns, f->n);
    return row_reader_open(&r->reader, row_group, chunks, err);
}

/* How many rows the next run has, in a file that has none of the columns. */
static size_t run_of_constants(struct live_rows *r)
{
    uint64_t left = r->reader.n_rows - r->reader.at;
    size_t n = left < ROW_FILTER_ROWS ? (size_t)left : ROW_FILTER_ROWS;
    r->reader.at += n;
    return n;
}

static void fill_absent(const struct absent_column *absent, struct vector *v, size_t n)
{
    constant_fill(absent->value, v, n);
    if (absent->is_nothing)
        v->n_nulls = 0;
}

must_use static enum code read_run(struct live_rows *r, size_t *out_n, struct err *err)
{
    const struct resolved_file *f = &r->config->resolved->files[r->file];
    r->at = r->reader.at;
    if (f->n == 0)
        *out_n = run_of_constants(r);
    else
        TRY(row_reader_next(&r->reader, r->runs, out_n, err));
    for (size_t k = 0; k < f->n_absent; k++)
        fill_absent(&f->absent[k], &r->columns[f->absent[k].vector], *out_n);
    return OK;
}

enum code live_rows_next(struct live_rows *r, size_t *out_n, struct err *err)
{
    size_t n;
    do {
        TRY(read_run(r, &n, err));
        TRY(row_filter_run(&r->filter, r->file, r->group_row + r->at, r->columns, n, err));
    } while (n && r->filter.n_kept == 0);
    *out_n = r->filter.n_kept;
    return OK;
}

void live_rows_close(struct live_rows *r)
{
    row_reader_close(&r->reader);
}
