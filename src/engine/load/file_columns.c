#include "engine/load/file_columns.h"

#include "base/mem.h"

static bool has_ids(const struct pq_file *file)
{
    for (size_t i = 0; i < pq_file_n_columns(file); i++)
        if (pq_file_column(file, i)->field_id != PQ_NO_FIELD_ID)
            return true;
    return false;
}

/* The number of a name in a file without numbers; PQ_NO_FIELD_ID: it has none. */
static int32_t mapped_id(const struct publication *p, struct view name)
{
    for (size_t i = 0; i < p->n_names; i++)
        if (view_eq_cstr(name, p->names[i].name))
            return p->names[i].field_id;
    return PQ_NO_FIELD_ID;
}

static int32_t id_of(const struct publication *p, const struct pq_column *col, bool has_numbers)
{
    return has_numbers ? col->field_id : mapped_id(p, view_of(col->name, col->name_len));
}

/* The name of a number in the publication; a view without a pointer: it has no such column. */
static struct view name_of(const struct publication *p, int32_t id)
{
    const struct publication_field *field = publication_field(p, id);
    return field && !field->is_dropped ? view_cstr(field->name) : (struct view){0};
}

void file_columns_init(struct file_columns *c, const struct pq_file *file,
                       const struct publication *p)
{
    size_t n = pq_file_n_columns(file);
    bool has_numbers = has_ids(file);
    *c = (struct file_columns){.file = file};
    if (p->n_fields == 0 || (!has_numbers && !p->has_names))
        return;
    c->names = mem_alloc(n * sizeof(*c->names));
    c->ids = mem_alloc(n * sizeof(*c->ids));
    for (size_t i = 0; i < n; i++) {
        c->ids[i] = id_of(p, pq_file_column(file, i), has_numbers);
        c->names[i] = name_of(p, c->ids[i]);
    }
}

void file_columns_done(struct file_columns *c)
{
    free(c->names);
    free(c->ids);
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

bool file_columns_find_id(const struct file_columns *c, int32_t id, size_t *out_column)
{
    for (size_t i = 0; c->ids && i < pq_file_n_columns(c->file); i++)
        if (c->ids[i] == id) {
            *out_column = i;
            return true;
        }
    return false;
}
