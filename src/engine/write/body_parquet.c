#include "engine/write/body_forms.h"
#include "engine/write/body_priv.h"

#include "base/mem.h"
#include "engine/load/row_reader.h"

/* The whole file is in memory, or mapped if it was long, so chunks are decoded where they are. */
struct parquet_body {
    struct body base;
    struct view bytes;
    struct pq_limits limits;
    struct pq_budget budget;
    struct pq_file *file;
    /* The table's columns that the file has. */
    size_t n_columns;
    size_t *columns;      /* index in the file */
    struct vector **runs; /* the body's column */
    struct view *chunks;
    struct row_reader reader;
    size_t next_group;
};

must_use static enum code open_group(struct parquet_body *p, struct err *err)
{
    for (size_t k = 0; k < p->n_columns; k++) {
        uint64_t offset, len;
        TRY(pq_chunk_range(p->file, p->next_group, p->columns[k], &offset, &len, err));
        p->chunks[k] = view_of(p->bytes.ptr + offset, len);
    }
    return row_reader_open(&p->reader, p->next_group++, p->chunks, err);
}

must_use static enum code next_run(struct parquet_body *p, size_t *out_n, struct err *err)
{
    for (;;) {
        TRY(row_reader_next(&p->reader, p->runs, out_n, err));
        if (*out_n || p->next_group == pq_file_n_row_groups(p->file))
            return OK;
        TRY(open_group(p, err));
    }
}

static enum code parquet_next(struct body *b, size_t *out_n, struct err *err)
{
    struct parquet_body *p = (struct parquet_body *)b;
    enum code rc = next_run(p, out_n, err);
    return rc ? err_in(err, rc, "row group %zu", p->next_group ? p->next_group - 1 : 0) : OK;
}

static void parquet_close(struct body *b)
{
    struct parquet_body *p = (struct parquet_body *)b;
    row_reader_done(&p->reader);
    free(p->chunks);
    free(p->columns);
    free(p->runs);
    pq_file_free(p->file);
    free(p);
}

must_use static enum code read_footer(struct parquet_body *p, struct err *err)
{
    uint64_t offset;
    uint32_t len;
    size_t tail = p->bytes.len < PQ_TAIL_GOOD ? p->bytes.len : PQ_TAIL_GOOD;
    TRY(pq_footer_locate(view_of(p->bytes.ptr + p->bytes.len - tail, tail), p->bytes.len,
                         &p->limits, &offset, &len, err));
    return pq_file_parse(view_of(p->bytes.ptr + offset, len), p->bytes.len, &p->limits, &p->file,
                         err);
}

must_use static enum code find_column(struct parquet_body *p, size_t i, struct err *err)
{
    const char *name = p->base.schema->fields[i].name;
    size_t column;
    uint64_t announced;
    enum code rc = pq_file_find(p->file, view_cstr(name), &column, err);
    if (rc == E_NOTFOUND)
        return OK;
    TRY(rc);
    const struct pq_column *c = pq_file_column(p->file, column);
    if (!c->supported)
        return err_set(err, E_INVALID, "column '%s': %s", name, c->why_not);
    TRY(pq_file_announced(p->file, column, &announced, err));
    p->runs[p->n_columns] = body_column(&p->base, i);
    p->columns[p->n_columns++] = column;
    return body_bind(&p->base, i, &c->type, err);
}

must_use static enum code check_known(const struct parquet_body *p, struct err *err)
{
    for (size_t i = 0; i < pq_file_n_columns(p->file) && !p->base.rules.passes_unknown; i++) {
        const struct pq_column *c = pq_file_column(p->file, i);
        struct view name = view_of(c->name, c->name_len);
        if (schema_find(p->base.schema, name) < 0)
            return schema_unknown(p->base.schema, name, err);
    }
    return OK;
}

must_use static enum code open_file(struct parquet_body *p, struct err *err)
{
    TRY(read_footer(p, err));
    TRY(check_known(p, err));
    for (size_t i = 0; i < p->base.schema->n_fields; i++)
        TRY(find_column(p, i, err));
    row_reader_begin(&p->reader, p->file, p->columns, p->n_columns);
    return body_check_complete(&p->base, err);
}

enum code body_open_parquet(const struct body_config *config, struct body **out, struct err *err)
{
    static const struct body_ops ops = {parquet_next, parquet_close};
    struct parquet_body *p = mem_zalloc(sizeof(*p));
    body_init(&p->base, &ops, config);
    p->bytes = config->bytes;
    p->limits = row_reader_limits(config->shares, config->bytes.len, &p->budget);
    p->columns = mem_alloc(config->schema->n_fields * sizeof(*p->columns));
    p->runs = mem_alloc(config->schema->n_fields * sizeof(struct vector *));
    p->chunks = mem_alloc(config->schema->n_fields * sizeof(*p->chunks));
    enum code rc = open_file(p, err);
    if (rc)
        body_close(&p->base);
    else
        *out = &p->base;
    return rc;
}
