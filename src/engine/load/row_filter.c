#include "engine/load/row_filter.h"

#include "base/mem.h"

/* Where the vector of a compared column is. */
static size_t vector_of(const struct resolved *r, int32_t field_id)
{
    size_t i = 0;
    while (r->hidden[i].field_id != field_id)
        i++;
    return r->schema.n_fields + i;
}

static void init_group(struct row_filter *f, size_t g)
{
    const struct publication *p = f->deletes->publication;
    size_t n = p->equalities[g].n_field_ids;
    AUTO(ptr) struct type *types = mem_alloc((n + 1) * sizeof(*types));
    for (size_t k = 0; k < n; k++)
        types[k] = publication_field(p, p->equalities[g].field_ids[k])->type;
    equality_columns_init(&f->groups[g], types, n, ROW_FILTER_ROWS);
}

void row_filter_init(struct row_filter *f, const struct row_deletes *deletes,
                     const struct resolved *resolved)
{
    const struct publication *p = deletes->publication;
    *f = (struct row_filter){.deletes = deletes, .resolved = resolved};
    f->n_groups = p ? p->n_equalities : 0;
    f->groups = mem_zalloc((f->n_groups + 1) * sizeof(*f->groups));
    for (size_t g = 0; g < f->n_groups; g++)
        init_group(f, g);
}

void row_filter_done(struct row_filter *f)
{
    for (size_t g = 0; f->groups && g < f->n_groups; g++)
        equality_columns_done(&f->groups[g]);
    free(f->groups);
    buf_done(&f->key);
    *f = (struct row_filter){0};
}

static void drop_positions(struct row_filter *f, size_t file, uint64_t first, size_t n)
{
    const struct row_bitmap *b = &f->deletes->positions[file];
    bool keeps = f->deletes->is_inverse;
    if (!keeps && !row_bitmap_touches(b, first, n))
        return;
    size_t kept = 0;
    for (size_t i = 0; i < f->n_kept; i++)
        if (row_bitmap_has(b, first + f->kept[i]) == keeps)
            f->kept[kept++] = f->kept[i];
    f->n_kept = kept;
}

/* Drop the rows that the deletes of one group name. */
must_use static enum code drop_equal(struct row_filter *f, size_t group, int64_t sequence_number,
                                     const struct vector *columns, struct err *err)
{
    const struct equality_group *g = &f->deletes->publication->equalities[group];
    struct equality_columns *compared = &f->groups[group];
    size_t kept = 0;
    equality_columns_reset(compared);
    for (size_t k = 0; k < g->n_field_ids; k++)
        TRY(equality_columns_set(compared, k, &columns[vector_of(f->resolved, g->field_ids[k])],
                                 err));
    for (size_t i = 0; i < f->n_kept; i++) {
        int64_t deleted_at;
        buf_reset(&f->key);
        equality_key_put(compared, f->kept[i], &f->key);
        if (!key_numbers_find(&f->deletes->equalities[group], buf_view(&f->key), &deleted_at) ||
            deleted_at <= sequence_number)
            f->kept[kept++] = f->kept[i];
    }
    f->n_kept = kept;
    return OK;
}

/* Keep only these rows of a vector. One without nulls keeps none (is_nothing in resolve.h). */
static void vector_keep(struct vector *v, const size_t *kept, size_t n)
{
    size_t width = vector_width(&v->type), n_valid = 0;
    uint8_t *values = v->values;
    for (size_t i = 0; i < n; i++) {
        v->valid[i] = v->valid[kept[i]];
        n_valid += v->valid[i];
        memmove(values + i * width, values + kept[i] * width, width);
    }
    v->n = n;
    v->n_nulls = v->n_nulls ? n - n_valid : 0;
}

enum code row_filter_run(struct row_filter *f, size_t file, uint64_t first, struct vector *columns,
                         size_t n, struct err *err)
{
    f->n_kept = n;
    for (size_t i = 0; i < n; i++)
        f->kept[i] = i;
    if (!f->deletes->positions)
        return OK;
    const struct data_file *data = &f->deletes->publication->data_files[file];
    drop_positions(f, file, first, n);
    for (size_t g = 0; g < data->n_equalities; g++)
        TRY(drop_equal(f, data->equalities[g], data->sequence_number, columns, err));
    for (size_t i = 0; f->n_kept < n && i < resolved_n_vectors(f->resolved); i++)
        vector_keep(&columns[i], f->kept, f->n_kept);
    return OK;
}
