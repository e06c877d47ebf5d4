#include "engine/load/resolve.h"

#include "base/mem.h"
#include "engine/load/column_union.h"
#include "engine/load/file_columns.h"
#include "segment/layout.h"

void resolved_done(struct resolved *r)
{
    for (size_t i = 0; i < r->n_files; i++) {
        free(r->files[i].columns);
        free(r->files[i].vectors);
        free(r->files[i].absent);
    }
    free(r->files);
    free(r->hidden);
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

static void note_skipped(struct resolved *r, const char *name, const char *why_not)
{
    char shown[128];
    buf_printf(&r->skipped, "%s%s: %s", r->n_skipped ? "; " : "",
               view_printable(view_cstr(name), shown, sizeof(shown)), why_not);
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
            note_skipped(r, c->name, c->why_not);
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

/* The columns of a publication that numbers them. */
must_use static enum code schema_of_fields(const struct table_spec *spec,
                                           const struct publication *p, struct resolved *r,
                                           struct err *err)
{
    char shown[128];
    for (size_t i = 0; i < p->n_fields; i++) {
        const struct publication_field *f = &p->fields[i];
        bool is_key = is_key_name(spec, f->name);
        if (f->is_dropped)
            continue;
        if (f->why_not && is_key)
            return err_set(err, E_INVALID, "column '%s': %s",
                           view_printable(view_cstr(f->name), shown, sizeof(shown)), f->why_not);
        if (f->why_not)
            note_skipped(r, f->name, f->why_not);
        else
            schema_add(&r->schema, view_cstr(f->name), &f->type, !is_key);
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

must_use static enum code add_key(const struct table_spec *spec, const struct publication *p,
                                  struct schema *schema, struct err *err)
{
    char shown[128], label[LABEL_SHOWN_CAP];
    for (size_t k = 0; k < spec->n_key; k++) {
        ptrdiff_t i = schema_find(schema, view_cstr(spec->key[k]));
        if (i < 0)
            return err_set(err, E_INVALID, "%s%s has no column '%s'", p->n_fields ? "" : "file ",
                           p->n_fields ? label_shown(p->label, label) : p->data_files[0].name,
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
must_use static enum code check_type(const struct source_file *f, size_t column, const char *name,
                                     const struct type *type, struct err *err)
{
    const struct pq_column *col = pq_file_column(f->pq, column);
    char shown[128], wanted[TYPE_TEXT_CAP], is[TYPE_TEXT_CAP];
    view_printable(view_cstr(name), shown, sizeof(shown));
    if (!col->supported)
        return err_set(err, E_INVALID, "file %s, column '%s': %s", f->name, shown, col->why_not);
    struct type found = resolve_read_type(col, type);
    if (type_converts(&found, type) || pq_file_says_null(f->pq, column))
        return OK;
    return err_set(err, E_INVALID, "file %s, column '%s': expected %s, found %s", f->name, shown,
                   type_text(type, wanted), type_text(&col->type, is));
}

/* What is being mapped. */
struct mapping {
    const struct source_file *file;
    const struct data_file *data;
    const struct publication *publication;
    const struct schema *schema;
    struct file_columns columns;
    struct resolved_file *out;
};

static void mapping_done(struct mapping *m)
{
    file_columns_done(&m->columns);
}

/* The value of a column that the file does not hold; NULL: null. */
static const struct constant *constant_of(const struct mapping *m,
                                          const struct publication_field *field)
{
    for (size_t i = 0; i < m->data->n_constants; i++)
        if (m->data->constants[i].field_id == field->id)
            return &m->data->constants[i].value;
    return field->initial.is_set ? &field->initial : NULL;
}

static void fill_from_column(struct mapping *m, size_t vector, size_t column)
{
    m->out->columns[m->out->n] = column;
    m->out->vectors[m->out->n++] = vector;
}

static void fill_absent(struct mapping *m, size_t vector, const struct type *type,
                        const struct constant *value)
{
    m->out->absent[m->out->n_absent++] = (struct absent_column){vector, *type, value, false};
}

/* The field of the publication with that name; NULL if columns are known by name only. */
static const struct publication_field *published_field(const struct publication *p,
                                                       const char *name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (!p->fields[i].is_dropped && strcmp(p->fields[i].name, name) == 0)
            return &p->fields[i];
    return NULL;
}

/* A field that the file has no column for. */
must_use static enum code map_absent(struct mapping *m, size_t i, struct err *err)
{
    const struct field *field = &m->schema->fields[i];
    const struct publication_field *published = published_field(m->publication, field->name);
    const struct constant *value = published ? constant_of(m, published) : NULL;
    bool is_null = !value || value->is_null;
    char shown[128];
    if (is_null && !field->nullable)
        return err_set(err, E_INVALID, "file %s has no column '%s'%s", m->file->name,
                       view_printable(view_cstr(field->name), shown, sizeof(shown)),
                       schema_is_key(m->schema, i) ? "" : ", which may not be null");
    fill_absent(m, i, is_null ? &field->type : &published->type, value);
    return OK;
}

must_use static enum code map_field(struct mapping *m, size_t i, struct err *err)
{
    const struct field *field = &m->schema->fields[i];
    size_t column;
    enum code rc = file_columns_find(&m->columns, view_cstr(field->name), &column, err);
    if (rc == E_NOTFOUND)
        return map_absent(m, i, err);
    if (rc)
        return err_in(err, E_INVALID, "file %s", m->file->name);
    TRY(check_type(m->file, column, field->name, &field->type, err));
    fill_from_column(m, i, column);
    return OK;
}

must_use static enum code map_hidden(struct mapping *m, const struct hidden_column *hidden,
                                     size_t vector, struct err *err)
{
    const struct publication_field *f = publication_field(m->publication, hidden->field_id);
    size_t column;
    bool is_there = file_columns_find_id(&m->columns, hidden->field_id, &column);
    if (!is_there && !m->columns.ids && !f->is_dropped) /* names count */
        is_there = file_columns_find(&m->columns, view_cstr(f->name), &column, NULL) == OK;
    if (!is_there) {
        fill_absent(m, vector, &hidden->type, constant_of(m, f));
        return OK;
    }
    TRY(check_type(m->file, column, f->name, &hidden->type, err));
    fill_from_column(m, vector, column);
    return OK;
}

must_use static enum code map_file(const struct resolved *r, const struct publication *p,
                                   const struct source_file *f, const struct data_file *data,
                                   struct resolved_file *out, struct err *err)
{
    AUTO(mapping) struct mapping m = {f, data, p, &r->schema, .out = out};
    size_t n = resolved_n_vectors(r);
    out->columns = mem_alloc(n * sizeof(*out->columns));
    out->vectors = mem_alloc(n * sizeof(*out->vectors));
    out->absent = mem_alloc(n * sizeof(*out->absent));
    file_columns_init(&m.columns, f->pq, p);
    for (size_t i = 0; i < r->schema.n_fields; i++)
        TRY(map_field(&m, i, err));
    for (size_t i = 0; i < r->n_hidden; i++)
        TRY(map_hidden(&m, &r->hidden[i], r->schema.n_fields + i, err));
    return OK;
}

/* The columns that equality deletes compare. */
must_use static enum code add_hidden(const struct publication *p, struct resolved *r,
                                     struct err *err)
{
    AUTO(ptr) bool *is_compared = mem_zalloc(p->n_fields + 1);
    for (size_t g = 0; g < p->n_equalities; g++)
        for (size_t k = 0; k < p->equalities[g].n_field_ids; k++)
            is_compared[publication_field(p, p->equalities[g].field_ids[k]) - p->fields] = true;
    r->hidden = mem_zalloc((p->n_fields + 1) * sizeof(*r->hidden));
    for (size_t i = 0; i < p->n_fields; i++) {
        const struct publication_field *f = &p->fields[i];
        if (is_compared[i] && f->why_not)
            return err_set(err, E_UNSUPPORTED, "deletes compare column '%s': %s", f->name,
                           f->why_not);
        if (is_compared[i])
            r->hidden[r->n_hidden++] = (struct hidden_column){f->id, f->type};
    }
    return OK;
}

/* A configured column that no file has was misspelt. One that some files lack may have been added
 * later. */
must_use static enum code check_present(const struct resolved *r, const struct publication *p,
                                        const struct source_file *files, struct err *err)
{
    AUTO(ptr) bool *is_there = mem_zalloc(resolved_n_vectors(r) + 1);
    char shown[128], label[LABEL_SHOWN_CAP];
    for (size_t f = 0; f < r->n_files; f++)
        for (size_t k = 0; k < r->files[f].n; k++)
            is_there[r->files[f].vectors[k]] = true;
    for (size_t i = 0; i < r->schema.n_fields; i++)
        if (!is_there[i] && p->n_fields && !published_field(p, r->schema.fields[i].name))
            return err_set(
                err, E_INVALID, "%s has no column '%s'", label_shown(p->label, label),
                view_printable(view_cstr(r->schema.fields[i].name), shown, sizeof(shown)));
        else if (!is_there[i] && !p->n_fields)
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
    else if (p->n_fields)
        TRY(schema_of_fields(spec, p, r, err));
    else
        TRY(schema_of_files(spec, p, served, files, r, err));
    TRY(add_key(spec, p, &r->schema, err));
    TRY(add_hidden(p, r, err));
    if (spec->n_key) {
        TRY(schema_check(&r->schema, err));
        TRY(seg_layout_check_key(&r->schema, err));
    }
    r->files = mem_zalloc(n_files * sizeof(*r->files));
    for (; r->n_files < n_files; r->n_files++) {
        enum code rc = map_file(r, p, &files[r->n_files], &p->data_files[r->n_files],
                                &r->files[r->n_files], err);
        if (rc) {
            r->n_files++; /* so that resolved_done frees what this file has so far */
            return rc;
        }
    }
    return check_present(r, p, files, err);
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
