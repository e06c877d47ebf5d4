/* How to reach S3, as it is configured: the fields that a source of Parquet files, a catalog and an
 * Iceberg table without a catalog share. */
#ifndef MURR_CONFIG_S3_ACCESS_H
#define MURR_CONFIG_S3_ACCESS_H

#include "config/field.h"
#include "remote/s3_config.h"

/* All fields of struct s3_config except bucket and prefix, for a list of fields into a struct that
 * holds one: S3_AT(member) must be defined as the offset of its member. */
#define S3_ACCESS_FIELDS                                                                           \
    {"region", FIELD_STRING, S3_AT(region), .fallback = ""},                                       \
        {"endpoint", FIELD_STRING, S3_AT(endpoint), .fallback = ""},                               \
        {"addressing", FIELD_ENUM, S3_AT(addressing), "auto", .words = s3_addressing_words},       \
        {"requester_pays", FIELD_BOOL, S3_AT(requester_pays), .fallback = "false"},                \
        {"ca_file", FIELD_STRING, S3_AT(ca_file), .fallback = ""},                                 \
        {"proxy", FIELD_SECRET, S3_AT(proxy), .fallback = ""}, /* may hold a password */           \
        {"access_key_id", FIELD_STRING, S3_AT(access_key_id), .fallback = ""},                     \
        {"secret_access_key", FIELD_SECRET, S3_AT(secret_access_key), .fallback = ""},             \
        {"session_token", FIELD_SECRET, S3_AT(session_token), .fallback = ""},                     \
        {"anonymous", FIELD_BOOL, S3_AT(anonymous), .fallback = "false"},                          \
        {"profile", FIELD_STRING, S3_AT(profile), .fallback = ""},                                 \
        {"role_arn", FIELD_STRING, S3_AT(role_arn), .fallback = ""},                               \
        {"external_id", FIELD_SECRET, S3_AT(external_id), .fallback = ""},                         \
        {"requests_in_flight", FIELD_UINT, S3_AT(requests_in_flight), "16", .min = 1, .max = 256}, \
        {"part_size", FIELD_BYTES, S3_AT(part_bytes), "8MiB", .min = 65536, .max = 1ull << 30},    \
        {"max_attempts", FIELD_UINT, S3_AT(max_attempts), "8", .min = 1, .max = 100},              \
        {"retry_delay", FIELD_DURATION, S3_AT(retry_delay_ms), "100ms", .min = 1, .max = 20000},   \
        {"connect_timeout", FIELD_DURATION, S3_AT(connect_timeout_ms), "5s",                       \
         .min = 10,         .max = 600000},                                                        \
    {                                                                                              \
        "stall_timeout", FIELD_DURATION, S3_AT(stall_timeout_ms), "10s", .min = 1000,              \
                                                                         .max = 600000             \
    }

extern const char *const s3_addressing_words[];

/* The fields above, into a struct s3_config: a map `s3`. */
extern const struct field_list s3_access_fields;

/* Set bucket and prefix to "", which such a map does not have. Before the fields are read. */
void s3_access_init(struct s3_config *c);

/* Check that the fields fit together and that the endpoint is a URL. */
must_use enum code s3_access_check(const struct s3_config *c, struct err *err);

/* Check a URL; `name` is its field. */
must_use enum code config_check_url(const char *name, const char *url, struct err *err);

#endif
