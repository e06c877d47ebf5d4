#include "config/map.h"

#include <stdio.h>

const char *path_below(const char *path, struct view name, char out[FIELD_PATH_CAP])
{
    char shown[150];
    view_printable(name, shown, sizeof(shown));
    snprintf(out, FIELD_PATH_CAP, "%.250s%s%s", path, path[0] ? "." : "", shown);
    return out;
}

enum code unknown_field(const struct node *n, const char *path, const struct suggest *close,
                        struct err *err)
{
    char full[FIELD_PATH_CAP], hint[SUGGEST_CAP];
    return err_set(err, E_INVALID, "%s: %s: unknown field%s", n->name->origin,
                   path_below(path, n->name->text, full), suggest_text(close, hint));
}

enum code map_check(const struct node *n, const char *path, struct err *err)
{
    char shown[NODE_SHOWN_CAP];
    bool empty = n->kind == NODE_SCALAR && !n->loose && node_scalar_type(n) == SCALAR_NULL;
    if (n->kind == NODE_MAP || empty)
        return OK;
    return err_set(err, E_INVALID, "%s: %s: expected a map, found %s", n->origin, path,
                   node_shown(n, shown));
}

enum code fields_check(const struct node *map, struct field_list fields, const char *const *others,
                       const char *path, struct err *err)
{
    for (const struct node *n = map ? map->first : NULL; n; n = n->next) {
        bool known = false;
        struct suggest close = suggest_init(n->name->text);
        for (size_t i = 0; i < fields.n; i++) {
            known = known || view_eq_cstr(n->name->text, fields.fields[i].name);
            suggest_offer(&close, fields.fields[i].name);
        }
        for (size_t i = 0; others && others[i]; i++) {
            known = known || view_eq_cstr(n->name->text, others[i]);
            suggest_offer(&close, others[i]);
        }
        if (!known)
            return unknown_field(n, path, &close, err);
    }
    return OK;
}

/* A field that is a map itself; `n` NULL: every field in it gets its default. */
must_use static enum code read_below(const struct config_field *f, const struct node *n, void *base,
                                     const char *owner, const char *path, struct err *err)
{
    if (n)
        TRY(map_check(n, path, err));
    TRY(fields_check(n, *f->below, NULL, path, err));
    return fields_read(n, *f->below, (char *)base + f->offset, n ? n->name->origin : owner, path,
                       err);
}

enum code fields_read(const struct node *map, struct field_list fields, void *base,
                      const char *owner, const char *path, struct err *err)
{
    char full[FIELD_PATH_CAP];
    for (size_t i = 0; i < fields.n; i++) {
        const struct config_field *f = &fields.fields[i];
        struct view name = view_cstr(f->name);
        const struct node *n = map ? node_member(map, name) : NULL;
        path_below(path, name, full);
        TRY(f->type == FIELD_MAP ? read_below(f, n, base, owner, full, err)
                                 : field_read(f, n, base, owner, full, err));
    }
    return OK;
}

void fields_done(struct field_list fields, void *base)
{
    for (size_t i = 0; i < fields.n; i++) {
        const struct config_field *f = &fields.fields[i];
        if (f->type == FIELD_MAP)
            fields_done(*f->below, (char *)base + f->offset);
        else
            field_done(f, base);
    }
}

void fields_print(struct field_list fields, const void *base, unsigned indent, struct buf *out)
{
    for (size_t i = 0; i < fields.n; i++) {
        const struct config_field *f = &fields.fields[i];
        if (f->applies && !f->applies(base))
            continue;
        buf_printf(out, "%*s%s:", (int)indent, "", f->name);
        if (f->type == FIELD_MAP) {
            buf_puts(out, "\n");
            fields_print(*f->below, (const char *)base + f->offset, indent + 2, out);
            continue;
        }
        buf_puts(out, " ");
        field_print(f, base, out);
        buf_puts(out, "\n");
    }
}
