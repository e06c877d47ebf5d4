#include "source/iceberg_spec.h"

#include <stdlib.h>
#include <strings.h>

void catalog_spec_done(struct catalog_spec *spec)
{
    char *strings[] = {
        spec->name,          spec->uri,          spec->warehouse,  spec->token,
        spec->token_file,    spec->scope,        spec->credential, spec->credential_file,
        spec->sigv4.service, spec->sigv4.region, spec->locations,  spec->oauth2_server_uri,
    };
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        free(strings[i]);
    for (size_t i = 0; i < spec->n_headers; i++) {
        free(spec->headers[i].name);
        free(spec->headers[i].value);
    }
    free(spec->headers);
    s3_config_done(&spec->s3);
    *spec = (struct catalog_spec){0};
}

const char *catalog_spec_header(const struct catalog_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_headers; i++)
        if (strcasecmp(spec->headers[i].name, name) == 0)
            return spec->headers[i].value;
    return NULL;
}

bool catalog_owns_bucket(const struct catalog_spec *spec, struct view bucket)
{
    static const char suffix[] = "--table-s3";
    size_t len = strlen(suffix);
    return spec->kind == CATALOG_S3TABLES && bucket.len > len &&
           memcmp(bucket.ptr + bucket.len - len, suffix, len) == 0;
}

void iceberg_spec_done(struct iceberg_spec *spec)
{
    char *strings[] = {spec->catalog, spec->table,        spec->metadata,   spec->location,
                       spec->ref,     spec->rewrite.from, spec->rewrite.to, spec->locations};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        free(strings[i]);
    s3_config_done(&spec->s3);
    *spec = (struct iceberg_spec){0};
}
