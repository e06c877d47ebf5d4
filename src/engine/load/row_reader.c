#include "engine/load/row_reader.h"

#include "base/mem.h"

void row_reader_done(struct row_reader *r)
{
    for (size_t k = 0; k < r->n_chunks; k++)
        pq_chunk_free(r->chunks[k]);
    free(r->chunks);
    *r = (struct row_reader){0};
}

struct pq_limits row_reader_limits(const struct memory_shares *shares, uint64_t file_bytes,
                                   struct pq_budget *budget)
{
    struct pq_limits limits = pq_limits_default();
    pq_budget_init(budget, (size_t)shares->decoded, file_bytes, shares->undoubted);
    limits.page_bytes = (size_t)shares->page;
    limits.held_bytes = (size_t)shares->held;
    limits.budget = budget;
    return limits;
}

void row_reader_begin(struct row_reader *r, const struct pq_file *file, const size_t *columns,
                      size_t n_columns)
{
    r->file = file;
    r->columns = columns;
    r->n_columns = n_columns;
    if (n_columns > r->n_chunks)
        r->chunks = mem_realloc(r->chunks, n_columns * sizeof(struct pq_chunk *));
    while (r->n_chunks < n_columns)
        r->chunks[r->n_chunks++] = pq_chunk_new();
}

enum code row_reader_open(struct row_reader *r, size_t row_group, const struct view *chunks,
                          struct err *err)
{
    r->row_group = row_group;
    r->n_rows = pq_file_group_rows(r->file, row_group);
    r->at = 0;
    for (size_t k = 0; r->n_rows && k < r->n_columns; k++)
        TRY(pq_chunk_start(r->chunks[k], r->file, row_group, r->columns[k], chunks[k], err));
    return OK;
}

/* The name of column k, made printable. */
static const char *shown(const struct row_reader *r, size_t k, char out[static 128])
{
    const struct pq_column *c = pq_file_column(r->file, r->columns[k]);
    return view_printable(view_of(c->name, c->name_len), out, 128);
}

must_use static enum code fail_uneven(const struct row_reader *r, struct vector *const *runs,
                                      size_t k, struct err *err)
{
    char first[128], name[128];
    return err_set(err, E_CORRUPT, "column '%s' has %zu rows where column '%s' has %zu",
                   shown(r, k, name), runs[k]->n, shown(r, 0, first), runs[0]->n);
}

enum code row_reader_next(struct row_reader *r, struct vector *const *runs, size_t *out_n,
                          struct err *err)
{
    uint64_t n_left = r->n_rows - r->at;
    *out_n = 0;
    if (n_left == 0 || r->n_columns == 0)
        return OK;
    for (size_t k = 0; k < r->n_columns; k++) {
        TRY(pq_chunk_read(r->chunks[k], runs[k], err));
        if (runs[k]->n != runs[0]->n)
            return fail_uneven(r, runs, k, err);
    }
    size_t n = runs[0]->n;
    if (n == 0)
        return err_set(err, E_CORRUPT, "the row group ends after %llu of %llu rows",
                       (unsigned long long)r->at, (unsigned long long)r->n_rows);
    if (n > n_left)
        return err_set(err, E_CORRUPT,
                       "the row group has more than the %llu rows that it announces",
                       (unsigned long long)r->n_rows);
    r->at += n;
    *out_n = n;
    return OK;
}

void row_reader_close(struct row_reader *r)
{
    for (size_t k = 0; k < r->n_columns; k++)
        pq_chunk_reset(r->chunks[k]);
}
