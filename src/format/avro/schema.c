#include "format/avro/schema.h"

#include <jansson.h>
#include <stdio.h>

struct parser {
    struct arena *arena;
    json_t *names; /* full name -> index in named */
    struct avro_type **named;
    size_t n_named, cap_named;
    int depth;
};

static const char *const kind_names[] = {
    [AVRO_NULL] = "null",   [AVRO_BOOLEAN] = "boolean", [AVRO_INT] = "int",
    [AVRO_LONG] = "long",   [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
    [AVRO_BYTES] = "bytes", [AVRO_STRING] = "string",   [AVRO_RECORD] = "record",
    [AVRO_ENUM] = "enum",   [AVRO_ARRAY] = "array",     [AVRO_MAP] = "map",
    [AVRO_UNION] = "union", [AVRO_FIXED] = "fixed",
};
enum { n_kinds = sizeof(kind_names) / sizeof(kind_names[0]) };

/* Messages name the fields they are in down to this depth: more names than that would leave no
 * room for what is wrong. */
enum { NAMED_DEPTH = 4 };

/* A name of the file, for a message. */
#define SHOWN(name) view_printable(view_cstr(name), (char[100]){0}, 100)

const char *avro_kind_name(enum avro_kind kind)
{
    return kind_names[kind];
}

const struct avro_field *avro_field_by_id(const struct avro_type *record, int64_t id)
{
    for (size_t i = 0; i < record->n; i++)
        if (record->fields[i].id == id)
            return &record->fields[i];
    return NULL;
}

const struct avro_field *avro_field_by_name(const struct avro_type *record, const char *name)
{
    for (size_t i = 0; i < record->n; i++)
        if (strcmp(record->fields[i].name, name) == 0)
            return &record->fields[i];
    return NULL;
}

static bool find_kind(const char *name, enum avro_kind *out)
{
    for (int i = 0; i < n_kinds; i++)
        if (i != AVRO_UNION && strcmp(name, kind_names[i]) == 0) {
            *out = (enum avro_kind)i;
            return true;
        }
    return false;
}

static char *keep(struct parser *p, const char *s)
{
    return s ? arena_strndup(p->arena, s, strlen(s)) : NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* A name with dots is whole. One without is in `space`, the namespace around it. */
static const char *full_name(struct parser *p, const char *name, const char *space)
{
    if (!space || !*space || strchr(name, '.'))
        return keep(p, name);
    size_t cap = strlen(space) + 1 + strlen(name) + 1;
    char *full = arena_alloc(p->arena, cap);
    snprintf(full, cap, "%s.%s", space, name);
    return full;
}

/* The namespace of what stands inside a type with this full name. */
static const char *space_of(struct parser *p, const char *full)
{
    const char *dot = strrchr(full, '.');
    return dot ? arena_strndup(p->arena, full, (size_t)(dot - full)) : "";
}

static struct avro_type *new_type(struct parser *p, enum avro_kind kind)
{
    struct avro_type *t = arena_zalloc(p->arena, sizeof(*t));
    t->kind = kind;
    t->takes_bytes = kind != AVRO_NULL;
    return t;
}

/* Known by its name from here on, so that its own fields may refer to it. */
must_use static enum code remember(struct parser *p, struct avro_type *t, struct err *err)
{
    if (json_object_get(p->names, t->name))
        return err_set(err, E_CORRUPT, "defines the type %s twice", SHOWN(t->name));
    if (p->n_named == p->cap_named) {
        p->cap_named = p->cap_named ? 2 * p->cap_named : 16;
        p->named = mem_realloc(p->named, p->cap_named * sizeof(p->named[0]));
    }
    if (json_object_set_new(p->names, t->name, json_integer((json_int_t)p->n_named)))
        return err_set(err, E_CORRUPT, "has a type whose name is not UTF-8");
    p->named[p->n_named++] = t;
    return OK;
}

must_use static enum code name_type(struct parser *p, struct avro_type *t, const json_t *j,
                                    const char **space, struct err *err)
{
    const char *name = text_of(j, "name"), *own = text_of(j, "namespace");
    if (!name || !*name)
        return err_set(err, E_CORRUPT, "has a type %s without a name", avro_kind_name(t->kind));
    t->name = full_name(p, name, own ? own : *space);
    *space = space_of(p, t->name);
    return remember(p, t, err);
}

must_use static enum code parse(struct parser *p, const json_t *j, const char *space,
                                const struct avro_type **out, struct err *err);

must_use static enum code parse_field(struct parser *p, const json_t *j, const char *space,
                                      struct avro_field *f, struct err *err)
{
    const char *name = text_of(j, "name");
    const json_t *id = json_object_get(j, "field-id"), *type = json_object_get(j, "type");
    if (!name || !type)
        return err_set(err, E_CORRUPT, "has a field without %s", name ? "a type" : "a name");
    f->name = keep(p, name);
    f->id = json_is_integer(id) ? json_integer_value(id) : -1;
    enum code rc = parse(p, type, space, &f->type, err);
    return rc && p->depth <= NAMED_DEPTH ? err_in(err, rc, "field %s", SHOWN(name)) : rc;
}

must_use static enum code parse_record(struct parser *p, struct avro_type *t, const json_t *j,
                                       const char *space, struct err *err)
{
    const json_t *fields = json_object_get(j, "fields");
    if (!json_is_array(fields))
        return err_set(err, E_CORRUPT, "has a record %s without fields", SHOWN(t->name));
    size_t n = json_array_size(fields);
    bool takes_bytes = false;
    t->fields = arena_zalloc(p->arena, n * sizeof(t->fields[0]));
    for (size_t i = 0; i < n; i++) {
        TRY(parse_field(p, json_array_get(fields, i), space, &t->fields[i], err));
        takes_bytes |= t->fields[i].type->takes_bytes;
    }
    t->n = n;
    t->takes_bytes = takes_bytes;
    return OK;
}

must_use static enum code parse_enum(struct parser *p, struct avro_type *t, const json_t *j,
                                     struct err *err)
{
    const json_t *symbols = json_object_get(j, "symbols");
    t->n = json_array_size(symbols);
    t->symbols = arena_zalloc(p->arena, t->n * sizeof(t->symbols[0]));
    for (size_t i = 0; i < t->n; i++) {
        t->symbols[i] = keep(p, json_string_value(json_array_get(symbols, i)));
        if (!t->symbols[i])
            return err_set(err, E_CORRUPT, "has an enum %s whose symbol %zu is not a text",
                           SHOWN(t->name), i);
    }
    return OK;
}

must_use static enum code parse_fixed(struct avro_type *t, const json_t *j, struct err *err)
{
    const json_t *size = json_object_get(j, "size");
    json_int_t bytes = json_integer_value(size);
    if (!json_is_integer(size) || bytes < 0 || bytes > INT32_MAX)
        return err_set(err, E_CORRUPT, "has a fixed %s without a sound size", SHOWN(t->name));
    t->fixed_bytes = (size_t)bytes;
    t->takes_bytes = bytes > 0;
    return OK;
}

must_use static enum code parse_item(struct parser *p, struct avro_type *t, const json_t *j,
                                     const char *key, const char *space, struct err *err)
{
    const json_t *item = json_object_get(j, key);
    if (!item)
        return err_set(err, E_CORRUPT, "has a type %s without %s", avro_kind_name(t->kind), key);
    t->of = arena_zalloc(p->arena, sizeof(t->of[0]));
    return parse(p, item, space, &t->of[0], err);
}

must_use static enum code parse_union(struct parser *p, const json_t *j, const char *space,
                                      const struct avro_type **out, struct err *err)
{
    struct avro_type *t = new_type(p, AVRO_UNION);
    t->n = json_array_size(j);
    t->of = arena_zalloc(p->arena, t->n * sizeof(t->of[0]));
    for (size_t i = 0; i < t->n; i++) {
        TRY(parse(p, json_array_get(j, i), space, &t->of[i], err));
        if (t->of[i]->kind == AVRO_UNION)
            return err_set(err, E_CORRUPT, "has a union inside a union");
    }
    *out = t;
    return OK;
}

must_use static enum code check_decimal(const struct avro_type *t, const json_t *j, struct err *err)
{
    if (!t->logical || strcmp(t->logical, "decimal") != 0)
        return OK;
    json_int_t precision = json_integer_value(json_object_get(j, "precision"));
    json_int_t scale = json_integer_value(json_object_get(j, "scale"));
    return precision > 0 && scale >= 0 && scale <= precision
               ? OK
               : err_set(err, E_CORRUPT, "has a decimal of precision %lld and scale %lld",
                         (long long)precision, (long long)scale);
}

must_use static enum code parse_kind(struct parser *p, struct avro_type *t, const json_t *j,
                                     const char *space, struct err *err)
{
    if (t->kind == AVRO_RECORD || t->kind == AVRO_ENUM || t->kind == AVRO_FIXED)
        TRY(name_type(p, t, j, &space, err));
    switch (t->kind) {
    case AVRO_RECORD:
        return parse_record(p, t, j, space, err);
    case AVRO_ENUM:
        return parse_enum(p, t, j, err);
    case AVRO_FIXED:
        return parse_fixed(t, j, err);
    case AVRO_ARRAY:
        return parse_item(p, t, j, "items", space, err);
    case AVRO_MAP:
        return parse_item(p, t, j, "values", space, err);
    case AVRO_UNION: /* an array in JSON, not an object */
    case AVRO_NULL:
    case AVRO_BOOLEAN:
    case AVRO_INT:
    case AVRO_LONG:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
    case AVRO_BYTES:
    case AVRO_STRING:
        return OK;
    }
    return OK;
}

/* A name alone: a primitive type, or one that was defined before. */
must_use static enum code parse_name(struct parser *p, const char *name, const char *space,
                                     const struct avro_type **out, struct err *err)
{
    enum avro_kind kind;
    if (find_kind(name, &kind) && kind <= AVRO_STRING) {
        *out = new_type(p, kind);
        return OK;
    }
    const json_t *known = json_object_get(p->names, full_name(p, name, space));
    known = known ? known : json_object_get(p->names, name);
    if (!known || !p->named)
        return err_set(err, E_CORRUPT, "names a type %s that is not defined", SHOWN(name));
    *out = p->named[json_integer_value(known)];
    return OK;
}

must_use static enum code parse_object(struct parser *p, const json_t *j, const char *space,
                                       const struct avro_type **out, struct err *err)
{
    const json_t *type = json_object_get(j, "type");
    const char *name = json_string_value(type);
    enum avro_kind kind;
    if (!type)
        return err_set(err, E_CORRUPT, "has a type without \"type\"");
    if (!name || !find_kind(name, &kind))
        return parse(p, type, space, out, err);
    struct avro_type *t = new_type(p, kind);
    t->logical = keep(p, text_of(j, "logicalType"));
    TRY(parse_kind(p, t, j, space, err));
    TRY(check_decimal(t, j, err));
    *out = t;
    return OK;
}

must_use static enum code parse(struct parser *p, const json_t *j, const char *space,
                                const struct avro_type **out, struct err *err)
{
    if (p->depth == AVRO_DEPTH_MAX)
        return err_set(err, E_LIMIT, "nests types deeper than %d", AVRO_DEPTH_MAX);
    p->depth++;
    enum code rc;
    if (json_is_string(j))
        rc = parse_name(p, json_string_value(j), space, out, err);
    else if (json_is_array(j))
        rc = parse_union(p, j, space, out, err);
    else if (json_is_object(j))
        rc = parse_object(p, j, space, out, err);
    else
        rc = err_set(err, E_CORRUPT, "has a type that is not a text, an object or an array");
    p->depth--;
    return rc;
}

enum code avro_schema_parse(struct view json, struct arena *arena, const struct avro_type **out,
                            struct err *err)
{
    json_error_t why;
    json_t *j = json_loadb((const char *)json.ptr, json.len, JSON_DECODE_ANY, &why);
    if (!j)
        return err_set(err, E_CORRUPT, "schema: %s at byte %d", why.text, why.position);
    struct parser p = {.arena = arena, .names = json_object()};
    enum code rc = parse(&p, j, "", out, err);
    json_decref(p.names);
    free(p.named);
    json_decref(j);
    return rc ? err_in(err, rc, "schema") : OK;
}
