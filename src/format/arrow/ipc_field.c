#include "format/arrow/ipc_field.h"

#include "format/arrow/fbs.h"
#include "format/arrow/ipc_message.h"
#include "format/arrow/ipc_type.h"

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

/* Buffers of a node in a stream, those of its children not counted. */
static uint8_t buffers_of(const struct arrow_spec *s)
{
    bool is_dense = s->kind == KIND_UNION && s->mode != 0;
    return (uint8_t)(arrow_kind_facts(s->kind)->n_buffers + is_dense);
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

/* Room for the fields. They are counted against a limit, because FlatBuffer tables may be shared,
 * so that a few bytes stand for many fields. */
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
    struct arrow_spec spec;
    if (!fb_scalar(field, FIELD_TYPE_TYPE, 1, 0, &kind) || !fb_table(field, FIELD_TYPE, &type) ||
        !type.present || !fb_vector(field, FIELD_CHILDREN, 4, &children))
        return damaged(r);
    if (kind == 0 || kind >= KIND_COUNT)
        return err_set(r->err, E_UNSUPPORTED,
                       "column '%s' of the Arrow stream has a type that is not known here (%u)",
                       view_printable(a->name, shown, sizeof(shown)), (unsigned)kind);
    if (!ipc_type_read(&type, (enum arrow_kind)kind, &spec))
        return damaged(r);
    TRY(descend(r, &children, a));
    arrow_array_decide(a, &spec, r->arena);
    a->n_buffers = buffers_of(&spec);
    a->is_union = spec.kind == KIND_UNION;
    a->has_blocks = arrow_kind_facts(spec.kind)->has_blocks;
    return OK;
}

must_use static enum code read_dictionary(struct reading *r, const struct fb_table *encoding,
                                          const struct fb_table *field, struct arrow_array *a)
{
    char shown[100];
    uint64_t id;
    struct fb_table index_type;
    struct arrow_spec index = {.kind = KIND_INT, .bits = 32, .is_signed = true};
    if (!fb_scalar(encoding, ENCODING_ID, 8, 0, &id) ||
        !fb_table(encoding, ENCODING_INDEX_TYPE, &index_type) ||
        (index_type.present && !ipc_type_read(&index_type, KIND_INT, &index)))
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
