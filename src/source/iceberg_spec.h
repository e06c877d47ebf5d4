/* What the configuration says about catalogs, and about a table of one. Filled by
 * config/catalog.c and config/source.c. Strings are owned; "" means that it is not given. */
#ifndef MURR_SOURCE_ICEBERG_SPEC_H
#define MURR_SOURCE_ICEBERG_SPEC_H

#include "remote/s3_config.h"

#include <stddef.h>

enum catalog_kind {
    CATALOG_REST,
    CATALOG_GLUE,     /* REST, with the address and the signature of AWS Glue */
    CATALOG_S3TABLES, /* REST, with those of S3 Tables */
    CATALOG_FILESYSTEM,
};

/* A header that is sent with each request. */
struct catalog_header {
    char *name, *value;
};

/* A catalog, named once and used by many tables. */
struct catalog_spec {
    char *name;
    enum catalog_kind kind;
    char *uri;
    char *warehouse;
    char *token;             /* secret */
    char *credential;        /* secret: "id:secret" */
    char *oauth2_server_uri; /* "": the catalog's own */
    char *scope;
    struct catalog_header *headers;
    size_t n_headers;
    char *sigv4_service, *sigv4_region; /* "": requests are not signed */
    char *locations;                    /* further prefixes where files may lie, "a,b" */
    struct s3_config s3;                /* how to reach the buckets */
};

void catalog_spec_done(struct catalog_spec *spec);

/* Which snapshot of the table to serve. At most one of the three is given. */
struct iceberg_spec {
    char *catalog; /* the name of one; "": `metadata` or `location` is given */
    char *table;   /* "namespace.table" */
    char *metadata, *location;
    char *ref;        /* [main] */
    char *snapshot;   /* an id */
    int64_t as_of_ms; /* the snapshot that was current then; 0: not given */
    char *rewrite_from, *rewrite_to;
    char *locations;                       /* as those of a catalog */
    struct s3_config s3;                   /* without a catalog */
    const struct catalog_spec *catalog_of; /* of that name, borrowed; NULL: without a catalog */
};

void iceberg_spec_done(struct iceberg_spec *spec);

#endif
