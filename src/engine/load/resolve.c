#include "engine/load/resolve.h"

#include "base/mem.h"
#include "engine/load/column_union.h"
#include "engine/load/file_columns.h"
#include "segment/layout.h"

void resolved_done(struct resolved *r)
{
    for (size_t i = 0; i < r->n_files; i++) {
        free(r->files[i].columns);
        free(r->files[i].fields);
        free(r->files[i].absent);
    }
    free(r->files);
    schema_done(&r->schema);
    buf_done(&r->skipped);
    *r = (struct resolved){0};
}

/* -------------------------------------------------------------------------------------- schema */

static bool is_key_name(const struct table_spec *spec, const char *name)
{
    for (size_t k = 0; k < spec->n_key; k++)
        if (strcmp(name, spec->key[k]) == 0)
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

static void note_skipped(struct resolved *r, const struct union_column *c)
{
    char shown[128];
    buf_printf(&r->skipped, "%s%s: %s", r->n_skipped ? "; " : "",
               view_printable(view_cstr(c->name), shown, sizeof(shown)), c->why_not);
    buf_cstr(&r->skipped);
    r->n_skipped++;
}

must_use static enum code schema_of_union(const struct table_spec *spec,
                                          const struct schema *served, const struct column_union *u,
                                          struct resolved *r, struct err *err)
{
    for (size_t i = 0; i < u->n; i++) {
        const struct union_column *c = &u->columns[i];
        struct type type;
        if (!c->supported_in && !is_key_name(spec, c->name)) {
            note_skipped(r, c);
            continue;
        }
        if (!c->supported_in)
            return err_set(err, E_INVALID, "file %s, column '%s': %s", c->unsupported_in, c->name,
                           c->why_not);
        TRY(union_column_type(c, served, &type, err));
        schema_add(&r->schema, view_cstr(c->name), &type, !is_key_name(spec, c->name));
    }
    return OK;
}

must_use static enum code schema_of_files(const struct table_spec *spec,
                                          const struct publication *p, const struct schema *served,
                                          const struct source_file *files, struct resolved *r,
                                          struct err *err)
{
    AUTO(column_union) struct column_union u = {0};
    for (size_t f = 0; f < p->n_data_files; f++)
        column_union_add(&u, p, &files[f]);
    return schema_of_union(spec, served, &u, r, err);
}

must_use static enum code add_key(const struct table_spec *spec, const struct source_file *first,
                                  struct schema *schema, struct err *err)
{
    char shown[128];
    for (size_t k = 0; k < spec->n_key; k++) {
        ptrdiff_t i = schema_find(schema, view_cstr(spec->key[k]));
        if (i < 0)
            return err_set(err, E_INVALID, "file %s has no column '%s'", first->name,
                           view_printable(view_cstr(spec->key[k]), shown, sizeof(shown)));
        schema_add_key(schema, (size_t)i);
    }
    return OK;
}

/* ---------------------------------------------------------------------------------- each file */

/* Whether both are timestamps, or both are lists of timestamps. */
static bool are_timestamps(const struct type *a, const struct type *b)
{
    return a->dtype == b->dtype &&
           (a->dtype == DT_TIMESTAMP ||
            (a->dtype == DT_LIST && a->element == DT_TIMESTAMP && b->element == DT_TIMESTAMP));
}

/* INT96 holds nanoseconds with a range of its own; converted from int64 nanoseconds, years after
 * 2262 would be lost. */
struct type resolve_read_type(const struct pq_column *col, const struct type *wanted)
{
    struct type t = col->type;
    if (pq_column_is_int96(col) && are_timestamps(&t, wanted)) {
        t.unit = wanted->unit;
        memcpy(t.zone, wanted->zone, sizeof(t.zone));
    }
    return t;
}

/* The column must convert to the field's type, or hold only nulls. */
must_use static enum code check_type(const struct source_file *f, size_t column,
                                     const struct field *field, struct err *err)
{
    const struct pq_column *col = pq_file_column(f->pq, column);
    char shown[128], wanted[TYPE_TEXT_CAP], is[TYPE_TEXT_CAP];
    view_printable(view_cstr(field->name), shown, sizeof(shown));
    if (!col->supported)
        return err_set(err, E_INVALID, "file %s, column '%s': %s", f->name, shown, col->why_not);
    struct type found = resolve_read_type(col, &field->type);
    if (type_converts(&found, &field->type) || pq_file_says_null(f->pq, column))
        return OK;
    return err_set(err, E_INVALID, "file %s, column '%s': expected %s, found %s", f->name, shown,
                   type_text(&field->type, wanted), type_text(&col->type, is));
}

must_use static enum code map_field(const struct source_file *f, const struct file_columns *columns,
                                    const struct schema *schema, size_t i,
                                    struct resolved_file *out, struct err *err)
{
    const struct field *field = &schema->fields[i];
    size_t column;
    char shown[128];
    view_printable(view_cstr(field->name), shown, sizeof(shown));
    enum code rc = file_columns_find(columns, view_cstr(field->name), &column, err);
    if (rc == E_NOTFOUND && field->nullable) {
        out->absent[out->n_absent++] = i;
        return OK;
    }
    if (rc == E_NOTFOUND)
        return err_set(err, E_INVALID, "file %s has no column '%s'%s", f->name, shown,
                       schema_is_key(schema, i) ? "" : ", which may not be null");
    if (rc)
        return err_in(err, E_INVALID, "file %s", f->name);
    TRY(check_type(f, column, field, err));
    out->columns[out->n] = column;
    out->fields[out->n++] = i;
    return OK;
}

must_use static enum code map_file(const struct source_file *f, const struct publication *p,
                                   const struct schema *schema, struct resolved_file *out,
                                   struct err *err)
{
    AUTO(file_columns) struct file_columns columns = {0};
    out->columns = mem_alloc(schema->n_fields * sizeof(*out->columns));
    out->fields = mem_alloc(schema->n_fields * sizeof(*out->fields));
    out->absent = mem_alloc(schema->n_fields * sizeof(*out->absent));
    file_columns_init(&columns, f->pq, p);
    for (size_t i = 0; i < schema->n_fields; i++)
        TRY(map_field(f, &columns, schema, i, out, err));
    return OK;
}

/* A configured column that no file has was misspelt. One that some files lack may have been added
 * later. */
must_use static enum code check_present(const struct resolved *r, const struct source_file *files,
                                        struct err *err)
{
    AUTO(ptr) bool *is_there = mem_zalloc(r->schema.n_fields + 1);
    char shown[128];
    for (size_t f = 0; f < r->n_files; f++)
        for (size_t k = 0; k < r->files[f].n; k++)
            is_there[r->files[f].fields[k]] = true;
    for (size_t i = 0; i < r->schema.n_fields; i++)
        if (!is_there[i])
            return err_set(
                err, E_INVALID, "file %s has no column '%s', and neither has any other file",
                files[0].name,
                view_printable(view_cstr(r->schema.fields[i].name), shown, sizeof(shown)));
    return OK;
}

must_use static enum code resolve(const struct table_spec *spec, const struct publication *p,
                                  const struct schema *served, const struct source_file *files,
                                  struct resolved *r, struct err *err)
{
    size_t n_files = p->n_data_files;
    if (spec->n_columns)
        schema_of_spec(spec, &r->schema);
    else
        TRY(schema_of_files(spec, p, served, files, r, err));
    TRY(add_key(spec, &files[0], &r->schema, err));
    TRY(schema_check(&r->schema, err));
    TRY(seg_layout_check_key(&r->schema, err));
    r->files = mem_zalloc(n_files * sizeof(*r->files));
    for (; r->n_files < n_files; r->n_files++) {
        enum code rc = map_file(&files[r->n_files], p, &r->schema, &r->files[r->n_files], err);
        if (rc) {
            r->n_files++; /* so that resolved_done frees what this file has so far */
            return rc;
        }
    }
    return check_present(r, files, err);
}

enum code resolve_columns(const struct table_spec *spec, const struct publication *p,
                          const struct schema *served, const struct source_file *files,
                          struct resolved *out, struct err *err)
{
    struct resolved r = {0};
    enum code rc = resolve(spec, p, served, files, &r, err);
    if (rc)
        resolved_done(&r);
    else
        *out = r;
    return rc;
}
