/* What the configuration says about catalogs, and about a table of one. Filled by
 * config/catalog.c and config/iceberg.c. Strings are owned; "" means that it is not given. */
#ifndef MURR_SOURCE_ICEBERG_SPEC_H
#define MURR_SOURCE_ICEBERG_SPEC_H

#include "base/view.h"
#include "remote/s3_config.h"

#include <stddef.h>

enum catalog_kind {
    CATALOG_REST,
    CATALOG_GLUE,     /* REST, with the address and the signature of AWS Glue */
    CATALOG_S3TABLES, /* REST, with those of S3 Tables */
    CATALOG_FILESYSTEM,
};

/* A header that is sent with each request. The value may be a secret. "": do not send it, even where
 * Murr would by itself. */
struct catalog_header {
    char *name, *value;
};

/* A catalog, named once and used by many tables. */
struct catalog_spec {
    char *name;
    enum catalog_kind kind;
    char *uri; /* "": the address of AWS, for Glue and S3 Tables */
    char *warehouse;
    /* Who we are to the catalog; at most one of the four. The files are read again whenever a token
     * is needed. */
    char *token, *token_file;
    char *credential, *credential_file; /* "id:secret" of OAuth2's client credentials */
    char *oauth2_server_uri;            /* "": the catalog's own */
    char *scope;
    struct catalog_header *headers;
    size_t n_headers;
    struct {
        char *service, *region;
    } sigv4;             /* service "": requests are not signed, except to Glue and S3 Tables */
    char *locations;     /* prefixes below which files may lie, besides the warehouse: "a,b" */
    struct s3_config s3; /* how to reach the buckets, and who signs requests to the catalog */
};

void catalog_spec_done(struct catalog_spec *spec);

/* The value of a header, by any case of its name; NULL: it is not given. */
const char *catalog_spec_header(const struct catalog_spec *spec, const char *name);

/* Whether AWS keeps the bucket for tables of S3 Tables, and the catalog is one: their files need
 * not lie below a configured prefix. */
bool catalog_owns_bucket(const struct catalog_spec *spec, struct view bucket);

/* A table, and which snapshot of it to serve: at most one of ref, snapshot and as_of. */
struct iceberg_spec {
    char *catalog; /* the name of one; "": `metadata` or `location` is given */
    char *table;   /* "namespace.table" */
    char *metadata, *location;
    char *ref;        /* a branch or tag; "": main */
    int64_t snapshot; /* an id; 0: not given */
    int64_t as_of_ms; /* the snapshot that was current then, by wall clock; 0: not given */
    struct {
        char *from, *to;
    } rewrite;                             /* of prefixes, for a table that was moved */
    char *locations;                       /* as those of a catalog, for this table alone */
    struct s3_config s3;                   /* without a catalog */
    const struct catalog_spec *catalog_of; /* of that name, borrowed; NULL: without a catalog */
};

void iceberg_spec_done(struct iceberg_spec *spec);

#endif
