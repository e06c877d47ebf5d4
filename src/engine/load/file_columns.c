#include "engine/load/file_columns.h"

static bool has_ids(const struct pq_file *file)
{
    for (size_t i = 0; i < pq_file_n_columns(file); i++)
        if (pq_file_column(file, i)->field_id != PQ_NO_FIELD_ID)
            return true;
    return false;
}

bool file_column_name(const struct pq_file *file, size_t column, const struct publication *p,
                      struct view *out_name)
{
    const struct pq_column *c = pq_file_column(file, column);
    *out_name = view_of(c->name, c->name_len);
    if (p->n_fields == 0 || !has_ids(file))
        return true;
    for (size_t i = 0; i < p->n_fields; i++)
        if (c->field_id != PQ_NO_FIELD_ID && p->fields[i].id == c->field_id) {
            *out_name = view_cstr(p->fields[i].name);
            return true;
        }
    return false;
}

enum code file_column_find(const struct pq_file *file, const struct publication *p,
                           struct view name, size_t *out_column, struct err *err)
{
    char shown[128];
    bool is_found = false;
    if (p->n_fields == 0 || !has_ids(file))
        return pq_file_find(file, name, out_column, err);
    for (size_t i = 0; i < pq_file_n_columns(file); i++) {
        struct view its_name;
        if (!file_column_name(file, i, p, &its_name) || !view_eq(name, its_name))
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
