#include "source/spec.h"

#include <stdlib.h>

void source_spec_done(struct source_spec *spec)
{
    free(spec->local.path);
    s3_config_done(&spec->s3);
    free(spec->layout.marker);
    free(spec->layout.pointer);
    iceberg_spec_done(&spec->iceberg);
    *spec = (struct source_spec){0};
}
