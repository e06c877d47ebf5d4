/* The configuration of one bucket. Filled by config/source.c. */
#ifndef MURR_REMOTE_S3_CONFIG_H
#define MURR_REMOTE_S3_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* How a bucket is named in a URL: https://bucket.host/key, or https://host/bucket/key. */
enum s3_addressing { S3_ADDRESSING_AUTO, S3_ADDRESSING_PATH, S3_ADDRESSING_VIRTUAL };

/* Strings are owned; "" means that the configuration does not say. `done` is safe on zeroed
 * memory. */
struct s3_config {
    char *bucket;
    char *prefix;   /* as written; with or without '/' at the end */
    char *region;   /* "": from environment or profile, else us-east-1, until the bucket tells */
    char *endpoint; /* "http://localhost:9000"; "": from the environment, else AWS */
    enum s3_addressing addressing;
    bool requester_pays;
    char *ca_file;
    char *proxy; /* "": from the environment */
    /* The endpoint was not configured, but handed out: it may not be at a link-local address. */
    bool endpoint_is_foreign;

    /* Credentials. If all are empty they come from the chain of remote/identity/credentials.h. */
    char *access_key_id, *secret_access_key, *session_token;
    bool anonymous;
    char *profile;
    char *role_arn, *external_id; /* a role to assume with the credentials found */

    /* Tuning. */
    unsigned requests_in_flight; /* the most at a time */
    uint64_t part_bytes;         /* longest range of one request */
    unsigned max_attempts;
    int64_t retry_delay_ms; /* bound of the first delay (remote/retry.h) */
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms;
};

void s3_config_done(struct s3_config *c);

#endif
