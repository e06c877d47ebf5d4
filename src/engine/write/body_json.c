#include "engine/write/body_forms.h"
#include "engine/write/body_priv.h"

#include "base/mem.h"
#include "format/json/write_request.h"

struct json_body {
    struct body base;
    struct json_write *rows;
};

static enum code json_next(struct body *b, size_t *out_n, struct err *err)
{
    struct json_body *j = (struct json_body *)b;
    return json_write_next(j->rows, b->columns + 2, ROW_SINK_ROWS, out_n, err);
}

static void json_close(struct body *b)
{
    struct json_body *j = (struct json_body *)b;
    json_write_close(j->rows);
    free(j);
}

/* The JSON reader fills columns that are left out with nulls itself, so only mask and stamp are
 * fixed. */
enum code body_open_json(const struct body_config *config, struct body **out, struct err *err)
{
    static const struct body_ops ops = {json_next, json_close};
    struct json_body *j = mem_zalloc(sizeof(*j));
    body_init(&j->base, &ops, config);
    memset(j->base.is_fixed + 2, 0, config->schema->n_fields * sizeof(bool));
    enum code rc = json_write_open(config->bytes, config->schema, &config->rules, &j->rows, err);
    for (size_t i = 0; !rc && i < config->schema->n_fields; i++)
        j->base.is_given[i] = json_write_has(j->rows, i);
    if (rc)
        body_close(&j->base);
    else
        *out = &j->base;
    return rc;
}
