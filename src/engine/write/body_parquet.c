#include "engine/write/body_priv.h"

#include "base/mem.h"
#include "format/parquet/reader.h"

/* A file that lies whole before us: chunks are decoded where they are. */
struct parquet_body {
    struct body base;
    struct view bytes;
    struct pq_limits limits;
    struct pq_budget budget;
    struct pq_file *file;
    size_t *column_of;        /* by field; unused where it is fixed */
    struct pq_chunk **chunks; /* by field; NULL where it is fixed */
    size_t row_group;
    uint64_t n_left; /* rows of the row group; 0: the next one has to be started */
};

must_use static enum code start_group(struct parquet_body *p, struct err *err)
{
    p->n_left = pq_file_group_rows(p->file, p->row_group);
    for (size_t i = 0; p->n_left && i < p->base.schema->n_fields; i++) {
        uint64_t offset, len;
        if (body_is_fixed(&p->base, i))
            continue;
        TRY(pq_chunk_range(p->file, p->row_group, p->column_of[i], &offset, &len, err));
        TRY(pq_chunk_start(p->chunks[i], p->file, p->row_group, p->column_of[i],
                           view_of(p->bytes.ptr + offset, len), err));
    }
    p->row_group++;
    return OK;
}

must_use static enum code read_columns(struct parquet_body *p, size_t *out_n, struct err *err)
{
    size_t n = 0;
    const char *first = NULL;
    for (size_t i = 0; i < p->base.schema->n_fields; i++) {
        struct vector *v = body_column(&p->base, i);
        const char *name = p->base.schema->fields[i].name;
        if (body_is_fixed(&p->base, i))
            continue;
        TRY(pq_chunk_read(p->chunks[i], v, err));
        if (first && v->n != n)
            return err_set(err, E_CORRUPT, "column '%s' has %zu rows where column '%s' has %zu",
                           name, v->n, first, n);
        first = name;
        n = v->n;
    }
    if (n == 0 || n > p->n_left)
        return err_set(err, E_CORRUPT, "row group %zu does not have the rows that it says",
                       p->row_group - 1);
    *out_n = n;
    return OK;
}

static enum code parquet_next(struct body *b, size_t *out_n, struct err *err)
{
    struct parquet_body *p = (struct parquet_body *)b;
    *out_n = 0;
    while (p->n_left == 0) {
        if (p->row_group == pq_file_n_row_groups(p->file))
            return OK;
        TRY(start_group(p, err));
    }
    TRY(read_columns(p, out_n, err));
    p->n_left -= *out_n;
    return OK;
}

static void parquet_close(struct body *b)
{
    struct parquet_body *p = (struct parquet_body *)b;
    for (size_t i = 0; p->chunks && i < b->schema->n_fields; i++)
        pq_chunk_free(p->chunks[i]);
    free(p->chunks);
    free(p->column_of);
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
    uint64_t announced;
    enum code rc = pq_file_find(p->file, view_cstr(name), &p->column_of[i], err);
    if (rc == E_NOTFOUND)
        return OK;
    TRY(rc);
    const struct pq_column *c = pq_file_column(p->file, p->column_of[i]);
    if (!c->supported)
        return err_set(err, E_INVALID, "column '%s': %s", name, c->why_not);
    p->chunks[i] = pq_chunk_new();
    TRY(pq_file_announced(p->file, p->column_of[i], &announced, err));
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
    return body_check_complete(&p->base, err);
}

enum code body_open_parquet(const struct body_config *config, struct body **out, struct err *err)
{
    static const struct body_ops ops = {parquet_next, parquet_close};
    struct parquet_body *p = mem_zalloc(sizeof(*p));
    body_init(&p->base, &ops, config);
    p->bytes = config->bytes;
    p->limits = pq_limits_default();
    p->limits.page_bytes = (size_t)(config->memory_bytes / 4);
    p->limits.held_bytes = (size_t)(config->memory_bytes / 4);
    p->limits.budget = &p->budget;
    pq_budget_init(&p->budget, (size_t)(config->memory_bytes / 2), config->bytes.len,
                   config->memory_bytes);
    p->chunks = mem_zalloc(config->schema->n_fields * sizeof(struct pq_chunk *));
    p->column_of = mem_zalloc(config->schema->n_fields * sizeof(*p->column_of));
    enum code rc = open_file(p, err);
    if (rc)
        body_close(&p->base);
    else
        *out = &p->base;
    return rc;
}
