#include "config/table.h"

#include "base/mem.h"
#include "model/schema.h"
#include "remote/uri.h"

#include <stdio.h>

enum { FIELD_PATH_CAP = 420, NAME_MAX_BYTES = 128 };

/* "path.name", with the name made printable. */
static const char *below(const char *path, struct view name, char out[FIELD_PATH_CAP])
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
                   below(path, n->name->text, full), suggest_text(close, hint));
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

enum code fields_check(const struct node *map, const struct config_field *fields, size_t n_fields,
                       const char *const *others, const char *path, struct err *err)
{
    for (const struct node *n = map ? map->first : NULL; n; n = n->next) {
        bool known = false;
        struct suggest close = suggest_init(n->name->text);
        for (size_t i = 0; i < n_fields; i++) {
            known = known || view_eq_cstr(n->name->text, fields[i].name);
            suggest_offer(&close, fields[i].name);
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

enum code fields_read(const struct node *map, const struct config_field *fields, size_t n_fields,
                      void *base, const char *owner, const char *path, struct err *err)
{
    char full[FIELD_PATH_CAP];
    for (size_t i = 0; i < n_fields; i++) {
        struct view name = view_cstr(fields[i].name);
        const struct node *n = map ? node_member(map, name) : NULL;
        TRY(field_read(&fields[i], n, base, owner, below(path, name, full), err));
    }
    return OK;
}

void fields_print(const struct config_field *fields, size_t n_fields, const void *base,
                  unsigned indent, struct buf *out)
{
    for (size_t i = 0; i < n_fields; i++) {
        buf_printf(out, "%*s%s: ", (int)indent, "", fields[i].name);
        field_print(&fields[i], base, out);
        buf_puts(out, "\n");
    }
}

must_use static enum code read_name(const struct node *n, struct table_spec *out, struct err *err)
{
    struct view name = n->name->text;
    char full[FIELD_PATH_CAP];
    enum code rc = table_name_check(name, err);
    if (rc)
        return err_in(err, rc, "%s: %s", n->name->origin, below("tables", name, full));
    out->name = mem_strndup(name.ptr, name.len);
    return OK;
}

/* How the source publishes; a field of every kind of source. */
static const char *const layout_names[] = {"partitions", "marker", "pointer", NULL};

must_use static enum code read_layout(const struct node *n, const char *path,
                                      struct table_spec *out, struct err *err)
{
    struct partition_layout *layout = &out->source.layout;
    TRY(fields_read(n, layout_fields, N_LAYOUT_FIELDS, layout, n->name->origin, path, err));
    if (strchr(layout->marker, '/') || strchr(layout->pointer, '/'))
        return err_set(err, E_INVALID, "%s: %s: marker and pointer are names of files, without '/'",
                       n->name->origin, path);
    return OK;
}

must_use static enum code read_local(const struct node *n, const char *path, struct table_spec *out,
                                     struct err *err)
{
    TRY(map_check(n, path, err));
    TRY(fields_check(n, local_fields, N_LOCAL_FIELDS, layout_names, path, err));
    out->source.kind = SOURCE_LOCAL;
    TRY(fields_read(n, local_fields, N_LOCAL_FIELDS, &out->source, n->name->origin, path, err));
    return read_layout(n, path, out, err);
}

/* What goes together, and what is no URL. */
must_use static enum code check_s3(const struct s3_config *c, struct err *err)
{
    struct uri endpoint;
    if (c->endpoint[0]) {
        enum code rc = uri_parse(c->endpoint, &endpoint, err);
        if (rc)
            return err_in(err, rc, "endpoint: '%.200s'", c->endpoint);
    }
    if (strchr(c->bucket, '/'))
        return err_set(err, E_INVALID, "bucket: '%.100s' has a '/'; what follows it is the prefix",
                       c->bucket);
    if (!c->access_key_id[0] != !c->secret_access_key[0])
        return err_set(err, E_INVALID,
                       "access_key_id and secret_access_key must be given together");
    if (c->anonymous && c->access_key_id[0])
        return err_set(err, E_INVALID, "anonymous: there is an access_key_id as well");
    return OK;
}

must_use static enum code read_s3(const struct node *n, const char *path, struct table_spec *out,
                                  struct err *err)
{
    TRY(map_check(n, path, err));
    TRY(fields_check(n, s3_fields, N_S3_FIELDS, layout_names, path, err));
    out->source.kind = SOURCE_S3;
    TRY(fields_read(n, s3_fields, N_S3_FIELDS, &out->source.s3, n->name->origin, path, err));
    enum code rc = check_s3(&out->source.s3, err);
    return rc ? err_in(err, rc, "%s: %s", n->name->origin, path) : read_layout(n, path, out, err);
}

/* Exactly one of the known kinds. */
must_use static enum code read_source(const struct node *table, const char *table_path,
                                      struct table_spec *out, struct err *err)
{
    static const char *const kinds[] = {"local", "s3", "iceberg", NULL};
    char path[FIELD_PATH_CAP], below_path[FIELD_PATH_CAP];
    below(table_path, view_cstr("source"), path);
    const struct node *source = node_member(table, view_cstr("source"));
    if (!source)
        return err_set(err, E_INVALID, "%s: %s: missing; it must be given", table->name->origin,
                       path);
    TRY(map_check(source, path, err));
    TRY(fields_check(source, NULL, 0, kinds, path, err));
    const struct node *kind = source->first;
    if (!kind || kind->next)
        return err_set(err, E_INVALID,
                       "%s: %s: exactly one of local, s3 and iceberg must be given%s",
                       (kind ? kind->next : source)->origin, path, kind ? ", found several" : "");
    below(path, kind->name->text, below_path);
    if (view_eq_cstr(kind->name->text, "s3"))
        return read_s3(kind, below_path, out, err);
    if (!view_eq_cstr(kind->name->text, "local"))
        return err_set(err, E_INVALID, "%s: %s: source %.*s is not supported by this version yet",
                       kind->name->origin, below_path, VIEW_ARG(kind->name->text));
    return read_local(kind, below_path, out, err);
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
    below(table_path, view_cstr("key"), path);
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

/* A key column is never null, whether its entry says so or not; it may not say otherwise. */
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
    below(columns_path, n->name->text, path);
    TRY(map_check(n, path, err));
    TRY(fields_check(n, column_fields, N_COLUMN_FIELDS, NULL, path, err));
    if (n->name->text.len == 0)
        return err_set(err, E_INVALID, "%s: %s: a column needs a name", n->name->origin, path);
    if (table_column_is_reserved(n->name->text))
        return err_set(err, E_INVALID, "%s: %s: the name of this column is reserved",
                       n->name->origin, path);
    out->columns = mem_realloc(out->columns, (out->n_columns + 1) * sizeof(*out->columns));
    struct column_spec *c = &out->columns[out->n_columns++];
    *c = (struct column_spec){.name = mem_strndup(n->name->text.ptr, n->name->text.len)};
    TRY(fields_read(n, column_fields, N_COLUMN_FIELDS, c, n->name->origin, path, err));
    return in_key(out, c->name) ? check_key_column(n, path, c, err) : OK;
}

must_use static enum code read_columns(const struct node *table, const char *table_path,
                                       struct table_spec *out, struct err *err)
{
    char path[FIELD_PATH_CAP];
    const struct node *columns = node_member(table, view_cstr("columns"));
    if (!columns)
        return OK;
    TRY(map_check(columns, below(table_path, view_cstr("columns"), path), err));
    for (const struct node *n = columns->first; n; n = n->next)
        TRY(read_column(n, path, out, err));
    for (size_t i = 0; out->n_columns && i < out->n_key; i++)
        if (!node_member(columns, view_cstr(out->key[i])))
            return err_set(err, E_INVALID, "%s: %s: key column '%.128s' is not among the columns",
                           columns->origin, path, out->key[i]);
    return OK;
}

must_use static enum code read_guard(const struct node *table, const char *table_path,
                                     struct table_spec *out, struct err *err)
{
    char path[FIELD_PATH_CAP];
    const struct node *guard = node_member(table, view_cstr("guard"));
    below(table_path, view_cstr("guard"), path);
    if (guard)
        TRY(map_check(guard, path, err));
    TRY(fields_check(guard, guard_fields, N_GUARD_FIELDS, NULL, path, err));
    return fields_read(guard, guard_fields, N_GUARD_FIELDS, &out->guard, table->name->origin, path,
                       err);
}

enum code table_read(const struct node *n, struct table_spec *out, struct err *err)
{
    static const char *const others[] = {"source", "key", "columns", "guard", NULL};
    char path[FIELD_PATH_CAP];
    TRY(read_name(n, out, err));
    TRY(map_check(n, below("tables", n->name->text, path), err));
    TRY(fields_check(n, table_fields, N_TABLE_FIELDS, others, path, err));
    TRY(fields_read(n, table_fields, N_TABLE_FIELDS, out, n->name->origin, path, err));
    TRY(read_source(n, path, out, err));
    TRY(read_guard(n, path, out, err));
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

static void print_source(const struct source_spec *source, struct buf *out)
{
    if (source->kind == SOURCE_S3) {
        buf_puts(out, "      s3:\n");
        fields_print(s3_fields, N_S3_FIELDS, &source->s3, 8, out);
    } else {
        buf_puts(out, "      local:\n");
        fields_print(local_fields, N_LOCAL_FIELDS, source, 8, out);
    }
    fields_print(layout_fields, N_LAYOUT_FIELDS, &source->layout, 8, out);
}

void table_print(const struct table_spec *spec, struct buf *out)
{
    buf_puts(out, "  ");
    yaml_put_string(out, spec->name);
    buf_puts(out, ":\n    source:\n");
    print_source(&spec->source, out);
    fields_print(table_fields, N_TABLE_FIELDS, spec, 4, out);
    buf_puts(out, "    guard:\n");
    fields_print(guard_fields, N_GUARD_FIELDS, &spec->guard, 6, out);
    buf_puts(out, "    key: [");
    for (size_t i = 0; i < spec->n_key; i++) {
        buf_puts(out, i ? ", " : "");
        yaml_put_string(out, spec->key[i]);
    }
    buf_puts(out, "]\n");
    print_columns(spec, out);
}
