/*
 * Answers of the REST protocol of Iceberg, as JSON. The bytes are foreign; nothing here does I/O.
 *
 * Format    rest-catalog-open-api.yaml of Apache Iceberg: CatalogConfig, LoadTableResult,
 *           LoadCredentialsResponse, IcebergErrorResponse, OAuthTokenResponse.
 */
#ifndef MURR_SOURCE_ICEBERG_REST_ANSWER_H
#define MURR_SOURCE_ICEBERG_REST_ANSWER_H

#include "source/iceberg/catalog_answer.h"

/* Properties of S3, each NULL if it is not said. Strings are owned. */
struct s3_properties {
    char *endpoint, *region, *path_style;
};

/* The settings of a catalog. Strings are owned; NULL means that it does not say. */
struct rest_config {
    char *prefix;            /* of paths, encoded: "ws/main" */
    char *separator;         /* between the levels of a namespace, encoded: "%1F" */
    char *uri;               /* where to go on asking; only as an override */
    char *oauth2_server_uri; /* only as an override */
    struct s3_properties defaults, overrides;
    bool has_credentials_path; /* it has the endpoint .../credentials */
};

void rest_config_done(struct rest_config *c);

/* Fails E_CORRUPT. */
must_use enum code rest_config_parse(struct view body, struct rest_config *out, struct err *err);

/* What a table's answer says besides the answer itself. Strings are owned, or NULL. */
struct rest_table {
    struct catalog_answer answer; /* without `version` */
    char *token;                  /* to use for this table */
    char *credentials_path;       /* where to renew credentials: a path or URL */
    bool signs_itself;            /* files are read with requests that the catalog signs */
};

void rest_table_done(struct rest_table *t);

/* The metadata is copied as it is, and not looked at. Fails E_CORRUPT. */
must_use enum code rest_table_parse(struct view body, struct rest_table *out, struct err *err);

/* An answer of .../credentials: only `vended` is filled. Fails E_CORRUPT. */
must_use enum code rest_credentials_parse(struct view body, struct catalog_answer *out,
                                          struct err *err);

/* The token is owned; E_CORRUPT if a header cannot hold it. The message has no secret. */
struct rest_token {
    char *text;
    int64_t life_s; /* 0: not said */
};
must_use enum code rest_token_parse(struct view body, struct rest_token *out, struct err *err);

/* What a refusal says, printable: "NoSuchTableException: Table does not exist: a.b". "" if the body
 * is not one of an Iceberg catalog, of OAuth2 or of AWS; then false. Returns whether it is one. */
enum { REST_REFUSAL_CAP = 300 };
bool rest_refusal(struct view body, char out[static REST_REFUSAL_CAP]);

/* Whether a header can hold the text: printable ASCII, not empty. */
bool rest_is_header_text(struct view text);

#endif
