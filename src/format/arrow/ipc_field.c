#include "format/arrow/ipc_field.h"

#include "format/arrow/ipc_message.h"

/* Fields of the tables and their defaults, from Arrow's format/Schema.fbs. */
enum { SCHEMA_FIELDS = 1 };
enum {
    FIELD_NAME = 0,
    FIELD_TYPE_TYPE = 2,
    FIELD_TYPE = 3,
    FIELD_DICTIONARY = 4,
    FIELD_CHILDREN = 5,
};
enum { DICTIONARY_ID = 0, DICTIONARY_INDEX_TYPE = 1 };
enum { INT_BIT_WIDTH = 0, INT_IS_SIGNED = 1 };
enum { DECIMAL_PRECISION = 0, DECIMAL_SCALE = 1, DECIMAL_BIT_WIDTH = 2 };
enum { TIME_UNIT = 0, TIME_BIT_WIDTH = 1 };
enum { TIMESTAMP_UNIT = 0, TIMESTAMP_ZONE = 1 };
enum { FIRST = 0 }; /* of tables with one field */
enum { UNION_DENSE = 1 };

/* What is being read. */
struct reading {
    struct arena *arena;
    struct ipc_dictionaries *dictionaries;
    size_t n_fields;
    size_t depth;
    struct err *err;
};

static enum code damaged(struct reading *r)
{
    return ipc_not_a_stream(r->err, "its schema is damaged");
}

/* An i32 of a table. */
must_use static bool get_i32(const struct fb_table *t, unsigned field, int32_t fallback,
                             int64_t *out)
{
    uint64_t raw;
    if (!fb_scalar(t, field, 4, (uint32_t)fallback, &raw))
        return false;
    *out = (int32_t)(uint32_t)raw;
    return true;
}

/* An enum of 2 bytes that stands for a number of bits. */
must_use static bool get_bits(const struct fb_table *t, uint64_t fallback, const int64_t *bits,
                              size_t n_bits, int64_t *out)
{
    uint64_t raw;
    if (!fb_scalar(t, FIRST, 2, fallback, &raw))
        return false;
    *out = raw < n_bits ? bits[raw] : 0;
    return true;
}

must_use static bool read_int(const struct fb_table *t, struct arrow_spec *s)
{
    uint64_t is_signed;
    s->kind = KIND_INT;
    if (!get_i32(t, INT_BIT_WIDTH, 0, &s->bits) || !fb_scalar(t, INT_IS_SIGNED, 1, 0, &is_signed))
        return false;
    s->is_signed = is_signed != 0;
    return true;
}

/* Parameters of a type; most have none. */
must_use static bool read_parameters(const struct fb_table *t, struct arrow_spec *s)
{
    static const int64_t float_bits[] = {16, 32, 64}, date_bits[] = {32, 64};
    switch (s->kind) {
    case KIND_INT:
        return read_int(t, s);
    case KIND_FLOAT:
        return get_bits(t, 0, float_bits, 3, &s->bits);
    case KIND_DATE:
        return get_bits(t, 1, date_bits, 2, &s->bits);
    case KIND_DECIMAL:
        return get_i32(t, DECIMAL_PRECISION, 0, &s->precision) &&
               get_i32(t, DECIMAL_SCALE, 0, &s->scale) &&
               get_i32(t, DECIMAL_BIT_WIDTH, 128, &s->bits);
    case KIND_TIME:
        return fb_scalar(t, TIME_UNIT, 2, UNIT_MS, &s->unit) &&
               get_i32(t, TIME_BIT_WIDTH, 32, &s->bits);
    case KIND_TIMESTAMP:
        return fb_scalar(t, TIMESTAMP_UNIT, 2, UNIT_S, &s->unit) &&
               fb_string(t, TIMESTAMP_ZONE, &s->zone);
    case KIND_DURATION:
        return fb_scalar(t, FIRST, 2, UNIT_MS, &s->unit);
    case KIND_FIXED_BINARY:
    case KIND_FIXED_LIST:
        return get_i32(t, FIRST, 0, &s->size);
    case KIND_UNION:
        return fb_scalar(t, FIRST, 2, 0, &s->unit);
    default:
        return true;
    }
}

/* Buffers of a node in a stream, those of its children not counted. */
static uint8_t buffers_of(const struct arrow_spec *s)
{
    switch (s->kind) {
    case KIND_NULL:
    case KIND_RUNS:
        return 0;
    case KIND_STRUCT:
    case KIND_FIXED_LIST:
        return 1;
    case KIND_UNION:
        return s->unit == UNION_DENSE ? 2 : 1;
    case KIND_BINARY:
    case KIND_UTF8:
    case KIND_LARGE_BINARY:
    case KIND_LARGE_UTF8:
    case KIND_LIST_VIEW:
    case KIND_LARGE_LIST_VIEW:
        return 3;
    default:
        return 2;
    }
}

must_use static enum code read_field(struct reading *r, const struct fb_table *field,
                                     struct arrow_array *a);

must_use static enum code read_children(struct reading *r, const struct fb_vector *fields,
                                        struct arrow_array *out)
{
    for (size_t i = 0; i < fields->n; i++) {
        struct fb_table child;
        if (!fb_vector_table(fields, i, &child))
            return damaged(r);
        TRY(read_field(r, &child, &out[i]));
    }
    return OK;
}

/* Room for the fields, which are counted: a few bytes can mean many, as tables may be shared. */
must_use static enum code alloc_fields(struct reading *r, size_t n, struct arrow_array **out)
{
    if (n > ARROW_FIELDS_MAX - r->n_fields)
        return err_set(r->err, E_LIMIT, "the Arrow stream has %zu columns, at most %d are read",
                       r->n_fields + n, ARROW_FIELDS_MAX);
    r->n_fields += n;
    *out = arena_zalloc(r->arena, n * sizeof(**out));
    return OK;
}

must_use static enum code descend(struct reading *r, const struct fb_vector *fields,
                                  struct arrow_array *a)
{
    if (r->depth == ARROW_DEPTH_MAX)
        return err_set(r->err, E_LIMIT, "the Arrow stream has columns nested deeper than %d",
                       ARROW_DEPTH_MAX);
    a->n_children = fields->n;
    TRY(alloc_fields(r, fields->n, &a->children));
    r->depth++;
    TRY(read_children(r, fields, a->children));
    r->depth--;
    return OK;
}

/* The type of a field as if it had no dictionary. */
must_use static enum code read_values(struct reading *r, const struct fb_table *field,
                                      struct arrow_array *a)
{
    char shown[100];
    uint64_t kind;
    struct fb_table type;
    struct fb_vector children;
    struct arrow_spec spec = {0};
    if (!fb_scalar(field, FIELD_TYPE_TYPE, 1, 0, &kind) || !fb_table(field, FIELD_TYPE, &type) ||
        !type.present || !fb_vector(field, FIELD_CHILDREN, 4, &children))
        return damaged(r);
    if (kind == 0 || kind >= KIND_COUNT)
        return err_set(r->err, E_UNSUPPORTED,
                       "column '%s' of the Arrow stream has a type that is not known here (%u)",
                       view_printable(a->name, shown, sizeof(shown)), (unsigned)kind);
    spec.kind = (enum arrow_kind)kind;
    if (!read_parameters(&type, &spec))
        return damaged(r);
    TRY(descend(r, &children, a));
    arrow_array_decide(a, &spec, r->arena);
    a->n_buffers = buffers_of(&spec);
    a->is_union = spec.kind == KIND_UNION;
    a->has_blocks = spec.kind == KIND_UTF8_VIEW || spec.kind == KIND_BINARY_VIEW;
    return OK;
}

must_use static enum code read_dictionary(struct reading *r, const struct fb_table *encoding,
                                          const struct fb_table *field, struct arrow_array *a)
{
    char shown[100];
    uint64_t id;
    struct fb_table index_type;
    struct arrow_spec index = {.kind = KIND_INT, .bits = 32, .is_signed = true};
    if (!fb_scalar(encoding, DICTIONARY_ID, 8, 0, &id) ||
        !fb_table(encoding, DICTIONARY_INDEX_TYPE, &index_type) ||
        (index_type.present && !read_int(&index_type, &index)))
        return damaged(r);
    struct arrow_array *values;
    TRY(alloc_fields(r, 1, &values));
    values->name = a->name;
    TRY(read_values(r, field, values));
    arrow_array_decide_dictionary(a, &index, values, r->arena);
    a->n_buffers = 2;
    a->dictionary = ipc_dictionaries_add(r->dictionaries, id, values, r->arena);
    if (!a->dictionary)
        return err_set(
            r->err, E_INVALID,
            "column '%s' of the Arrow stream shares dictionary %lld with a column of another type",
            view_printable(a->name, shown, sizeof(shown)), (long long)id);
    return OK;
}

must_use static enum code read_field(struct reading *r, const struct fb_table *field,
                                     struct arrow_array *a)
{
    struct fb_table encoding;
    if (!fb_string(field, FIELD_NAME, &a->name) || !fb_table(field, FIELD_DICTIONARY, &encoding))
        return damaged(r);
    return encoding.present ? read_dictionary(r, &encoding, field, a) : read_values(r, field, a);
}

enum code ipc_fields_read(const struct fb_table *schema, struct arena *arena,
                          struct ipc_dictionaries *dictionaries, struct ipc_fields *out,
                          struct err *err)
{
    struct reading r = {.arena = arena, .dictionaries = dictionaries, .err = err};
    struct fb_vector fields;
    struct arrow_array *columns;
    if (!fb_vector(schema, SCHEMA_FIELDS, 4, &fields))
        return damaged(&r);
    TRY(alloc_fields(&r, fields.n, &columns));
    TRY(read_children(&r, &fields, columns));
    *out = (struct ipc_fields){columns, fields.n, r.n_fields};
    return OK;
}
