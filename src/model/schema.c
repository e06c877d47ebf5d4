#include "model/schema.h"

#include "base/mem.h"
#include "base/suggest.h"

void schema_done(struct schema *s)
{
    for (size_t i = 0; i < s->n_fields; i++)
        free(s->fields[i].name);
    free(s->fields);
    free(s->key);
    *s = (struct schema){0};
}

/* There is room for the next power of two. */
void schema_add(struct schema *s, struct view name, const struct type *type, bool nullable)
{
    if ((s->n_fields & (s->n_fields - 1)) == 0)
        s->fields = mem_realloc(s->fields, (s->n_fields * 2 + 1) * sizeof(*s->fields));
    s->fields[s->n_fields++] =
        (struct field){mem_strndup(name.ptr, name.len), *type, nullable, false};
}

void schema_add_key(struct schema *s, size_t field_idx)
{
    s->key = mem_realloc(s->key, (s->n_key + 1) * sizeof(*s->key));
    s->key[s->n_key++] = field_idx;
}

void schema_copy(const struct schema *from, struct schema *out)
{
    struct schema copy = {0};
    for (size_t i = 0; i < from->n_fields; i++) {
        const struct field *f = &from->fields[i];
        schema_add(&copy, view_cstr(f->name), &f->type, f->nullable);
        copy.fields[i].lossy = f->lossy;
    }
    for (size_t i = 0; i < from->n_key; i++)
        schema_add_key(&copy, from->key[i]);
    *out = copy;
}

/* Linear: tables have tens of columns. Code that looks up all names of a wide table sorts them
 * first. */
ptrdiff_t schema_find(const struct schema *s, struct view name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (view_eq_cstr(name, s->fields[i].name))
            return (ptrdiff_t)i;
    return -1;
}

bool schema_is_key(const struct schema *s, size_t field_idx)
{
    for (size_t i = 0; i < s->n_key; i++)
        if (s->key[i] == field_idx)
            return true;
    return false;
}

bool schema_eq(const struct schema *a, const struct schema *b)
{
    if (a->n_fields != b->n_fields || a->n_key != b->n_key)
        return false;
    for (size_t i = 0; i < a->n_fields; i++) {
        const struct field *x = &a->fields[i], *y = &b->fields[i];
        if (strcmp(x->name, y->name) != 0 || !type_eq(&x->type, &y->type) ||
            x->nullable != y->nullable)
            return false;
    }
    return a->n_key == 0 || memcmp(a->key, b->key, a->n_key * sizeof(*a->key)) == 0;
}

must_use static enum code check_name(const struct schema *s, size_t i, struct err *err)
{
    struct view name = view_cstr(s->fields[i].name);
    char shown[128];
    if (name.len == 0)
        return err_set(err, E_INVALID, "column %zu has an empty name", i);
    if (!view_is_utf8(name))
        return err_set(err, E_INVALID, "column name '%s' is not UTF-8",
                       view_printable(name, shown, sizeof(shown)));
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sort instead of comparing all pairs: a hostile file may have tens of thousands of columns. */
must_use static enum code check_unique(const struct schema *s, struct err *err)
{
    AUTO(ptr) char **names = mem_alloc(s->n_fields * sizeof(char *));
    for (size_t i = 0; i < s->n_fields; i++)
        names[i] = s->fields[i].name;
    if (s->n_fields)
        qsort(names, s->n_fields, sizeof(char *), by_name);
    char shown[128];
    for (size_t i = 1; i < s->n_fields; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return err_set(err, E_INVALID, "column '%s' appears twice",
                           view_printable(view_cstr(names[i]), shown, sizeof(shown)));
    return OK;
}

must_use static enum code check_key(const struct schema *s, size_t k, struct err *err)
{
    const struct field *f = &s->fields[s->key[k]];
    char shown[128];
    view_printable(view_cstr(f->name), shown, sizeof(shown));
    for (size_t j = 0; j < k; j++)
        if (s->key[j] == s->key[k])
            return err_set(err, E_INVALID, "key column '%s' appears twice in the key", shown);
    if (!dtype_is_key(f->type.dtype)) {
        char text[TYPE_TEXT_CAP];
        return err_set(err, E_INVALID, "key column '%s' has dtype %s; a key is " KEY_DTYPES "%s",
                       shown, type_text(&f->type, text),
                       f->type.dtype == DT_BINARY ? " (configure it as utf8 if it is text)" : "");
    }
    if (f->nullable)
        return err_set(err, E_INVALID, "key column '%s' cannot be nullable", shown);
    return OK;
}

enum code schema_check(const struct schema *s, struct err *err)
{
    for (size_t i = 0; i < s->n_fields; i++)
        TRY(check_name(s, i, err));
    TRY(check_unique(s, err));
    if (s->n_key == 0)
        return err_set(err, E_INVALID, "no key column");
    for (size_t k = 0; k < s->n_key; k++)
        TRY(check_key(s, k, err));
    return OK;
}

enum code schema_unknown(const struct schema *s, struct view name, struct err *err)
{
    char shown[120], hint[SUGGEST_CAP];
    struct suggest close = suggest_init(name);
    for (size_t i = 0; i < s->n_fields; i++)
        suggest_offer(&close, s->fields[i].name);
    return err_set(err, E_INVALID, "unknown column '%s'%s",
                   view_printable(name, shown, sizeof(shown)), suggest_text(&close, hint));
}
