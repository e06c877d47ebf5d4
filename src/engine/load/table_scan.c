#include "engine/load/table_scan.h"

#include "base/mem.h"
#include "engine/load/live_rows.h"
#include "engine/load/prefetched.h"
#include "engine/load/scan_column.h"
#include "engine/load/source_files.h"
#include "model/convert.h"

enum { batch_rows = 65536 };

struct table_scan {
    struct table_scan_config config;
    struct pq_budget budget;
    struct pq_limits limits;
    struct source_files files;
    struct table_spec spec; /* no key, and the columns asked for */
    struct resolved resolved;
    struct row_deletes deletes;
    struct live_rows_config rows_config;
    struct live_rows rows;
    struct prefetched prefetched;
    struct view *chunks;
    struct vector *converted; /* by field */
    struct arena conversions; /* for converted lists */

    size_t n;       /* columns that are given out */
    size_t *fields; /* their fields */
    struct scan_column *building;
    struct ipc_field *ipc_fields;
    struct buf schema;  /* the encoded schema message */
    struct arena arena; /* columns of the stream that was handed out last */

    size_t file, row_group; /* the current one if in_group, else the next */
    bool in_group;
    size_t run_n, run_at; /* rows in the run, and how many of them were appended */
    uint64_t n_done;      /* rows appended since the start */
    size_t built_bytes;   /* of the batch so far */
    bool begun;           /* a batch was handed out */
};

/* ------------------------------------------------------------------------------ which columns */

must_use static enum code choose_fields(struct table_scan *s, struct err *err)
{
    const struct table_scan_config *c = &s->config;
    const struct schema *schema = &s->resolved.schema;
    s->fields = mem_alloc((schema->n_fields + c->n_columns + 1) * sizeof(*s->fields));
    for (size_t k = 0; k < c->n_columns; k++) {
        ptrdiff_t i = schema_find(schema, c->columns[k]);
        if (i < 0)
            return schema_unknown(schema, c->columns[k], err) ? E_NOTFOUND : OK;
        s->fields[s->n++] = (size_t)i;
    }
    for (size_t i = 0; c->n_columns == 0 && i < schema->n_fields; i++)
        s->fields[s->n++] = i;
    return OK;
}

static void make_columns(struct table_scan *s)
{
    const struct schema *schema = &s->resolved.schema;
    s->converted = mem_zalloc((schema->n_fields + 1) * sizeof(*s->converted));
    s->building = mem_zalloc((s->n + 1) * sizeof(*s->building));
    s->ipc_fields = mem_zalloc((s->n + 1) * sizeof(*s->ipc_fields));
    for (size_t i = 0; i < schema->n_fields; i++)
        vector_init(&s->converted[i], &schema->fields[i].type, ROW_FILTER_ROWS);
    for (size_t k = 0; k < s->n; k++) {
        const struct field *f = &schema->fields[s->fields[k]];
        s->building[k].type = f->type;
        s->ipc_fields[k].name = f->name;
        s->ipc_fields[k].type = f->type;
    }
    ipc_schema_put(s->ipc_fields, s->n, &s->schema);
}

/* ---------------------------------------------------------------------------------------- open */

must_use static enum code read_deletes(struct table_scan *s, struct err *err)
{
    const struct row_deletes_config config = {
        .publication = s->config.publication,
        .pool = s->config.pool,
        .shares = s->config.shares,
        .limits = &s->limits,
        .op = s->config.op,
        .temp_dir = s->config.temp_dir,
    };
    return row_deletes_read(&s->deletes, &config, err);
}

must_use static enum code open_all(struct table_scan *s, struct err *err)
{
    const struct publication *p = s->config.publication;
    s->limits = row_reader_limits(s->config.shares, publication_bytes(p), &s->budget);
    TRY(source_files_open(&s->files, p, s->config.op, &s->limits, 0, err));
    TRY(resolve_columns(&s->spec, p, NULL, s->files.files, &s->resolved, err));
    TRY(choose_fields(s, err));
    TRY(read_deletes(s, err));
    s->rows_config = (struct live_rows_config){&s->resolved, s->files.files, &s->deletes};
    s->chunks = mem_zalloc((resolved_n_vectors(&s->resolved) + 1) * sizeof(*s->chunks));
    live_rows_init(&s->rows, &s->rows_config);
    make_columns(s);
    return OK;
}

enum code table_scan_open(const struct table_scan_config *config, struct table_scan **out_scan,
                          struct err *err)
{
    struct table_scan *s = mem_zalloc(sizeof(*s));
    s->config = *config;
    enum code rc = open_all(s, err);
    if (rc)
        table_scan_close(s);
    else
        *out_scan = s;
    return rc;
}

void table_scan_close(struct table_scan *s)
{
    if (!s)
        return;
    if (s->rows.config)
        live_rows_done(&s->rows);
    for (size_t i = 0; s->converted && i < s->resolved.schema.n_fields; i++)
        vector_done(&s->converted[i]);
    for (size_t k = 0; s->building && k < s->n; k++)
        scan_column_done(&s->building[k]);
    prefetched_done(&s->prefetched);
    row_deletes_done(&s->deletes);
    resolved_done(&s->resolved);
    source_files_close(&s->files);
    arena_done(&s->arena);
    arena_done(&s->conversions);
    buf_done(&s->schema);
    free(s->chunks);
    free(s->converted);
    free(s->building);
    free(s->ipc_fields);
    free(s->fields);
    free(s);
}

const char *table_scan_skipped(const struct table_scan *s)
{
    return s->resolved.skipped.len ? (const char *)s->resolved.skipped.ptr : "";
}

/* ------------------------------------------------------------------------------------- reading */

must_use static enum code open_group(struct table_scan *s, struct err *err)
{
    const struct resolved_file *f = &s->resolved.files[s->file];
    struct prefetch_place place = {&s->files.files[s->file], s->row_group, f->columns, f->n};
    s->in_group = true;
    TRY(prefetched_read(&s->prefetched, &place, s->config.shares->chunks, s->config.temp_dir,
                        s->config.op, err));
    prefetched_chunks(&s->prefetched, s->chunks);
    return live_rows_open(&s->rows, s->file, s->row_group, s->chunks, err);
}

static void close_group(struct table_scan *s)
{
    live_rows_close(&s->rows);
    prefetched_reset(&s->prefetched);
    s->in_group = false;
    s->row_group++;
}

/* Go to the next row group that has rows. False: there is none. */
static bool find_group(struct table_scan *s)
{
    for (; s->file < s->config.publication->n_data_files; s->file++, s->row_group = 0) {
        const struct pq_file *pq = s->files.files[s->file].pq;
        for (; s->row_group < pq_file_n_row_groups(pq); s->row_group++)
            if (pq_file_group_rows(pq, s->row_group))
                return true;
    }
    return false;
}

/* Convert the run to the types of the schema. */
must_use static enum code convert_run(struct table_scan *s, struct err *err)
{
    const struct schema *schema = &s->resolved.schema;
    arena_reset(&s->conversions);
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct vector *v = &s->rows.columns[i];
        enum code rc = type_converts(&v->type, &schema->fields[i].type)
                           ? vector_convert(v, &s->converted[i], &s->conversions, err)
                           : vector_convert_nulls(v, &s->converted[i], &s->conversions, err);
        if (rc)
            return err_in(err, rc, "column '%.100s'", schema->fields[i].name);
    }
    return OK;
}

/* Read the next run. It has no rows at the end. */
must_use static enum code next_run(struct table_scan *s, struct err *err)
{
    s->run_at = s->run_n = 0;
    while (s->run_n == 0) {
        if (!s->in_group && !find_group(s))
            return OK;
        if (!s->in_group)
            TRY(open_group(s, err));
        TRY(live_rows_next(&s->rows, &s->run_n, err));
        if (s->run_n == 0)
            close_group(s);
    }
    return convert_run(s, err);
}

/* How many rows of the run still fit into the batch; at least one if the batch is empty. */
static size_t rows_that_fit(struct table_scan *s, size_t n_built)
{
    size_t n = 0, bytes = s->built_bytes;
    uint64_t most = s->config.max_rows - s->n_done;
    for (; s->run_at + n < s->run_n && n < most && n_built + n < batch_rows; n++) {
        size_t row = 0;
        for (size_t k = 0; k < s->n; k++)
            row += scan_row_bytes(&s->converted[s->fields[k]], s->run_at + n);
        if (bytes + row > s->config.shares->batch && n_built + n > 0)
            break;
        bytes += row;
    }
    s->built_bytes = bytes;
    return n;
}

must_use static enum code fill_batch(struct table_scan *s, size_t *out_n, struct err *err)
{
    *out_n = 0;
    while (s->n_done < s->config.max_rows) {
        if (s->run_at == s->run_n)
            TRY(next_run(s, err));
        if (s->run_n == 0)
            return OK;
        size_t n = rows_that_fit(s, *out_n);
        for (size_t k = 0; k < s->n; k++)
            scan_column_add(&s->building[k], &s->converted[s->fields[k]], s->run_at, n);
        s->run_at += n;
        s->n_done += n;
        *out_n += n;
        if (s->run_at < s->run_n)
            return OK;
    }
    return OK;
}

must_use static enum code make_stream(struct table_scan *s, size_t n_rows, struct ipc_stream *out,
                                      struct err *err)
{
    arena_reset(&s->arena);
    for (size_t k = 0; k < s->n; k++)
        scan_column_sizes(&s->building[k], &s->ipc_fields[k].sizes);
    TRY(ipc_plan(buf_view(&s->schema), s->ipc_fields, s->n, n_rows, SIZE_MAX, &s->arena, out, err));
    for (size_t k = 0; k < s->n; k++) {
        scan_column_fill(&s->building[k], &out->columns[k]);
        scan_column_reset(&s->building[k]);
    }
    ipc_finish(out);
    s->built_bytes = 0;
    return OK;
}

enum code table_scan_next(struct table_scan *s, struct ipc_stream *out_stream, size_t *out_n_rows,
                          struct err *err)
{
    enum code rc = fill_batch(s, out_n_rows, err);
    if (rc && s->file < s->config.publication->n_data_files)
        return err_in(err, rc, "file %s, row group %zu",
                      s->config.publication->data_files[s->file].name, s->row_group);
    TRY(rc);
    if (*out_n_rows == 0 && s->begun)
        return OK;
    s->begun = true;
    return make_stream(s, *out_n_rows, out_stream, err);
}
