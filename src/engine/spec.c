#include "engine/spec.h"

#include "base/mem.h"

void table_spec_done(struct table_spec *spec)
{
    free(spec->name);
    free(spec->source.local.path);
    s3_config_done(&spec->source.s3);
    for (size_t i = 0; i < spec->n_key; i++)
        free(spec->key[i]);
    free(spec->key);
    for (size_t i = 0; i < spec->n_columns; i++)
        free(spec->columns[i].name);
    free(spec->columns);
    *spec = (struct table_spec){0};
}
