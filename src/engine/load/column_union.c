#include "engine/load/column_union.h"

#include "base/mem.h"
#include "engine/load/file_columns.h"
#include "engine/spec/spec.h"

#include <stdio.h>

void column_union_done(struct column_union *u)
{
    for (size_t i = 0; i < u->n; i++) {
        free(u->columns[i].name);
        free(u->columns[i].types);
    }
    free(u->columns);
    *u = (struct column_union){0};
}

/* Files mostly have their columns in the same order, so the column is tried at `guess` first. */
static struct union_column *find_or_add(struct column_union *u, struct view name, size_t guess)
{
    if (guess < u->n && view_eq_cstr(name, u->columns[guess].name))
        return &u->columns[guess];
    for (size_t i = 0; i < u->n; i++)
        if (view_eq_cstr(name, u->columns[i].name))
            return &u->columns[i];
    if ((u->n & (u->n - 1)) == 0)
        u->columns = mem_realloc(u->columns, (u->n * 2 + 1) * sizeof(*u->columns));
    struct union_column *c = &u->columns[u->n++];
    *c = (struct union_column){.name = mem_strndup(name.ptr, name.len)};
    return c;
}

static void add_type(struct union_column *c, const struct type *type, const char *file)
{
    for (size_t i = 0; i < c->n_types; i++)
        if (type_eq(&c->types[i].type, type))
            return;
    c->types = mem_realloc(c->types, (c->n_types + 1) * sizeof(*c->types));
    c->types[c->n_types++] = (struct union_type){*type, file};
}

/* Why a column cannot be one of a table because of its name; NULL: it can. */
static const char *bad_name(struct view name)
{
    if (name.len == 0)
        return "it has no name";
    if (memchr(name.ptr, '\0', name.len) || !view_is_utf8(name))
        return "its name is not UTF-8";
    if (table_column_is_reserved(name))
        return "its name is reserved; give it another one";
    return NULL;
}

void column_union_add(struct column_union *u, const struct publication *p,
                      const struct source_file *file)
{
    AUTO(file_columns) struct file_columns columns = {0};
    file_columns_init(&columns, file->pq, p);
    for (size_t i = 0; i < pq_file_n_columns(file->pq); i++) {
        const struct pq_column *col = pq_file_column(file->pq, i);
        struct view name;
        if (!file_columns_name(&columns, i, &name))
            continue;
        const char *bad = bad_name(name), *why = bad ? bad : col->supported ? NULL : col->why_not;
        char shown[128];
        if (bad) /* a printable form, for the message that it was skipped */
            name = view_cstr(view_printable(name, shown, sizeof(shown)));
        struct union_column *c = find_or_add(u, name, i);
        if (why) {
            snprintf(c->why_not, sizeof(c->why_not), "%s", why);
            c->unsupported_in = file->name;
            continue;
        }
        c->supported_in = file->name;
        c->null_type = col->type;
        if (!pq_file_says_null(file->pq, i))
            add_type(c, &col->type, file->name);
    }
}

/* Types are sorted before they are unified one after the other, so that the result cannot depend on
 * the order of the files. Integers come before floats, which can hold them. */
static int by_type(const void *a, const void *b)
{
    const struct type *x = a, *y = b;
    char s[TYPE_TEXT_CAP], t[TYPE_TEXT_CAP];
    if (x->dtype != y->dtype)
        return (x->dtype > y->dtype) - (x->dtype < y->dtype);
    return strcmp(type_text(x, s), type_text(y, t));
}

/* The message names the first two files, in their own order, whose types do not go together. */
static enum code do_not_unify(const struct union_column *c, struct err *err)
{
    char shown[128], have[TYPE_TEXT_CAP], want[TYPE_TEXT_CAP];
    struct type all = c->types[0].type;
    size_t i = 1;
    while (i + 1 < c->n_types && type_unify(&all, &c->types[i].type, &all))
        i++;
    return err_set(err, E_INVALID, "file %s, column '%s': expected %s as in file %s, found %s",
                   c->types[i].file, view_printable(view_cstr(c->name), shown, sizeof(shown)),
                   type_text(&c->types[0].type, want), c->types[0].file,
                   type_text(&c->types[i].type, have));
}

must_use static enum code unify(const struct union_column *c, struct type *out_type,
                                struct err *err)
{
    AUTO(ptr) struct type *sorted = mem_alloc(c->n_types * sizeof(*sorted));
    for (size_t i = 0; i < c->n_types; i++)
        sorted[i] = c->types[i].type;
    qsort(sorted, c->n_types, sizeof(*sorted), by_type);
    struct type all = sorted[0];
    for (size_t i = 1; i < c->n_types; i++)
        if (!type_unify(&all, &sorted[i], &all))
            return do_not_unify(c, err);
    *out_type = all;
    return OK;
}

enum code union_column_type(const struct union_column *c, const struct schema *served,
                            struct type *out_type, struct err *err)
{
    char shown[128];
    if (c->unsupported_in)
        return err_set(err, E_INVALID, "file %s, column '%s': %s; in file %s it can be read",
                       c->unsupported_in, view_printable(view_cstr(c->name), shown, sizeof(shown)),
                       c->why_not, c->supported_in);
    if (c->n_types)
        return unify(c, out_type, err);
    ptrdiff_t at = served ? schema_find(served, view_cstr(c->name)) : -1;
    *out_type = at >= 0 ? served->fields[at].type : c->null_type;
    return OK;
}
