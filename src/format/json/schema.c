#include "format/json/schema.h"

#include "format/json/put.h"

#include <jansson.h>
#include <stdio.h>

static void put_key(struct buf *out, const struct schema *s)
{
    if (s->n_key != 1)
        buf_puts(out, "[");
    for (size_t k = 0; k < s->n_key; k++) {
        if (k)
            buf_puts(out, ",");
        json_put_string(out, view_cstr(s->fields[s->key[k]].name));
    }
    if (s->n_key != 1)
        buf_puts(out, "]");
}

void json_put_schema(struct buf *out, const struct schema *schema)
{
    buf_puts(out, "{\"key\":");
    put_key(out, schema);
    buf_puts(out, ",\"columns\":{");
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct field *f = &schema->fields[i];
        if (i)
            buf_puts(out, ",");
        json_put_string(out, view_cstr(f->name));
        char text[TYPE_TEXT_CAP];
        buf_printf(out, ":{\"dtype\":\"%s\",\"nullable\":%s}", type_text(&f->type, text),
                   f->nullable ? "true" : "false");
    }
    buf_puts(out, "}}");
}

static bool names_column(const json_t *key, const char *column)
{
    if (json_is_string(key))
        return strcmp(json_string_value(key), column) == 0;
    for (size_t i = 0; i < json_array_size(key); i++) {
        const char *name = json_string_value(json_array_get(key, i));
        if (name && strcmp(name, column) == 0)
            return true;
    }
    return false;
}

/* Members other than `a` and `b` (which may be NULL) are refused. */
must_use static enum code check_members(json_t *object, const char *what, const char *a,
                                        const char *b, struct err *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return err_set(err, E_INVALID, "%s: expected an object", what);
    json_object_foreach(object, name, value)
    {
        char shown[80];
        if (strcmp(name, a) != 0 && strcmp(name, b) != 0)
            return err_set(err, E_INVALID, "%s: unknown member \"%s\"; known are \"%s\" and \"%s\"",
                           what, view_printable(view_cstr(name), shown, sizeof(shown)), a, b);
    }
    return OK;
}

must_use static enum code read_column(const char *name, json_t *column, bool in_key,
                                      struct schema *out, struct err *err)
{
    char shown[80], what[120];
    struct type parsed;
    snprintf(what, sizeof(what), "column \"%s\"",
             view_printable(view_cstr(name), shown, sizeof(shown)));
    TRY(check_members(column, what, "dtype", "nullable", err));
    const json_t *type = json_object_get(column, "dtype");
    const json_t *nullable = json_object_get(column, "nullable");
    if (!json_is_string(type))
        return err_set(err, E_INVALID, "%s: \"dtype\" must be given, as a string", what);
    enum code rc = type_parse(view_cstr(json_string_value(type)), &parsed, err);
    if (rc)
        return err_in(err, rc, "%s", what);
    if (nullable && !json_is_boolean(nullable))
        return err_set(err, E_INVALID, "%s: \"nullable\" must be true or false", what);
    schema_add(out, view_cstr(name), &parsed, nullable ? json_is_true(nullable) : !in_key);
    return OK;
}

must_use static enum code add_key(const json_t *name, struct schema *out, struct err *err)
{
    char shown[80];
    if (!json_is_string(name))
        return err_set(err, E_INVALID, "\"key\" must be the name of a column or a list of names");
    struct view text = view_cstr(json_string_value(name));
    ptrdiff_t i = schema_find(out, text);
    if (i < 0)
        return err_set(err, E_INVALID, "key column \"%s\" is not among the columns",
                       view_printable(text, shown, sizeof(shown)));
    schema_add_key(out, (size_t)i);
    return OK;
}

must_use static enum code read_schema(json_t *root, struct schema *out, struct err *err)
{
    const char *name;
    json_t *column;
    TRY(check_members(root, "schema", "key", "columns", err));
    json_t *key = json_object_get(root, "key"), *columns = json_object_get(root, "columns");
    if (!json_is_object(columns))
        return err_set(err, E_INVALID, "\"columns\" must be given, as an object");
    json_object_foreach(columns, name, column)
        TRY(read_column(name, column, names_column(key, name), out, err));
    if (!json_is_array(key))
        TRY(add_key(key, out, err));
    for (size_t i = 0; i < json_array_size(key); i++)
        TRY(add_key(json_array_get(key, i), out, err));
    return schema_check(out, err);
}

enum code json_parse_schema(struct view json, struct schema *out_schema, struct err *err)
{
    json_error_t why;
    struct schema schema = {0};
    json_t *root =
        json_loadb(json.len ? (const char *)json.ptr : "", json.len, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return err_set(err, E_INVALID, "not valid JSON: line %d: %s", why.line, why.text);
    enum code rc = read_schema(root, &schema, err);
    json_decref(root);
    if (rc) {
        schema_done(&schema);
        return rc;
    }
    *out_schema = schema;
    return OK;
}
