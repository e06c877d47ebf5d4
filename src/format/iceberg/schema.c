#include "format/iceberg/json_get_priv.h"
#include "format/iceberg/schema_priv.h"

#include <stdio.h>

enum { DEPTH_MAX = 64, PRECISION_MAX = 38, FIXED_BYTES_MAX = 1 << 30 };

/* A name of the file, for a message. */
#define SHOWN(name) view_printable(view_cstr(name), (char[100]){0}, 100)

static const struct {
    const char *name;
    enum ice_kind kind;
} plain_names[] = {
    {"boolean", ICE_BOOLEAN},
    {"int", ICE_INT},
    {"long", ICE_LONG},
    {"float", ICE_FLOAT},
    {"double", ICE_DOUBLE},
    {"date", ICE_DATE},
    {"time", ICE_TIME},
    {"timestamp", ICE_TIMESTAMP},
    {"timestamptz", ICE_TIMESTAMPTZ},
    {"timestamp_ns", ICE_TIMESTAMP_NS},
    {"timestamptz_ns", ICE_TIMESTAMPTZ_NS},
    {"string", ICE_STRING},
    {"uuid", ICE_UUID},
    {"binary", ICE_BINARY},
    {"variant", ICE_VARIANT},
    {"unknown", ICE_UNKNOWN},
};
enum { n_plain = sizeof(plain_names) / sizeof(plain_names[0]) };

const struct ice_field *ice_schema_field(const struct ice_schema *s, int32_t id)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].id == id)
            return &s->fields[i];
    return NULL;
}

bool ice_type_is_nested(const struct ice_type *t)
{
    return t->kind == ICE_STRUCT || t->kind == ICE_LIST || t->kind == ICE_MAP;
}

/* "geometry" or "geometry(OGC:CRS84)": the parameters do not matter here. */
static bool is_named(const char *text, const char *name)
{
    size_t len = strlen(name);
    return strncmp(text, name, len) == 0 && (text[len] == '\0' || text[len] == '(');
}

/* "decimal(9, 2)" and "fixed[16]", with blanks anywhere. */
static bool parse_parameters(const char *text, struct ice_type *out)
{
    unsigned precision, scale, width;
    int end = 0;
    if (sscanf(text, "decimal ( %9u , %9u )%n", &precision, &scale, &end) == 2 && end &&
        !text[end]) {
        *out = (struct ice_type){.kind = ICE_DECIMAL, .precision = precision, .scale = scale};
        return precision > 0 && precision <= PRECISION_MAX && scale <= precision;
    }
    end = 0;
    if (sscanf(text, "fixed [ %9u ]%n", &width, &end) == 1 && end && !text[end]) {
        *out = (struct ice_type){.kind = ICE_FIXED, .width = width};
        return width <= FIXED_BYTES_MAX;
    }
    return false;
}

must_use static enum code parse_primitive(const char *text, struct ice_type *out, struct err *err)
{
    *out = (struct ice_type){0};
    for (size_t i = 0; i < n_plain; i++)
        if (strcmp(text, plain_names[i].name) == 0) {
            out->kind = plain_names[i].kind;
            return OK;
        }
    if (is_named(text, "geometry") || is_named(text, "geography")) {
        out->kind = is_named(text, "geometry") ? ICE_GEOMETRY : ICE_GEOGRAPHY;
        return OK;
    }
    if (parse_parameters(text, out))
        return OK;
    return err_set(err, E_UNSUPPORTED, "type %s is not known", SHOWN(text));
}

must_use static enum code parse_type(const json_t *j, int depth, struct arena *arena,
                                     struct ice_type *out, struct err *err);

must_use static enum code parse_default(const json_t *j, struct arena *arena, struct ice_field *f,
                                        struct err *err)
{
    const json_t *value = json_object_get(j, "initial-default");
    if (!value || json_is_null(value) || ice_type_is_nested(&f->type))
        return OK;
    f->has_initial_default = true;
    enum code rc = ice_value_parse(value, &f->type, arena, &f->initial_default, err);
    return rc ? err_in(err, rc, "initial-default") : OK;
}

must_use static enum code parse_field(const json_t *j, int depth, struct arena *arena,
                                      struct ice_field *f, struct err *err)
{
    TRY(ice_json_text(j, "name", arena, &f->name, err));
    TRY(ice_json_int32(j, "id", &f->id, err));
    f->is_required = json_is_true(json_object_get(j, "required"));
    enum code rc = parse_type(json_object_get(j, "type"), depth, arena, &f->type, err);
    if (!rc)
        rc = parse_default(j, arena, f, err);
    return rc && depth == 0 ? err_in(err, rc, "field %s", SHOWN(f->name)) : rc;
}

must_use static enum code parse_fields(const json_t *j, int depth, struct arena *arena,
                                       const struct ice_field **out, size_t *out_n, struct err *err)
{
    const json_t *array;
    TRY(ice_json_array(j, "fields", &array, err));
    size_t n = json_array_size(array);
    struct ice_field *fields = arena_zalloc(arena, n * sizeof(*fields));
    for (size_t i = 0; i < n; i++)
        TRY(parse_field(json_array_get(array, i), depth, arena, &fields[i], err));
    *out = fields;
    *out_n = n;
    return OK;
}

/* The element of a list, the key or the value of a map: members "element-id", "element" and
 * "element-required". */
must_use static enum code parse_part(const json_t *j, const char *name, int depth,
                                     struct arena *arena, struct ice_field *f, struct err *err)
{
    char key[32];
    f->name = name;
    snprintf(key, sizeof(key), "%s-id", name);
    TRY(ice_json_int32(j, key, &f->id, err));
    snprintf(key, sizeof(key), "%s-required", name);
    f->is_required = json_is_true(json_object_get(j, key));
    return parse_type(json_object_get(j, name), depth, arena, &f->type, err);
}

must_use static enum code parse_nested(const json_t *j, int depth, struct arena *arena,
                                       struct ice_type *out, struct err *err)
{
    const char *kind = json_string_value(json_object_get(j, "type"));
    *out = (struct ice_type){0};
    if (kind && strcmp(kind, "struct") == 0) {
        out->kind = ICE_STRUCT;
        return parse_fields(j, depth, arena, &out->fields, &out->n_fields, err);
    }
    bool is_list = kind && strcmp(kind, "list") == 0, is_map = kind && strcmp(kind, "map") == 0;
    if (!is_list && !is_map)
        return err_set(err, E_UNSUPPORTED, "type %s is not known", kind ? SHOWN(kind) : "{}");
    struct ice_field *parts = arena_zalloc(arena, 2 * sizeof(*parts));
    out->kind = is_list ? ICE_LIST : ICE_MAP;
    out->fields = parts;
    out->n_fields = is_list ? 1 : 2;
    if (is_list)
        return parse_part(j, "element", depth, arena, &parts[0], err);
    TRY(parse_part(j, "key", depth, arena, &parts[0], err));
    return parse_part(j, "value", depth, arena, &parts[1], err);
}

must_use static enum code parse_type(const json_t *j, int depth, struct arena *arena,
                                     struct ice_type *out, struct err *err)
{
    if (depth == DEPTH_MAX)
        return err_set(err, E_LIMIT, "types nest deeper than %d", DEPTH_MAX);
    if (json_is_string(j))
        return parse_primitive(json_string_value(j), out, err);
    if (json_is_object(j))
        return parse_nested(j, depth + 1, arena, out, err);
    return err_set(err, E_CORRUPT, "a type is neither a text nor an object");
}

must_use static enum code parse_identifiers(const json_t *j, struct arena *arena,
                                            struct ice_schema *out, struct err *err)
{
    const json_t *array;
    TRY(ice_json_maybe_array(j, "identifier-field-ids", &array, err));
    size_t n = json_array_size(array);
    int32_t *ids = arena_alloc(arena, n * sizeof(*ids));
    for (size_t i = 0; i < n; i++) {
        json_int_t id = json_integer_value(json_array_get(array, i));
        if (id < 1 || id > INT32_MAX)
            return err_set(err, E_CORRUPT, "identifier-field-ids has %lld", (long long)id);
        ids[i] = (int32_t)id;
    }
    out->identifier_ids = ids;
    out->n_identifier_ids = n;
    return OK;
}

enum code ice_schema_parse(const json_t *j, struct arena *arena, struct ice_schema *out,
                           struct err *err)
{
    *out = (struct ice_schema){0};
    TRY(ice_json_maybe_int32(j, "schema-id", &out->id, err));
    TRY(parse_identifiers(j, arena, out, err));
    return parse_fields(j, 0, arena, &out->fields, &out->n_fields, err);
}
