/* What the configuration says of one bucket. Filled by config/table.c. */
#ifndef MURR_REMOTE_S3_CONFIG_H
#define MURR_REMOTE_S3_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* How a bucket is named in a URL: https://bucket.host/key, or https://host/bucket/key. */
enum s3_addressing { S3_ADDRESSING_AUTO, S3_ADDRESSING_PATH, S3_ADDRESSING_VIRTUAL };

/* Strings are owned; "" means: not said. Zeroed memory can be freed. */
struct s3_config {
    char *bucket;
    char *prefix;   /* as written; with or without '/' at the end */
    char *region;   /* "": as environment and profile say, else us-east-1, until the bucket tells */
    char *endpoint; /* "http://localhost:9000"; "": AWS, or what the environment says */
    enum s3_addressing addressing;
    bool requester_pays;
    char *ca_file;
    char *proxy; /* "": as the environment says */

    /* Credentials. All empty: the chain of remote/identity/credentials.h. */
    char *access_key_id, *secret_access_key, *session_token;
    bool anonymous;
    char *profile;
    char *role_arn, *external_id; /* a role to assume with what the chain found */

    /* Tuning. */
    unsigned requests_in_flight;
    uint64_t part_bytes; /* longest range of one request */
    unsigned max_attempts;
    int64_t retry_delay_ms; /* the first; doubles, with full jitter */
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms;
};

void s3_config_done(struct s3_config *c);

#endif
