#include "engine/write/body_forms.h"
#include "engine/write/body_priv.h"

#include "base/mem.h"
#include "format/arrow/input.h"

struct arrow_body {
    struct body base;
    struct arrow_input input;
    const struct arrow_array **arrays; /* by field; NULL if the stream does not have it */
    size_t at, n_rows;                 /* rows read from the batch, and rows that it has */
    struct arena arena;                /* values of the rows that were read last */
};

/* Go to the next batch that has rows; n_rows is 0 after the last. */
must_use static enum code next_batch(struct arrow_body *a, struct err *err)
{
    bool more = true;
    a->at = a->n_rows = 0;
    while (more && a->n_rows == 0)
        TRY(arrow_input_next(&a->input, &a->n_rows, &more, err));
    if (!more)
        a->n_rows = 0;
    return OK;
}

static enum code arrow_next(struct body *b, size_t *out_n, struct err *err)
{
    struct arrow_body *a = (struct arrow_body *)b;
    if (a->at == a->n_rows)
        TRY(next_batch(a, err));
    size_t left = a->n_rows - a->at, n = left < ROW_SINK_ROWS ? left : ROW_SINK_ROWS;
    arena_reset(&a->arena);
    for (size_t i = 0; n && i < b->schema->n_fields; i++)
        if (!body_is_fixed(b, i))
            TRY(arrow_array_read(a->arrays[i], a->at, n, body_column(b, i), &a->arena, err));
    a->at += n;
    *out_n = n;
    return OK;
}

static void arrow_close(struct body *b)
{
    struct arrow_body *a = (struct arrow_body *)b;
    arrow_input_done(&a->input);
    free(a->arrays);
    arena_done(&a->arena);
    free(a);
}

must_use static enum code take_column(struct arrow_body *a, size_t column, struct err *err)
{
    const struct arrow_array *array = arrow_input_column(&a->input, column);
    char name[128];
    ptrdiff_t i = schema_find(a->base.schema, array->name);
    if (i < 0 && !a->base.rules.passes_unknown)
        return schema_unknown(a->base.schema, array->name, err);
    if (i < 0) {
        arrow_input_ignore(&a->input, column);
        return OK;
    }
    view_printable(array->name, name, sizeof(name));
    if (a->arrays[i])
        return err_set(err, E_INVALID, "column '%s' is there twice", name);
    if (!array->supported)
        return err_set(err, E_INVALID, "column '%s' has type %s, which cannot be read", name,
                       array->type_text);
    a->arrays[i] = array;
    return body_bind(&a->base, (size_t)i,
                     array->is_null ? &a->base.schema->fields[i].type : &array->type, err);
}

must_use static enum code open_input(struct arrow_body *a, const struct body_config *config,
                                     struct err *err)
{
    struct ipc_limits limits = ipc_limits_default();
    limits.decompressed_bytes = (size_t)config->shares->decoded;
    limits.read_bytes = (size_t)config->shares->chunks;
    if (config->form == WRITE_BATCHES)
        return arrow_input_open_batches(config->batches, limits.read_bytes, &a->input, err);
    return arrow_input_open_stream(config->bytes, &limits, &a->input, err);
}

must_use static enum code take_columns(struct arrow_body *a, struct err *err)
{
    for (size_t i = 0; i < arrow_input_n_columns(&a->input); i++)
        TRY(take_column(a, i, err));
    return body_check_complete(&a->base, err);
}

enum code body_open_arrow(const struct body_config *config, struct body **out, struct err *err)
{
    static const struct body_ops ops = {arrow_next, arrow_close};
    struct arrow_body *a = mem_zalloc(sizeof(*a));
    body_init(&a->base, &ops, config);
    a->arrays = mem_zalloc(config->schema->n_fields * sizeof(*a->arrays));
    enum code rc = open_input(a, config, err);
    if (!rc)
        rc = take_columns(a, err);
    if (rc)
        body_close(&a->base);
    else
        *out = &a->base;
    return rc;
}
