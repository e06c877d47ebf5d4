#include "engine/write/body_priv.h"

#include "base/mem.h"

static void init_stamp(struct vector *v, int64_t stamp)
{
    const struct type type = type_of(DT_INT64);
    vector_init(v, &type, ROW_SINK_ROWS);
    memset(v->valid, 1, ROW_SINK_ROWS);
    for (size_t i = 0; i < ROW_SINK_ROWS; i++)
        ((int64_t *)v->values)[i] = stamp;
}

static void init_nulls(struct vector *v, const struct type *type)
{
    vector_init(v, type, ROW_SINK_ROWS);
    memset(v->valid, 0, ROW_SINK_ROWS);
    memset(v->values, 0, ROW_SINK_ROWS * vector_width(type));
}

void body_init(struct body *b, const struct body_ops *ops, const struct body_config *config)
{
    size_t n = config->schema->n_fields;
    b->ops = ops;
    b->schema = config->schema;
    b->rules = config->rules;
    b->columns = mem_zalloc((n + 2) * sizeof(*b->columns));
    b->is_fixed = mem_zalloc((n + 2) * sizeof(*b->is_fixed));
    b->is_given = mem_zalloc(n * sizeof(*b->is_given));
    init_stamp(&b->columns[1], config->stamp);
    for (size_t i = 0; i < n; i++)
        init_nulls(&b->columns[i + 2], &config->schema->fields[i].type);
    for (size_t i = 0; i < n + 2; i++)
        b->is_fixed[i] = true;
}

void body_init_mask(struct body *b)
{
    size_t n = b->schema->n_fields, width = (n + 7) / 8;
    const struct type type = {.dtype = DT_FIXED_BINARY, .fixed_width = (uint32_t)width};
    struct vector *v = &b->columns[0];
    vector_init(v, &type, ROW_SINK_ROWS);
    memset(v->valid, 1, ROW_SINK_ROWS);
    memset(v->values, 0, ROW_SINK_ROWS * width);
    for (size_t row = 0; row < ROW_SINK_ROWS; row++)
        for (size_t i = 0; i < n; i++)
            if (b->rules.is_patch && !b->is_given[i] && !schema_is_key(b->schema, i))
                ((uint8_t *)v->values)[row * width + i / 8] |= (uint8_t)(1u << i % 8);
}

enum code body_bind(struct body *b, size_t i, const struct type *found, struct err *err)
{
    const struct field *f = &b->schema->fields[i];
    bool converts = type_eq(found, &f->type) || type_converts(found, &f->type);
    bool rounds = type_rounds(found, &f->type);
    char have[TYPE_TEXT_CAP], want[TYPE_TEXT_CAP];
    if (!converts || (rounds && !f->lossy))
        return err_set(err, E_INVALID, "column '%s': expected %s, found %s%s", f->name,
                       type_text(&f->type, want), type_text(found, have),
                       converts
                           ? ", which would be rounded; a column with \"strict\": false allows that"
                           : "");
    vector_done(body_column(b, i));
    vector_init(body_column(b, i), found, ROW_SINK_ROWS);
    b->is_fixed[i + 2] = false;
    b->is_given[i] = true;
    return OK;
}

enum code body_check_complete(const struct body *b, struct err *err)
{
    for (size_t i = 0; i < b->schema->n_fields; i++) {
        const struct field *f = &b->schema->fields[i];
        /* A patch of a row that exists needs no other columns; delta.c checks that the row does. */
        bool may_lack = f->nullable || (b->rules.is_patch && !schema_is_key(b->schema, i));
        if (!b->is_given[i] && !may_lack)
            return err_set(err, E_INVALID, "column '%s' is missing, and may not be null", f->name);
    }
    return OK;
}

enum code body_blame_writer(enum code rc)
{
    return rc == E_CORRUPT ? E_INVALID : rc;
}

void body_close(struct body *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->schema->n_fields + 2; i++)
        vector_done(&b->columns[i]);
    free(b->columns);
    free(b->is_fixed);
    free(b->is_given);
    b->ops->close(b);
}

void body_types(const struct body *b, struct type *out)
{
    for (size_t i = 0; i < b->schema->n_fields + 2; i++)
        out[i] = b->columns[i].type;
}

enum code body_next(struct body *b, size_t *out_n, struct err *err)
{
    TRY(body_blame_writer(b->ops->next(b, out_n, err)));
    for (size_t i = 0; i < b->schema->n_fields + 2; i++) {
        if (!b->is_fixed[i])
            continue;
        b->columns[i].n = *out_n;
        b->columns[i].n_nulls = i > 1 ? *out_n : 0;
    }
    return OK;
}
