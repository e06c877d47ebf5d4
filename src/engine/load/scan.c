#include "engine/load/scan.h"

#include "base/mem.h"
#include "engine/load/prefetched.h"
#include "engine/load/row_reader.h"
#include "engine/load/scan_column.h"

enum { run_rows = 512, batch_rows = 65536 };

static const struct remote_op no_bound;

struct scan {
    const struct source_file *file;
    struct scan_config config;
    size_t n;        /* columns */
    size_t *columns; /* indexes into the file's columns */
    struct row_reader reader;
    struct view *chunks;    /* in `prefetched` */
    struct vector *runs;    /* decoded rows, not all appended yet */
    struct vector **run_of; /* pointers to all of `runs` */
    struct scan_column *building;
    struct ipc_field *fields;
    struct arena names; /* names of the fields */
    struct prefetched prefetched;
    struct buf schema;  /* the encoded schema message */
    struct arena arena; /* columns of the stream that was handed out last */

    size_t row_group; /* the current one if in_group, else the next */
    bool in_group;
    size_t run_n, run_at; /* rows in the run, and how many of them were appended */
    uint64_t n_done;      /* rows appended since the start */
    size_t built_bytes;   /* of the batch so far */
    bool begun;           /* a batch was handed out */
};

/* ------------------------------------------------------------------------------ which columns */

must_use static enum code add_named(struct scan *s, struct view name, struct err *err)
{
    size_t i;
    char shown[128];
    TRY(pq_file_find(s->file->pq, name, &i, err));
    const struct pq_column *col = pq_file_column(s->file->pq, i);
    if (!col->supported)
        return err_set(err, E_UNSUPPORTED, "column '%s': %s",
                       view_printable(name, shown, sizeof(shown)), col->why_not);
    s->columns[s->n++] = i;
    return OK;
}

/* Check the pages of one leaf of a nested column. */
must_use static enum code check_leaf(const struct scan *s, size_t row_group, size_t leaf_idx,
                                     struct err *err)
{
    uint64_t offset, len;
    AUTO(buf) struct buf bytes = {0};
    TRY(pq_leaf_range(s->file->pq, row_group, leaf_idx, &offset, &len, err));
    if (len > s->config.shares->chunks)
        return OK; /* not worth that much memory, since the column is not read */
    struct byte_range range = {offset, len, buf_reserve(&bytes, len), false};
    TRY(object_read_finish(source_file_read(s->file, &range, 1, &no_bound), err));
    return pq_leaf_check(s->file->pq, row_group, leaf_idx, view_of(bytes.ptr, len), err);
}

/* A nested column is left out if its pages are sound. Any other column that Murr cannot read is an
 * error, so that a damaged file does not look like one with fewer columns. */
must_use static enum code check_left_out(const struct scan *s, size_t i, struct err *err)
{
    const struct pq_column *col = pq_file_column(s->file->pq, i);
    char shown[128];
    view_printable(view_of(col->name, col->name_len), shown, sizeof(shown));
    if (!col->nested)
        return err_set(err, E_UNSUPPORTED, "column '%s': %s", shown, col->why_not);
    for (size_t g = 0; g < pq_file_n_row_groups(s->file->pq); g++)
        for (size_t k = 0; k < col->n_leaves; k++) {
            enum code rc = check_leaf(s, g, col->leaf_idx + k, err);
            if (rc)
                return err_in(err, rc, "row group %zu: column '%s'", g, shown);
        }
    return OK;
}

must_use static enum code choose_columns(struct scan *s, struct err *err)
{
    size_t n_file = pq_file_n_columns(s->file->pq);
    s->columns = mem_alloc((n_file + s->config.n_columns + 1) * sizeof(*s->columns));
    for (size_t i = 0; i < s->config.n_columns; i++)
        TRY(add_named(s, s->config.columns[i], err));
    for (size_t i = 0; s->config.n_columns == 0 && i < n_file; i++)
        if (pq_file_column(s->file->pq, i)->supported)
            s->columns[s->n++] = i;
        else
            TRY(check_left_out(s, i, err));
    return OK;
}

/* Arrow wants names in UTF-8 without a NUL; a Parquet file may have others, which are escaped. */
static const char *arrow_name(struct scan *s, const struct pq_column *col)
{
    struct view name = view_of(col->name, col->name_len);
    bool fits = view_is_utf8(name) && strlen(col->name) == col->name_len;
    size_t cap = 4 * name.len + 4;
    return fits ? col->name : view_printable(name, arena_alloc(&s->names, cap), cap);
}

static void set_column(struct scan *s, size_t i, const struct type *type)
{
    const struct pq_column *col = pq_file_column(s->file->pq, s->columns[i]);
    vector_done(&s->runs[i]);
    vector_init(&s->runs[i], type, run_rows);
    s->building[i].type = *type;
    s->fields[i].name = s->fields[i].name ? s->fields[i].name : arrow_name(s, col);
    s->fields[i].type = *type;
}

static void make_columns(struct scan *s)
{
    s->chunks = mem_zalloc(s->n * sizeof(*s->chunks));
    s->runs = mem_zalloc(s->n * sizeof(*s->runs));
    s->run_of = mem_zalloc(s->n * sizeof(struct vector *));
    s->building = mem_zalloc(s->n * sizeof(*s->building));
    s->fields = mem_zalloc(s->n * sizeof(*s->fields));
    for (size_t i = 0; i < s->n; i++) {
        s->run_of[i] = &s->runs[i];
        set_column(s, i, &pq_file_column(s->file->pq, s->columns[i])->type);
    }
}

/* -------------------------------------------------------------------------------------- INT96 */

/* Read some columns of a row group, and begin to decode them. */
must_use static enum code open_columns(struct scan *s, size_t row_group, const size_t *columns,
                                       size_t n, struct err *err)
{
    struct prefetch_place place = {s->file, row_group, columns, n};
    TRY(prefetched_read(&s->prefetched, &place, s->config.shares->chunks, s->config.temp_dir,
                        &no_bound, err));
    prefetched_chunks(&s->prefetched, s->chunks);
    row_reader_begin(&s->reader, s->file->pq, columns, n);
    return row_reader_open(&s->reader, row_group, s->chunks, err);
}

must_use static enum code read_through(struct scan *s, size_t i, size_t row_group, struct err *err)
{
    size_t n;
    TRY(open_columns(s, row_group, &s->columns[i], 1, err));
    do
        TRY(row_reader_next(&s->reader, &s->run_of[i], &n, err));
    while (n);
    return OK;
}

/*
 * INT96 timestamps become nanoseconds, or microseconds if a value does not fit into int64
 * nanoseconds. The schema comes before the first batch, so the column is decoded once just for
 * this. Failures other than E_INVALID are ignored here: they come up again when the batches are
 * read.
 */
static void choose_int96_unit(struct scan *s, size_t i)
{
    struct type type = pq_file_column(s->file->pq, s->columns[i])->type;
    for (size_t g = 0; g < pq_file_n_row_groups(s->file->pq); g++) {
        enum code rc = pq_file_group_rows(s->file->pq, g) ? read_through(s, i, g, NULL) : OK;
        if (rc == E_INVALID)
            type.unit = UNIT_US;
        if (rc)
            break;
    }
    row_reader_close(&s->reader);
    set_column(s, i, &type);
}

must_use static enum code check_announced(const struct scan *s, struct err *err)
{
    uint64_t all = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint64_t bytes;
        TRY(pq_file_announced(s->file->pq, s->columns[i], &bytes, err));
        if (__builtin_add_overflow(all, bytes, &all))
            all = UINT64_MAX;
    }
    return pq_budget_announce(s->config.budget, all, err);
}

enum code scan_open(const struct source_file *file, const struct scan_config *config,
                    struct scan **out_scan, struct err *err)
{
    struct scan *s = mem_zalloc(sizeof(*s));
    s->file = file;
    s->config = *config;
    enum code rc = choose_columns(s, err);
    if (rc) {
        scan_close(s);
        return rc;
    }
    make_columns(s);
    rc = check_announced(s, err);
    if (rc) {
        scan_close(s);
        return rc;
    }
    for (size_t i = 0; i < s->n; i++)
        if (pq_column_is_int96(pq_file_column(file->pq, s->columns[i])))
            choose_int96_unit(s, i);
    ipc_schema_put(s->fields, s->n, &s->schema);
    *out_scan = s;
    return OK;
}

void scan_close(struct scan *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->runs && i < s->n; i++) {
        vector_done(&s->runs[i]);
        scan_column_done(&s->building[i]);
    }
    row_reader_done(&s->reader);
    prefetched_done(&s->prefetched);
    arena_done(&s->arena);
    arena_done(&s->names);
    buf_done(&s->schema);
    free(s->columns);
    free(s->chunks);
    free(s->runs);
    free(s->run_of);
    free(s->building);
    free(s->fields);
    free(s);
}

/* ------------------------------------------------------------------------------------- reading */

must_use static enum code open_group(struct scan *s, struct err *err)
{
    s->in_group = true;
    return pq_file_group_rows(s->file->pq, s->row_group)
               ? open_columns(s, s->row_group, s->columns, s->n, err)
               : OK;
}

static void close_group(struct scan *s)
{
    row_reader_close(&s->reader);
    prefetched_reset(&s->prefetched);
    s->in_group = false;
    s->row_group++;
}

/* How many rows of the run still fit into the batch; at least one if the batch is empty. */
static size_t rows_that_fit(struct scan *s)
{
    size_t n = 0, bytes = s->built_bytes, built = s->building[0].n;
    uint64_t most = s->config.max_rows - s->n_done;
    for (; s->run_at + n < s->run_n && n < most && built + n < batch_rows; n++) {
        size_t row = 0;
        for (size_t i = 0; i < s->n; i++)
            row += scan_row_bytes(&s->runs[i], s->run_at + n);
        if (bytes + row > s->config.shares->batch && built + n > 0)
            break;
        bytes += row;
    }
    s->built_bytes = bytes;
    return n;
}

/* Append what fits. False if some of the run did not, since the batch is full. */
static bool append_run(struct scan *s)
{
    size_t n = rows_that_fit(s);
    for (size_t i = 0; i < s->n; i++)
        scan_column_add(&s->building[i], &s->runs[i], s->run_at, n);
    s->run_at += n;
    s->n_done += n;
    return s->run_at == s->run_n;
}

must_use static enum code fill_batch(struct scan *s, struct err *err)
{
    while (s->n_done < s->config.max_rows && append_run(s)) {
        if (s->in_group && s->reader.at == s->reader.n_rows)
            close_group(s);
        if (!s->in_group && s->row_group == pq_file_n_row_groups(s->file->pq))
            return OK;
        if (!s->in_group)
            TRY(open_group(s, err));
        s->run_at = 0;
        TRY(row_reader_next(&s->reader, s->run_of, &s->run_n, err));
    }
    return OK;
}

must_use static enum code make_stream(struct scan *s, size_t n_rows, struct ipc_stream *out,
                                      struct err *err)
{
    arena_reset(&s->arena);
    for (size_t i = 0; i < s->n; i++)
        scan_column_sizes(&s->building[i], &s->fields[i].sizes);
    TRY(ipc_plan(buf_view(&s->schema), s->fields, s->n, n_rows, SIZE_MAX, &s->arena, out, err));
    for (size_t i = 0; i < s->n; i++) {
        scan_column_fill(&s->building[i], &out->columns[i]);
        scan_column_reset(&s->building[i]);
    }
    ipc_finish(out);
    s->built_bytes = 0;
    return OK;
}

enum code scan_next(struct scan *s, struct ipc_stream *out_stream, size_t *out_n_rows,
                    struct err *err)
{
    uint64_t before = s->n_done;
    if (s->n == 0) { /* rows without columns are counted, not read */
        uint64_t n_rows = pq_file_n_rows(s->file->pq);
        s->n_done = n_rows < s->config.max_rows ? n_rows : s->config.max_rows;
    }
    enum code rc = s->n ? fill_batch(s, err) : OK;
    if (rc)
        return err_in(err, rc, "row group %zu", s->row_group);
    size_t n_rows = (size_t)(s->n_done - before);
    *out_n_rows = n_rows;
    if (n_rows == 0 && s->begun)
        return OK;
    s->begun = true;
    return make_stream(s, n_rows, out_stream, err);
}
