#include "config/property_names.h"

#include "base/suggest.h"
#include "config/catalog.h"
#include "config/iceberg.h"
#include "config/s3_access.h"

/* Properties that mean what a field with other words means. */
static const struct {
    const char *property, *field;
} foreign[] = {
    {"rest.sigv4-enabled", "sigv4"},
    {"rest.signing-name", "sigv4: {service}"},
    {"rest.signing-region", "sigv4: {region}"},
    {"glue.region", "sigv4: {region}"},
    {"client.region", "s3: {region}"},
    {"client.access-key-id", "s3: {access_key_id}"},
    {"client.secret-access-key", "s3: {secret_access_key}"},
    {"client.session-token", "s3: {session_token}"},
    {"client.role-arn", "s3: {role_arn}"},
    {"client.profile-name", "s3: {profile}"},
    {"s3.force-virtual-addressing", "s3: {addressing}"},
    {"s3.path-style-access", "s3: {addressing}"},
    {"s3.proxy-uri", "s3: {proxy}"},
    {"s3.profile-name", "s3: {profile}"},
    {"ssl", "s3: {ca_file}"},
};

must_use static enum code refuse_foreign(const struct node *n, const char *path, struct err *err)
{
    struct suggest close = suggest_init((struct view){0});
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        if (view_eq_cstr(n->name->text, foreign[i].property)) {
            close.best = foreign[i].field;
            return unknown_field(n, path, &close, err);
        }
    return OK;
}

/* The field that is written `name` with other punctuation; or NULL. */
static const char *field_of(struct view name, struct field_list fields)
{
    for (size_t i = 0; i < fields.n; i++) {
        struct view f = view_cstr(fields.fields[i].name);
        bool same = f.len == name.len;
        for (size_t j = 0; same && j < f.len; j++)
            same = f.ptr[j] == (name.ptr[j] == '-' ? '_' : name.ptr[j]);
        if (same)
            return fields.fields[i].name;
    }
    return NULL;
}

/* What follows "s3." in "s3.endpoint"; empty if it does not begin so. */
static struct view after(struct view name, const char *prefix)
{
    size_t len = strlen(prefix);
    bool has = name.len > len && memcmp(name.ptr, prefix, len) == 0;
    return has ? view_of(name.ptr + len, name.len - len) : (struct view){0};
}

static void remove_member(struct node *map, struct node *n)
{
    struct node **at = &map->first;
    map->last = NULL;
    while (*at) {
        if (*at == n)
            *at = n->next;
        else {
            map->last = *at;
            at = &(*at)->next;
        }
    }
    n->next = NULL;
}

/* Call the member `name`, in `map`. */
must_use static enum code rename_to(struct node *map, struct node *n, struct view name,
                                    struct err *err)
{
    const struct node *twin = node_member(map, name);
    char shown[80];
    if (twin && twin != n)
        return err_set(err, E_INVALID, "%s: '%s' is given twice; first at %s", n->name->origin,
                       view_printable(name, shown, sizeof(shown)), twin->name->origin);
    n->name->text = name;
    return OK;
}

/* The map of that name in `map`, which is added if it is missing. NULL if it is not a map. */
static struct node *map_below(struct node *map, const char *name, const struct node *like,
                              struct arena *arena)
{
    struct node *below = node_member(map, view_cstr(name));
    if (!below) {
        below = node_new(arena, NODE_MAP, like->origin);
        below->name = node_new(arena, NODE_SCALAR, like->name->origin);
        below->name->text = view_cstr(name);
        node_append(map, below);
    }
    if (below->kind == NODE_SCALAR && node_scalar_type(below) == SCALAR_NULL)
        below->kind = NODE_MAP;
    return below->kind == NODE_MAP ? below : NULL;
}

/* "s3.endpoint" becomes the member `name` of the map `below`. */
must_use static enum code move_below(struct node *map, struct node *n, const char *below,
                                     struct view name, struct arena *arena, struct err *err)
{
    struct node *target = map_below(map, below, n, arena);
    if (!target)
        return OK; /* it is refused when it is read */
    remove_member(map, n);
    TRY(rename_to(target, n, name, err));
    node_append(target, n);
    return OK;
}

must_use static enum code one_name(struct node *map, struct node *n, struct field_list fields,
                                   const char *path, struct arena *arena, struct err *err)
{
    const char *field = field_of(n->name->text, fields);
    struct view of_s3 = after(n->name->text, "s3."), header = after(n->name->text, "header.");
    const char *s3_field = field_of(of_s3, s3_access_fields);
    if (field)
        return rename_to(map, n, view_cstr(field), err);
    if (s3_field)
        return move_below(map, n, "s3", view_cstr(s3_field), arena, err);
    if (header.len)
        return move_below(map, n, "headers", header, arena, err);
    return refuse_foreign(n, path, err);
}

must_use static enum code names_of_map(struct node *map, struct field_list fields, const char *path,
                                       struct arena *arena, struct err *err)
{
    struct node *next;
    for (struct node *n = map->first; n; n = next) {
        next = n->next;
        TRY(one_name(map, n, fields, path, arena, err));
    }
    struct node *s3 = node_member(map, view_cstr("s3"));
    for (struct node *n = s3 && s3->kind == NODE_MAP ? s3->first : NULL; n; n = n->next) {
        const char *field = field_of(n->name->text, s3_access_fields);
        if (field)
            TRY(rename_to(s3, n, view_cstr(field), err));
    }
    return OK;
}

static struct node *member(const struct node *map, const char *name)
{
    return map && map->kind == NODE_MAP ? node_member(map, view_cstr(name)) : NULL;
}

enum code property_names(struct node *root, struct arena *arena, struct err *err)
{
    char path[FIELD_PATH_CAP], below[FIELD_PATH_CAP];
    const struct node *catalogs = member(root, "catalogs"), *tables = member(root, "tables");
    for (struct node *n = catalogs ? catalogs->first : NULL; n; n = n->next)
        if (n->kind == NODE_MAP && n->name)
            TRY(names_of_map(n, catalog_fields, path_below("catalogs", n->name->text, path), arena,
                             err));
    for (struct node *n = tables ? tables->first : NULL; n; n = n->next) {
        struct node *source = member(member(n, "source"), "iceberg");
        if (!source || source->kind != NODE_MAP || !n->name)
            continue;
        path_below("tables", n->name->text, path);
        path_below(path, view_cstr("source.iceberg"), below);
        TRY(names_of_map(source, iceberg_fields, below, arena, err));
    }
    return OK;
}
