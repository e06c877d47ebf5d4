#include "config/table.h"

#include "base/mem.h"
#include "config/source.h"
#include "model/schema.h"

#include <stddef.h>

static const char *const layout_words[] = {"packed", "columnar", NULL};
static const char *const storage_words[] = {"memory", "mmap", "disk", NULL};
static const char *const schema_words[] = {"compatible", "any", NULL};
static const char *const refresh_words[] = {"incremental", "full", NULL};

_Static_assert(sizeof(enum layout_kind) == sizeof(unsigned) &&
                   sizeof(enum storage_kind) == sizeof(unsigned) &&
                   sizeof(enum guard_schema) == sizeof(unsigned) &&
                   sizeof(enum refresh_kind) == sizeof(unsigned),
               "FIELD_ENUM stores an unsigned");

#define AT(member) offsetof(struct guard_spec, member)
static const struct config_field bounds[] = {
    {"min_rows", FIELD_COUNT, AT(min_rows), "1", .max = 1ull << 50},
    {"max_shrink", FIELD_PERCENT, AT(max_shrink), "50%", .max = 100},
    {"max_null_growth", FIELD_PERCENT, AT(max_null_growth), "100%", .max = 100},
    {"max_duplicates", FIELD_PERCENT, AT(max_duplicates), "95%", .max = 100},
    {"max_days_ahead", FIELD_UINT, AT(max_days_ahead), "2", .max = 4000000},
    {"schema", FIELD_ENUM, AT(schema), "compatible", .words = schema_words},
};
#undef AT
static const struct field_list guard_fields = FIELD_LIST(bounds);

#define AT(member) offsetof(struct table_spec, member)
static const struct config_field own_fields[] = {
    {"poll_interval", FIELD_DURATION, AT(poll_interval_ms), "1m", .min = 10, .max = 2592000000},
    {"parts", FIELD_UINT, AT(parts), "8", .min = 1, .max = 4096},
    {"layout", FIELD_ENUM, AT(layout), "packed", .words = layout_words},
    {"storage", FIELD_ENUM, AT(storage), "memory", .words = storage_words},
    {"scrub", FIELD_DURATION, AT(scrub_ms), "1d", .max = 31536000000},
    {"keep_generations", FIELD_UINT, AT(keep_generations), "2", .max = 1000},
    {"rollback_after", FIELD_UINT, AT(rollback_after), "3", .min = 1, .max = 1000000},
    {"writes", FIELD_BOOL, AT(writes), .fallback = "true"},
    {"newest_by", FIELD_STRING, AT(newest_by), .fallback = ""},
    {"refresh", FIELD_ENUM, AT(refresh), "incremental", .words = refresh_words},
    {"guard", FIELD_MAP, AT(guard), .below = &guard_fields},
};
#undef AT
#define AT(member) offsetof(struct column_spec, member)
static const struct config_field of_column[] = {
    {"dtype", FIELD_TYPE, AT(type), .words = NULL},
    {"nullable", FIELD_BOOL, AT(nullable), .fallback = "true"},
};
#undef AT

const struct field_list table_fields = FIELD_LIST(own_fields);
const struct field_list column_fields = FIELD_LIST(of_column);

must_use static enum code read_name(const struct node *n, struct table_spec *out, struct err *err)
{
    struct view name = n->name->text;
    char full[FIELD_PATH_CAP];
    enum code rc = table_name_check(name, err);
    if (rc)
        return err_in(err, rc, "%s: %s", n->name->origin, path_below("tables", name, full));
    out->name = mem_strndup(name.ptr, name.len);
    return OK;
}

must_use static enum code add_key(const struct node *n, const char *path, struct table_spec *out,
                                  struct err *err)
{
    char shown[NODE_SHOWN_CAP];
    bool text = n->kind == NODE_SCALAR && (n->loose || node_scalar_type(n) != SCALAR_NULL);
    if (!text || n->text.len == 0)
        return err_set(err, E_INVALID, "%s: %s: expected the name of a column, found %s", n->origin,
                       path, node_shown(n, shown));
    for (size_t i = 0; i < out->n_key; i++)
        if (view_eq_cstr(n->text, out->key[i]))
            return err_set(err, E_INVALID, "%s: %s: column '%s' is given twice", n->origin, path,
                           view_printable(n->text, shown, sizeof(shown)));
    out->key = mem_realloc(out->key, (out->n_key + 1) * sizeof(*out->key));
    out->key[out->n_key++] = mem_strndup(n->text.ptr, n->text.len);
    return OK;
}

must_use static enum code read_key(const struct node *table, const char *table_path,
                                   struct table_spec *out, struct err *err)
{
    char path[FIELD_PATH_CAP], shown[NODE_SHOWN_CAP];
    path_below(table_path, view_cstr("key"), path);
    const struct node *key = node_member(table, view_cstr("key"));
    if (!key)
        return err_set(err, E_INVALID, "%s: %s: missing; it must be given", table->name->origin,
                       path);
    if (key->kind != NODE_LIST)
        return err_set(err, E_INVALID, "%s: %s: expected a list of column names, found %s",
                       key->origin, path, node_shown(key, shown));
    if (!key->first)
        return err_set(err, E_INVALID, "%s: %s: must name at least one column", key->origin, path);
    for (const struct node *n = key->first; n; n = n->next)
        TRY(add_key(n, path, out, err));
    return OK;
}

static bool in_key(const struct table_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_key; i++)
        if (strcmp(spec->key[i], name) == 0)
            return true;
    return false;
}

/* A key column is never null. Its entry may leave that out, but may not say `nullable: true`. */
must_use static enum code check_key_column(const struct node *n, const char *path,
                                           struct column_spec *c, struct err *err)
{
    const struct node *nullable = node_member(n, view_cstr("nullable"));
    if (nullable && c->nullable)
        return err_set(err, E_INVALID, "%s: %s.nullable: a key column cannot be nullable",
                       nullable->origin, path);
    char text[TYPE_TEXT_CAP];
    if (!dtype_is_key(c->type.dtype))
        return err_set(err, E_INVALID, "%s: %s.dtype: a key column is " KEY_DTYPES ", not %s",
                       n->origin, path, type_text(&c->type, text));
    c->nullable = false;
    return OK;
}

must_use static enum code read_column(const struct node *n, const char *columns_path,
                                      struct table_spec *out, struct err *err)
{
    char path[FIELD_PATH_CAP];
    path_below(columns_path, n->name->text, path);
    TRY(map_check(n, path, err));
    TRY(fields_check(n, column_fields, NULL, path, err));
    if (n->name->text.len == 0)
        return err_set(err, E_INVALID, "%s: %s: a column needs a name", n->name->origin, path);
    if (table_column_is_reserved(n->name->text))
        return err_set(err, E_INVALID, "%s: %s: the name of this column is reserved",
                       n->name->origin, path);
    out->columns = mem_realloc(out->columns, (out->n_columns + 1) * sizeof(*out->columns));
    struct column_spec *c = &out->columns[out->n_columns++];
    *c = (struct column_spec){.name = mem_strndup(n->name->text.ptr, n->name->text.len)};
    TRY(fields_read(n, column_fields, c, n->name->origin, path, err));
    return in_key(out, c->name) ? check_key_column(n, path, c, err) : OK;
}

must_use static enum code read_columns(const struct node *table, const char *table_path,
                                       struct table_spec *out, struct err *err)
{
    char path[FIELD_PATH_CAP];
    const struct node *columns = node_member(table, view_cstr("columns"));
    if (!columns)
        return OK;
    TRY(map_check(columns, path_below(table_path, view_cstr("columns"), path), err));
    for (const struct node *n = columns->first; n; n = n->next)
        TRY(read_column(n, path, out, err));
    for (size_t i = 0; out->n_columns && i < out->n_key; i++)
        if (!node_member(columns, view_cstr(out->key[i])))
            return err_set(err, E_INVALID, "%s: %s: key column '%.128s' is not among the columns",
                           columns->origin, path, out->key[i]);
    if (out->n_columns && out->newest_by[0] && !node_member(columns, view_cstr(out->newest_by)))
        return err_set(err, E_INVALID,
                       "%s: %s: column '%.128s', which newest_by names, is not among the columns",
                       columns->origin, path, out->newest_by);
    return OK;
}

enum code table_read(const struct node *n, const struct config *config, struct table_spec *out,
                     struct err *err)
{
    static const char *const others[] = {"source", "key", "columns", NULL};
    char path[FIELD_PATH_CAP];
    TRY(read_name(n, out, err));
    TRY(map_check(n, path_below("tables", n->name->text, path), err));
    TRY(fields_check(n, table_fields, others, path, err));
    TRY(fields_read(n, table_fields, out, n->name->origin, path, err));
    TRY(source_read(n, path, config, &out->source, err));
    TRY(read_key(n, path, out, err));
    return read_columns(n, path, out, err);
}

static void print_columns(const struct table_spec *spec, struct buf *out)
{
    if (spec->n_columns)
        buf_puts(out, "    columns:\n");
    for (size_t i = 0; i < spec->n_columns; i++) {
        buf_puts(out, "      ");
        yaml_put_string(out, spec->columns[i].name);
        char text[TYPE_TEXT_CAP];
        buf_puts(out, ": { dtype: ");
        yaml_put_string(out, type_text(&spec->columns[i].type, text));
        buf_printf(out, ", nullable: %s }\n", spec->columns[i].nullable ? "true" : "false");
    }
}

void table_print(const struct table_spec *spec, struct buf *out)
{
    buf_puts(out, "  ");
    yaml_put_string(out, spec->name);
    buf_puts(out, ":\n    source:\n");
    source_print(&spec->source, out);
    fields_print(table_fields, spec, 4, out);
    buf_puts(out, "    key: [");
    for (size_t i = 0; i < spec->n_key; i++) {
        buf_puts(out, i ? ", " : "");
        yaml_put_string(out, spec->key[i]);
    }
    buf_puts(out, "]\n");
    print_columns(spec, out);
}
