#include "engine/resolve.h"

#include "base/mem.h"

void resolved_done(struct resolved *r)
{
    schema_done(&r->schema);
    free(r->columns);
    *r = (struct resolved){0};
}

/* The column of a file by name; what is missing or unsupported is E_INVALID here: the data is
 * wrong. */
must_use static enum code find_column(const struct source_file *f, struct view name,
                                      size_t *out_column, struct err *err)
{
    char shown[128];
    view_printable(name, shown, sizeof(shown));
    enum code rc = pq_file_find(f->pq, name, out_column, err);
    if (rc == E_NOTFOUND)
        return err_set(err, E_INVALID, "file %s has no column '%s'", f->name, shown);
    if (rc)
        return err_in(err, E_INVALID, "file %s", f->name);
    const struct pq_column *c = pq_file_column(f->pq, *out_column);
    if (!c->supported)
        return err_set(err, E_INVALID, "file %s, column '%s': %s", f->name, shown, c->why_not);
    return OK;
}

static bool is_key_name(const struct table_spec *spec, struct view name)
{
    for (size_t k = 0; k < spec->n_key; k++)
        if (view_eq_cstr(name, spec->key[k]))
            return true;
    return false;
}

static void schema_of_spec(const struct table_spec *spec, struct schema *out)
{
    for (size_t i = 0; i < spec->n_columns; i++) {
        const struct column_spec *c = &spec->columns[i];
        schema_add(out, view_cstr(c->name), &c->type, c->nullable);
    }
}

static size_t schema_of_file(const struct table_spec *spec, const struct source_file *f,
                             struct schema *out)
{
    size_t n_skipped = 0;
    for (size_t i = 0; i < pq_file_n_columns(f->pq); i++) {
        const struct pq_column *c = pq_file_column(f->pq, i);
        struct view name = view_of(c->name, c->name_len);
        if (c->supported)
            schema_add(out, name, &c->type, !is_key_name(spec, name));
        else
            n_skipped++;
    }
    return n_skipped;
}

must_use static enum code add_key(const struct table_spec *spec, const struct source_file *first,
                                  struct schema *schema, struct err *err)
{
    for (size_t k = 0; k < spec->n_key; k++) {
        ptrdiff_t i = schema_find(schema, view_cstr(spec->key[k]));
        if (i < 0) {
            size_t ignored;
            TRY(find_column(first, view_cstr(spec->key[k]), &ignored, err));
            return err_set(err, E_INVALID, "key column '%s' is not among the columns",
                           spec->key[k]);
        }
        schema_add_key(schema, (size_t)i);
    }
    return OK;
}

/* Whether two timestamps, or lists of them. */
static bool are_timestamps(const struct type *a, const struct type *b)
{
    return a->dtype == b->dtype &&
           (a->dtype == DT_TIMESTAMP ||
            (a->dtype == DT_LIST && a->element == DT_TIMESTAMP && b->element == DT_TIMESTAMP));
}

struct type resolve_read_type(const struct pq_column *col, const struct type *wanted)
{
    struct type t = col->type;
    if (pq_column_is_int96(col) && are_timestamps(&t, wanted)) {
        t.unit = wanted->unit;
        memcpy(t.zone, wanted->zone, sizeof(t.zone));
    }
    return t;
}

/* The field takes what the file has: as it is, or the wider type where no config fixes it. */
must_use static enum code reconcile(const struct table_spec *spec, const struct source_file *f,
                                    struct field *field, const struct pq_column *col,
                                    struct err *err)
{
    struct type found = resolve_read_type(col, &field->type);
    if (spec->n_columns ? type_converts(&found, &field->type)
                        : type_unify(&field->type, &found, &field->type))
        return OK;
    char shown[128], wanted[TYPE_TEXT_CAP], is[TYPE_TEXT_CAP];
    return err_set(err, E_INVALID, "file %s, column '%s': expected %s, found %s", f->name,
                   view_printable(view_cstr(field->name), shown, sizeof(shown)),
                   type_text(&field->type, wanted), type_text(&col->type, is));
}

must_use static enum code map_file(const struct table_spec *spec, const struct source_file *f,
                                   struct schema *schema, size_t *columns, struct err *err)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        struct field *field = &schema->fields[i];
        TRY(find_column(f, view_cstr(field->name), &columns[i], err));
        TRY(reconcile(spec, f, field, pq_file_column(f->pq, columns[i]), err));
    }
    return OK;
}

must_use static enum code resolve(const struct table_spec *spec, const struct source_file *files,
                                  size_t n_files, struct resolved *r, struct err *err)
{
    if (spec->n_columns)
        schema_of_spec(spec, &r->schema);
    else
        r->n_skipped = schema_of_file(spec, &files[0], &r->schema);
    TRY(add_key(spec, &files[0], &r->schema, err));
    TRY(schema_check(&r->schema, err));
    r->columns = mem_zalloc(n_files * r->schema.n_fields * sizeof(*r->columns));
    for (size_t f = 0; f < n_files; f++)
        TRY(map_file(spec, &files[f], &r->schema, r->columns + f * r->schema.n_fields, err));
    return OK;
}

enum code resolve_columns(const struct table_spec *spec, const struct source_file *files,
                          size_t n_files, struct resolved *out, struct err *err)
{
    struct resolved r = {0};
    enum code rc = resolve(spec, files, n_files, &r, err);
    if (rc)
        resolved_done(&r);
    else
        *out = r;
    return rc;
}
