#include "format/json/schema.h"

#include "base/suggest.h"
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

static const char *word(bool yes)
{
    return yes ? "true" : "false";
}

/* "id":{"dtype":"utf8","nullable":false; still open */
static void put_field(struct buf *out, const struct schema *s, size_t i)
{
    const struct field *f = &s->fields[i];
    char text[TYPE_TEXT_CAP];
    if (i)
        buf_puts(out, ",");
    json_put_string(out, view_cstr(f->name));
    buf_printf(out, ":{\"dtype\":\"%s\",\"nullable\":%s", type_text(&f->type, text),
               word(f->nullable));
}

void json_put_schema(struct buf *out, const struct schema *schema)
{
    buf_puts(out, "{\"key\":");
    put_key(out, schema);
    buf_puts(out, ",\"columns\":{");
    for (size_t i = 0; i < schema->n_fields; i++) {
        put_field(out, schema, i);
        buf_puts(out, schema->fields[i].lossy ? ",\"strict\":false}" : "}");
    }
    buf_puts(out, "}}");
}

void json_put_schema_flags(struct buf *out, const struct schema *schema)
{
    buf_puts(out, "{\"columns\":{");
    for (size_t i = 0; i < schema->n_fields; i++) {
        put_field(out, schema, i);
        buf_printf(out, ",\"key\":%s,\"strict\":%s}", word(schema_is_key(schema, i)),
                   word(!schema->fields[i].lossy));
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

/* Members other than those of `known`, which ends with NULL, are refused. */
must_use static enum code check_members(json_t *object, const char *what, const char *const *known,
                                        struct err *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return err_set(err, E_INVALID, "%s: expected an object", what);
    json_object_foreach(object, name, value)
    {
        char shown[80], hint[SUGGEST_CAP];
        struct suggest close = suggest_init(view_cstr(name));
        size_t i = 0;
        for (; known[i] && strcmp(name, known[i]) != 0; i++)
            suggest_offer(&close, known[i]);
        if (!known[i])
            return err_set(err, E_INVALID, "%s: unknown member \"%s\"%s", what,
                           view_printable(view_cstr(name), shown, sizeof(shown)),
                           suggest_text(&close, hint));
    }
    return OK;
}

/* A member that is true or false, or `absent`. */
must_use static enum code read_flag(const json_t *column, const char *what, const char *name,
                                    bool absent, bool *out, struct err *err)
{
    const json_t *flag = json_object_get(column, name);
    if (flag && !json_is_boolean(flag))
        return err_set(err, E_INVALID, "%s: \"%s\" must be true or false", what, name);
    *out = flag ? json_is_true(flag) : absent;
    return OK;
}

/* `key` is the list of the key columns' names, or NULL where columns say it themselves. */
must_use static enum code read_column(const char *name, json_t *column, const json_t *key,
                                      struct schema *out, struct err *err)
{
    static const char *const plain[] = {"dtype", "nullable", "strict", NULL};
    static const char *const flagged[] = {"dtype", "nullable", "strict", "key", NULL};
    char shown[80], what[120];
    struct type parsed;
    bool in_key, nullable, strict;
    snprintf(what, sizeof(what), "column \"%s\"",
             view_printable(view_cstr(name), shown, sizeof(shown)));
    TRY(check_members(column, what, key ? plain : flagged, err));
    TRY(read_flag(column, what, "key", key && names_column(key, name), &in_key, err));
    TRY(read_flag(column, what, "nullable", !in_key, &nullable, err));
    TRY(read_flag(column, what, "strict", true, &strict, err));
    const json_t *type = json_object_get(column, "dtype");
    if (!json_is_string(type))
        return err_set(err, E_INVALID, "%s: \"dtype\" must be given, as a string", what);
    enum code rc = type_parse(view_cstr(json_string_value(type)), &parsed, err);
    if (rc)
        return err_in(err, rc, "%s", what);
    schema_add(out, view_cstr(name), &parsed, nullable);
    out->fields[out->n_fields - 1].lossy = !strict;
    if (!key && in_key)
        schema_add_key(out, out->n_fields - 1);
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

/* Key columns are looked for one by one. */
enum { COLUMNS_MAX = 1 << 16, KEY_COLUMNS_MAX = 64 };

must_use static enum code check_counts(const json_t *key, const json_t *columns, struct err *err)
{
    if (json_object_size(columns) > COLUMNS_MAX)
        return err_set(err, E_INVALID, "%zu columns, at most %d fit", json_object_size(columns),
                       COLUMNS_MAX);
    if (json_array_size(key) > KEY_COLUMNS_MAX)
        return err_set(err, E_INVALID, "a key of %zu columns, at most %d fit", json_array_size(key),
                       KEY_COLUMNS_MAX);
    return OK;
}

must_use static enum code read_schema(json_t *root, struct schema *out, struct err *err)
{
    static const char *const known[] = {"key", "columns", NULL};
    const char *name;
    json_t *column;
    TRY(check_members(root, "schema", known, err));
    json_t *key = json_object_get(root, "key"), *columns = json_object_get(root, "columns");
    if (!json_is_object(columns))
        return err_set(err, E_INVALID, "\"columns\" must be given, as an object");
    TRY(check_counts(key, columns, err));
    json_object_foreach(columns, name, column) TRY(read_column(name, column, key, out, err));
    if (key && !json_is_array(key))
        TRY(add_key(key, out, err));
    for (size_t i = 0; i < json_array_size(key); i++)
        TRY(add_key(json_array_get(key, i), out, err));
    if (out->n_key > KEY_COLUMNS_MAX)
        return err_set(err, E_INVALID, "a key of %zu columns, at most %d fit", out->n_key,
                       KEY_COLUMNS_MAX);
    if (!key && out->n_key == 0)
        return err_set(err, E_INVALID,
                       "no key: say \"key\": \"NAME\" beside the columns, or \"key\": true in one");
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
