#include "engine/load/file_columns.h"

#include "base/mem.h"

static bool has_ids(const struct pq_file *file)
{
    for (size_t i = 0; i < pq_file_n_columns(file); i++)
        if (pq_file_column(file, i)->field_id != PQ_NO_FIELD_ID)
            return true;
    return false;
}

/* The name of a number in the publication; a view without a pointer: it has no such column. */
static struct view name_of(const struct publication *p, int32_t id)
{
    for (size_t i = 0; id != PQ_NO_FIELD_ID && i < p->n_fields; i++)
        if (p->fields[i].id == id)
            return view_cstr(p->fields[i].name);
    return (struct view){0};
}

void file_columns_init(struct file_columns *c, const struct pq_file *file,
                       const struct publication *p)
{
    size_t n = pq_file_n_columns(file);
    *c = (struct file_columns){.file = file};
    if (p->n_fields == 0 || !has_ids(file))
        return;
    c->names = mem_alloc(n * sizeof(*c->names));
    for (size_t i = 0; i < n; i++)
        c->names[i] = name_of(p, pq_file_column(file, i)->field_id);
}

void file_columns_done(struct file_columns *c)
{
    free(c->names);
    *c = (struct file_columns){0};
}

bool file_columns_name(const struct file_columns *c, size_t column, struct view *out_name)
{
    const struct pq_column *col = pq_file_column(c->file, column);
    *out_name = c->names ? c->names[column] : view_of(col->name, col->name_len);
    return out_name->ptr != NULL;
}

enum code file_columns_find(const struct file_columns *c, struct view name, size_t *out_column,
                            struct err *err)
{
    char shown[128];
    bool is_found = false;
    if (!c->names)
        return pq_file_find(c->file, name, out_column, err);
    for (size_t i = 0; i < pq_file_n_columns(c->file); i++) {
        if (!c->names[i].ptr || !view_eq(name, c->names[i]))
            continue;
        if (is_found)
            return err_set(err, E_INVALID, "column '%s' is there twice, by its field id",
                           view_printable(name, shown, sizeof(shown)));
        is_found = true;
        *out_column = i;
    }
    return is_found ? OK
                    : err_set(err, E_NOTFOUND, "no column '%s'",
                              view_printable(name, shown, sizeof(shown)));
}
