#include "fetch_oracle.h"

#include "code_name.h"

#include <jansson.h>
#include <stdio.h>

void oracle_schema(size_t i, struct schema *out)
{
    static const enum dtype single[] = {DT_UTF8, DT_INT32, DT_UINT8, DT_INT64};
    *out = (struct schema){0};
    if (i < 4) {
        schema_add_plain(out, view_cstr("id"), single[i], false);
        schema_add_key(out, 0);
        return;
    }
    schema_add_plain(out, view_cstr("carrier"), DT_UTF8, false);
    schema_add_plain(out, view_cstr("flight"), DT_INT16, false);
    schema_add_plain(out, view_cstr("day"), DT_UTF8, false);
    for (size_t k = 0; k < 3; k++)
        schema_add_key(out, k);
}

static bool in_range(enum dtype t, json_int_t v)
{
    unsigned bits = 8 * (unsigned)dtype_width(t);
    if (!dtype_is_signed(t))
        return v >= 0 && (bits == 64 || v < (json_int_t)1 << bits);
    return bits == 64 || (v >= -((json_int_t)1 << (bits - 1)) && v < (json_int_t)1 << (bits - 1));
}

static bool put_component(const struct schema *s, size_t k, const json_t *value, struct buf *out)
{
    enum dtype t = s->fields[s->key[k]].type.dtype;
    if (t == DT_UTF8) {
        if (!json_is_string(value))
            return false;
        key_put_utf8(out, s, k, view_of(json_string_value(value), json_string_length(value)));
        return true;
    }
    if (!json_is_integer(value) || !in_range(t, json_integer_value(value)))
        return false;
    key_put_int(out, s, k, (uint64_t)json_integer_value(value));
    return true;
}

static bool put_key(const struct schema *s, const json_t *value, struct buf *out)
{
    if (s->n_key == 1)
        return put_component(s, 0, value, out);
    if (!json_is_array(value) || json_array_size(value) != s->n_key)
        return false;
    for (size_t k = 0; k < s->n_key; k++)
        if (!put_component(s, k, json_array_get(value, k), out))
            return false;
    return true;
}

/* Whether the shape is right; compares with `got` where there is one. */
static bool same_keys(const struct schema *s, const json_t *keys, const struct fetch_request *got,
                      bool *shape)
{
    bool same = !got || json_array_size(keys) == got->keys.n;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        AUTO(buf) struct buf want = {0};
        if (!put_key(s, json_array_get(keys, i), &want)) {
            *shape = false;
            return false;
        }
        if (same && got)
            same = view_eq(buf_view(&want), got->keys.keys[i]);
    }
    return same;
}

static bool same_columns(const json_t *columns, const struct fetch_request *got, bool *shape)
{
    bool same = !got || json_array_size(columns) == got->n_columns;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *name = json_array_get(columns, i);
        if (!json_is_string(name)) {
            *shape = false;
            return false;
        }
        if (same && got)
            same = view_eq(view_of(json_string_value(name), json_string_length(name)),
                           got->columns[i]);
    }
    return same;
}

static bool compare(const json_t *root, const struct schema *s, const struct fetch_request *got,
                    bool *shape)
{
    const json_t *keys = json_object_get(root, "keys"), *columns = json_object_get(root, "columns");
    size_t n_known = (keys != NULL) + (columns != NULL);
    *shape = json_is_array(keys) && (!columns || json_is_array(columns)) &&
             json_object_size(root) == n_known;
    if (!*shape)
        return false;
    bool same = same_keys(s, keys, got, shape);
    if (*shape && columns)
        same = same_columns(columns, got, shape) && same;
    return same;
}

bool oracle_agrees(struct view body, const struct schema *schema)
{
    const struct fetch_limits limits = {SIZE_MAX, SIZE_MAX};
    AUTO(arena) struct arena arena = {0};
    struct fetch_request got = {0};
    struct err err = {0};
    enum code rc = fetch_request_parse(body, schema, &limits, &arena, &got, &err);
    json_error_t why;
    json_t *root = json_loadb((const char *)body.ptr, body.len,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    bool shape = false;
    bool same = root && compare(root, schema, rc ? NULL : &got, &shape);
    json_decref(root);
    /* A NUL is nowhere legal in JSON text, but jansson drops one that follows a number. */
    bool accepted = root && shape && !memchr(body.ptr, 0, body.len);
    if (accepted == (rc == OK) && (rc || same))
        return true;
    printf("oracle: jansson %s, murr %s %s; body: %.*s\n", accepted ? "accepts" : "refuses",
           code_name(rc),
           rc     ? err.msg
           : same ? ""
                  : "(other values)",
           (int)body.len, body.ptr);
    fflush(stdout);
    return false;
}
