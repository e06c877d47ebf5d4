#include "config/override.h"

#include "base/suggest.h"
#include "config/catalog.h"
#include "config/sections.h"
#include "config/source.h"
#include "config/table.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

/*
 * A path such as tables.t.source.s3.bucket, or a variable such as
 * MURR_TABLES__T__SOURCE__S3__BUCKET, is compared with the path of every field that exists: of the
 * sections, and of each catalog, table and column in the tree. That is slow (all fields for each variable),
 * but happens once at start, and gives three things: a variable need not say where a name with
 * underscores ends, because only one field matches; a typo gets the most similar field as a
 * suggestion; and two matches are reported.
 *
 * A catalog, header, table or column that the file does not have can be added by a path that names it
 * (offer_new). Variables cannot express all names: they are lower-cased for new ones, and those of
 * headers get '-' for '_'.
 */
enum { PATH_PARTS_MAX = 6 };

/* A field that could be set, as the names that lead to it. */
struct target {
    struct view parts[PATH_PARTS_MAX];
    size_t n;
};

/* The field that is searched, and what was found so far. */
struct search {
    struct arena *arena;
    const char *wanted; /* "server.port", or of a variable "SERVER__PORT" */
    bool by_variable;
    struct target found;
    unsigned n_found;
    struct suggest close;
};

static char *joined(struct arena *arena, const struct target *t, const char *separator)
{
    size_t len = 0, sep_len = strlen(separator);
    for (size_t i = 0; i < t->n; i++)
        len += t->parts[i].len + sep_len;
    char *out = arena_zalloc(arena, len + 1), *p = out;
    for (size_t i = 0; i < t->n; i++) {
        if (i)
            p = mempcpy(p, separator, sep_len);
        p = mempcpy(p, t->parts[i].ptr, t->parts[i].len);
    }
    return out;
}

/* The name of a variable for a path: upper case, and '_' for what names of variables cannot have.
 */
static char *variable_form(char *path)
{
    for (char *p = path; *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    return path;
}

static void offer(struct search *s, const struct target *t)
{
    char *name = joined(s->arena, t, s->by_variable ? "__" : ".");
    bool hit = s->by_variable ? strcasecmp(variable_form(name), s->wanted) == 0
                              : strcmp(name, s->wanted) == 0;
    if (!hit && s->by_variable)
        hit = strcasecmp(variable_form(joined(s->arena, t, "_")), s->wanted) == 0;
    if (hit) {
        s->found = *t;
        s->n_found++;
    }
    suggest_offer(&s->close, name);
}

static void offer_fields(struct search *s, struct target t, struct field_list fields)
{
    t.n++;
    for (size_t i = 0; i < fields.n; i++) {
        t.parts[t.n - 1] = view_cstr(fields.fields[i].name);
        if (fields.fields[i].type == FIELD_MAP)
            offer_fields(s, t, *fields.fields[i].below);
        else
            offer(s, &t);
    }
}

static void offer_column(struct search *s, struct target table, struct view column)
{
    table.parts[table.n++] = view_cstr("columns");
    table.parts[table.n++] = column;
    offer_fields(s, table, column_fields);
}

static void offer_table(struct search *s, struct view name, const struct node *table)
{
    struct target t = {.parts = {view_cstr("tables"), name}, .n = 2};
    offer_fields(s, t, table_fields);
    struct target key = {.parts = {t.parts[0], name, view_cstr("key")}, .n = 3};
    offer(s, &key);
    for (size_t i = 0; i < n_source_forms; i++) {
        struct target source = {
            .parts = {t.parts[0], name, view_cstr("source"), view_cstr(source_forms[i].name)},
            .n = 4};
        offer_fields(s, source, *source_forms[i].fields);
    }
    const struct node *columns = table ? node_member(table, view_cstr("columns")) : NULL;
    for (const struct node *c = columns ? columns->first : NULL; c; c = c->next)
        if (c->name)
            offer_column(s, t, c->name->text);
}

static void offer_header(struct search *s, struct view catalog, struct view header)
{
    struct target t = {.parts = {view_cstr("catalogs"), catalog, view_cstr("headers"), header},
                       .n = 4};
    offer(s, &t);
}

static void offer_catalog(struct search *s, struct view name, const struct node *catalog)
{
    struct target t = {.parts = {view_cstr("catalogs"), name}, .n = 2};
    offer_fields(s, t, catalog_fields);
    const struct node *headers = catalog ? node_member(catalog, view_cstr("headers")) : NULL;
    for (const struct node *h = headers ? headers->first : NULL; h; h = h->next)
        if (h->name)
            offer_header(s, name, h->name->text);
}

/* The next name of a path that may begin a new table or column; "" when the path ends. */
static struct view next_name(struct search *s, const char **rest)
{
    const char *separator = s->by_variable ? "__" : ".";
    const char *end = strstr(*rest, separator);
    if (!end || end == *rest)
        return (struct view){0};
    char *name = arena_strndup(s->arena, *rest, (size_t)(end - *rest));
    for (char *p = name; s->by_variable && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    *rest = end + strlen(separator);
    return view_cstr(name);
}

/* Whether *rest begins with the name of a field, which it then leaves behind. */
static bool skip_name(const struct search *s, const char *name, const char **rest)
{
    const char *separator = s->by_variable ? "__" : ".";
    size_t len = strlen(name);
    if (strncasecmp(*rest, name, len) != 0 ||
        strncmp(*rest + len, separator, strlen(separator)) != 0)
        return false;
    *rest += len + strlen(separator);
    return true;
}

/* The next name, as the member of `map` has it that it means; *out_is_new if there is none. */
static struct view next_member(struct search *s, const char **rest, const struct node *map,
                               bool *out_is_new)
{
    struct view name = next_name(s, rest);
    *out_is_new = false;
    for (const struct node *n = map && name.len ? map->first : NULL; n && n->name; n = n->next) {
        struct target one = {.parts = {n->name->text}, .n = 1};
        char *text = joined(s->arena, &one, "");
        if (view_eq_cstr(name, text) ||
            (s->by_variable && strcasecmp(variable_form(text), (const char *)name.ptr) == 0))
            return one.parts[0];
    }
    *out_is_new = name.len > 0;
    return name;
}

/* Offer the fields of a table or column that the path names and the tree does not have yet. */
static void offer_new_table(struct search *s, const char *rest, const struct node *tables)
{
    bool is_new;
    struct view name = next_member(s, &rest, tables, &is_new);
    if (name.len == 0)
        return;
    if (is_new)
        offer_table(s, name, NULL);
    if (s->n_found || !skip_name(s, "columns", &rest))
        return;
    struct view column = next_name(s, &rest);
    if (column.len)
        offer_column(s, (struct target){.parts = {view_cstr("tables"), name}, .n = 2}, column);
}

/* The same for a catalog or one of its headers. */
static void offer_new_catalog(struct search *s, const char *rest, const struct node *catalogs)
{
    bool is_new;
    struct view name = next_member(s, &rest, catalogs, &is_new);
    if (name.len == 0)
        return;
    if (is_new)
        offer_catalog(s, name, NULL);
    if (s->n_found || !skip_name(s, "headers", &rest) || !*rest)
        return;
    char *header = arena_strndup(s->arena, rest, strlen(rest));
    for (char *p = header; s->by_variable && *p; p++)
        *p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    offer_header(s, name, view_cstr(header));
}

static void offer_new(struct search *s, const struct node *tables, const struct node *catalogs)
{
    const char *rest = s->wanted;
    if (skip_name(s, "tables", &rest))
        offer_new_table(s, rest, tables);
    else if (skip_name(s, "catalogs", &rest))
        offer_new_catalog(s, rest, catalogs);
}

static void search_all(struct search *s, const struct node *root)
{
    for (size_t i = 0; i < n_config_sections; i++) {
        struct target t = {.parts = {view_cstr(config_sections[i].name)}, .n = 1};
        offer_fields(s, t, config_sections[i].fields);
    }
    const struct node *tables = node_member(root, view_cstr("tables"));
    for (const struct node *t = tables ? tables->first : NULL; t; t = t->next)
        if (t->name)
            offer_table(s, t->name->text, t);
    const struct node *catalogs = node_member(root, view_cstr("catalogs"));
    for (const struct node *c = catalogs ? catalogs->first : NULL; c; c = c->next)
        if (c->name)
            offer_catalog(s, c->name->text, c);
    if (s->n_found == 0)
        offer_new(s, tables, catalogs);
}

static struct node *scalar_new(struct arena *arena, struct view text, const char *origin)
{
    struct node *n = node_new(arena, NODE_SCALAR, origin);
    n->text = view_of(arena_strndup(arena, text.ptr, text.len), text.len);
    n->loose = true;
    return n;
}

/* "a,b" as the list that a key is. */
static void set_names(struct node *n, const char *value, struct arena *arena)
{
    n->kind = NODE_LIST;
    n->first = n->last = NULL;
    for (const char *p = value;; p++) {
        size_t len = strcspn(p, ",");
        node_append(n, scalar_new(arena, view_of(p, len), n->origin));
        p += len;
        if (*p == '\0')
            return;
    }
}

/* The member `name`; it is added if it is missing. */
static struct node *enter(struct node *map, struct view name, struct arena *arena,
                          const char *origin)
{
    struct node *n = node_member(map, name);
    if (!n) {
        n = node_new(arena, NODE_MAP, origin);
        n->name = scalar_new(arena, name, origin);
        node_append(map, n);
    }
    if (n->kind == NODE_SCALAR && node_scalar_type(n) == SCALAR_NULL)
        n->kind = NODE_MAP;
    return n;
}

must_use static enum code set(struct node *root, const struct target *t, const char *value,
                              const char *origin, struct arena *arena, struct err *err)
{
    struct node *n = root;
    for (size_t i = 0; i < t->n; i++) {
        struct target so_far = {.n = i};
        memcpy(so_far.parts, t->parts, i * sizeof(t->parts[0]));
        if (n->kind != NODE_MAP)
            return err_set(err, E_INVALID, "%s: %s: expected a map", n->origin,
                           joined(arena, &so_far, "."));
        n = enter(n, t->parts[i], arena, origin);
    }
    n->origin = origin;
    if (t->n == 3 && view_eq_cstr(t->parts[2], "key")) {
        set_names(n, value, arena);
        return OK;
    }
    n->kind = NODE_SCALAR;
    n->text = view_cstr(arena_strndup(arena, value, strlen(value)));
    n->quoted = false;
    n->loose = true;
    return OK;
}

static const char *prefixed(struct arena *arena, const char *prefix, const char *name)
{
    size_t size = strlen(prefix) + strlen(name) + 1;
    char *out = arena_alloc(arena, size);
    snprintf(out, size, "%s%s", prefix, name);
    return out;
}

enum code override_flag(const char *set_arg, struct node *root, struct arena *arena,
                        struct err *err)
{
    const char *equals = strchr(set_arg, '=');
    char shown[120];
    view_printable(view_cstr(set_arg), shown, sizeof(shown));
    if (!equals || equals == set_arg)
        return err_set(err, E_INVALID, "--set %s: expected FIELD=VALUE, as in server.port=9090",
                       shown);
    const char *path = arena_strndup(arena, set_arg, (size_t)(equals - set_arg));
    struct search s = {.arena = arena, .wanted = path, .close = suggest_init(view_cstr(path))};
    search_all(&s, root);
    if (s.n_found == 0) {
        char hint[SUGGEST_CAP];
        view_printable(view_cstr(path), shown, sizeof(shown));
        return err_set(err, E_INVALID, "--set %s: unknown field%s", shown,
                       suggest_text(&s.close, hint));
    }
    return set(root, &s.found, equals + 1, prefixed(arena, "--set ", path), arena, err);
}

/* For a service named "murr", Kubernetes sets variables of these forms in every pod. */
static bool is_service_link(const char *name)
{
    static const char *const forms[] = {"MURR_SERVICE_HOST", "MURR_SERVICE_PORT", "MURR_PORT"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t len = strlen(forms[i]);
        if (strncmp(name, forms[i], len) == 0 && strchr("=_", name[len]))
            return true;
    }
    return false;
}

/* `name` goes on with '=' and the value. */
static bool is_ours(const char *name)
{
    static const char prefix[] = "MURR_", test[] = "MURR_TEST_", config[] = "MURR_CONFIG=";
    return strncmp(name, prefix, strlen(prefix)) == 0 && strncmp(name, test, strlen(test)) != 0 &&
           strncmp(name, config, strlen(config)) != 0 && !is_service_link(name);
}

/*
 * Kubernetes gives every container variables about the services of its namespace; for a service
 * named "murr" or "murr-server" they look like ours: MURR_SERVICE_HOST, MURR_PORT_8080_TCP_ADDR,
 * and MURR_SERVER_PORT=tcp://10.0.0.7:8080.
 */
static bool is_about_a_service(const char *name, const char *value)
{
    static const char host[] = "_SERVICE_HOST";
    size_t len = strlen(name);
    const char *port = strstr(name, "_PORT_");
    return strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0 ||
           strncmp(value, "sctp://", 7) == 0 || strstr(name, "_SERVICE_PORT") ||
           (len >= strlen(host) && strcmp(name + len - strlen(host), host) == 0) ||
           (port && isdigit((unsigned char)port[strlen("_PORT_")]));
}

enum code override_variable(const char *variable, struct node *root, struct arena *arena,
                            struct err *err)
{
    const char *equals = strchr(variable, '=');
    if (!equals || !is_ours(variable))
        return OK;
    const char *name = arena_strndup(arena, variable, (size_t)(equals - variable));
    if (is_about_a_service(name, equals + 1))
        return OK;
    const char *wanted = name + strlen("MURR_");
    struct search s = {.arena = arena,
                       .wanted = wanted,
                       .by_variable = true,
                       .close = suggest_init(view_cstr(wanted))};
    search_all(&s, root);
    char shown[120], hint[SUGGEST_CAP];
    view_printable(view_cstr(name), shown, sizeof(shown));
    if (s.n_found > 1)
        return err_set(err, E_INVALID, "%s: names more than one field; use --set", shown);
    if (s.n_found == 0) {
        if (s.close.best)
            s.close.best = prefixed(arena, "MURR_", s.close.best);
        return err_set(err, E_INVALID, "%s: names no known field%s", shown,
                       suggest_text(&s.close, hint));
    }
    return set(root, &s.found, equals + 1, name, arena, err);
}
