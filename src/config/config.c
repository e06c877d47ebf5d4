#include "config/config.h"

#include "base/file.h"
#include "base/suggest.h"
#include "config/catalog.h"
#include "config/map.h"
#include "config/override.h"
#include "config/property_names.h"
#include "config/sections.h"
#include "config/table.h"
#include "config/tree.h"

/*
 * From text to settings, in three steps:
 *
 *   1. tree.c      YAML to a tree of maps, lists and scalars. Each node knows where it was written.
 *                  property_names.c gives properties of Iceberg the names of their fields.
 *   2. override.c  variables and --set flags change or add nodes of that tree. Their values have no
 *                  type yet ("loose"): the field decides whether "8080" is a number or a string.
 *   3. fields      sections.c, catalog.c, table.c and source.c list the fields of each map. map.c
 *                  walks those lists: a member that is not listed is an error with a suggestion, a field that
 *                  is not in the tree gets its default, all others are parsed and checked by
 *                  field.c.
 *
 * All three kinds of input go through the third step, so an error names the file and line, the flag
 * or the variable, in the same words. `murr check` prints the settings by the same lists, and what
 * it prints can be read again.
 */
static const size_t file_bytes_max = 16u << 20;

void config_done(struct config *c)
{
    for (size_t i = 0; i < n_config_sections; i++)
        fields_done(config_sections[i].fields, c);
    for (size_t i = 0; i < c->n_tables; i++)
        table_spec_done(&c->tables[i]);
    free(c->tables);
    for (size_t i = 0; i < c->n_catalogs; i++)
        catalog_spec_done(&c->catalogs[i]);
    free(c->catalogs);
    *c = (struct config){0};
}

must_use static enum code check_top(const struct node *root, struct err *err)
{
    for (const struct node *n = root->first; n; n = n->next) {
        struct suggest close = suggest_init(n->name->text);
        bool known =
            view_eq_cstr(n->name->text, "tables") || view_eq_cstr(n->name->text, "catalogs");
        for (size_t i = 0; i < n_config_sections; i++) {
            known = known || view_eq_cstr(n->name->text, config_sections[i].name);
            suggest_offer(&close, config_sections[i].name);
        }
        suggest_offer(&close, "tables");
        suggest_offer(&close, "catalogs");
        if (!known)
            return unknown_field(n, "", &close, err);
    }
    return OK;
}

must_use static enum code read_section(const struct config_section *s, const struct node *root,
                                       struct config *out, struct err *err)
{
    const struct node *map = node_member(root, view_cstr(s->name));
    if (map)
        TRY(map_check(map, s->name, err));
    TRY(fields_check(map, s->fields, NULL, s->name, err));
    return fields_read(map, s->fields, out, root->origin, s->name, err);
}

must_use static enum code read_catalogs(const struct node *root, struct config *out,
                                        struct err *err)
{
    const struct node *map = node_member(root, view_cstr("catalogs"));
    if (!map)
        return OK;
    TRY(map_check(map, "catalogs", err));
    for (const struct node *n = map->first; n; n = n->next) {
        out->catalogs = mem_realloc(out->catalogs, (out->n_catalogs + 1) * sizeof(*out->catalogs));
        struct catalog_spec *spec = &out->catalogs[out->n_catalogs++];
        *spec = (struct catalog_spec){0};
        TRY(catalog_read(n, spec, err));
    }
    return OK;
}

must_use static enum code read_tables(const struct node *root, struct config *out, struct err *err)
{
    const struct node *map = node_member(root, view_cstr("tables"));
    if (!map)
        return OK;
    TRY(map_check(map, "tables", err));
    for (const struct node *n = map->first; n; n = n->next) {
        out->tables = mem_realloc(out->tables, (out->n_tables + 1) * sizeof(*out->tables));
        struct table_spec *spec = &out->tables[out->n_tables++];
        *spec = (struct table_spec){0};
        TRY(table_read(n, out, spec, err));
    }
    return OK;
}

must_use static enum code read_root(const struct node *root, struct config *out, struct err *err)
{
    if (root->kind != NODE_MAP) {
        char shown[NODE_SHOWN_CAP];
        return err_set(err, E_INVALID,
                       "%s: expected a map of server, catalogs, tables, log and load, found %s",
                       root->origin, node_shown(root, shown));
    }
    TRY(check_top(root, err));
    for (size_t i = 0; i < n_config_sections; i++)
        TRY(read_section(&config_sections[i], root, out, err));
    TRY(read_catalogs(root, out, err)); /* before the tables, which point to them */
    return read_tables(root, out, err);
}

must_use static enum code read_file(const char *path, struct arena *arena, struct node **out_root,
                                    struct err *err)
{
    AUTO(buf) struct buf yaml = {0};
    if (!path) {
        *out_root = node_new(arena, NODE_MAP, "configuration");
        return OK;
    }
    TRY(file_read(path, file_bytes_max, &yaml, err));
    TRY(tree_parse(buf_view(&yaml), path, arena, out_root, err));
    struct node *root = *out_root;
    if (root->kind == NODE_SCALAR && node_scalar_type(root) == SCALAR_NULL)
        root->kind = NODE_MAP; /* nothing but comments */
    return property_names(root, arena, err);
}

must_use static enum code apply_overrides(struct node *root, const char *const *env,
                                          const char *const *sets, size_t n_sets,
                                          struct arena *arena, struct err *err)
{
    if (root->kind != NODE_MAP)
        return OK; /* read_root refuses it with a better message */
    for (; env && *env; env++)
        TRY(override_variable(*env, root, arena, err));
    for (size_t i = 0; i < n_sets; i++)
        TRY(override_flag(sets[i], root, arena, err));
    return OK;
}

enum code config_load(const char *path, const char *const *env, const char *const *sets,
                      size_t n_sets, struct config *out_config, struct err *err)
{
    AUTO(arena) struct arena arena = {0};
    struct node *root;
    *out_config = (struct config){0};
    enum code rc = read_file(path, &arena, &root, err);
    if (rc == OK)
        rc = apply_overrides(root, env, sets, n_sets, &arena, err);
    if (rc == OK)
        rc = read_root(root, out_config, err);
    if (rc)
        config_done(out_config);
    return rc;
}

void config_print(const struct config *config, struct buf *out)
{
    for (size_t i = 0; i < n_config_sections; i++) {
        const struct config_section *s = &config_sections[i];
        buf_printf(out, "%s:\n", s->name);
        fields_print(s->fields, config, 2, out);
    }
    buf_puts(out, config->n_catalogs ? "catalogs:\n" : "catalogs: {}\n");
    for (size_t i = 0; i < config->n_catalogs; i++)
        catalog_print(&config->catalogs[i], out);
    buf_puts(out, config->n_tables ? "tables:\n" : "tables: {}\n");
    for (size_t i = 0; i < config->n_tables; i++)
        table_print(&config->tables[i], out);
}
