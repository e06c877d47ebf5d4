/*
 * AWS Signature Version 4, by S3's rules: the path is percent-encoded once and not normalized, the
 * query is sorted, and a body is signed as a whole.
 *
 *     canonical request   method, path, query, headers, names of the headers, hash of the body
 *     string to sign      "AWS4-HMAC-SHA256", time, day/region/service/aws4_request, hash of that
 *     signing key         HMAC chain: secret -> day -> region -> service -> "aws4_request"
 *     signature           HMAC(signing key, string to sign)
 *
 * Callers give names and values unencoded. libcurl's own signer is not used, because the version in
 * Debian 12 neither sorts nor encodes the query (docs/decisions/0020).
 */
#ifndef MURR_REMOTE_SIGV4_H
#define MURR_REMOTE_SIGV4_H

#include "base/buf.h"

/* SHA-256 of nothing, in hexadecimal. */
#define SIGV4_EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A name and a value, of a header or in a query. */
struct sig_pair {
    struct view name;
    struct view value;
};

struct sigv4_request {
    const char *method;
    struct view path;             /* "/key with spaces" */
    const struct sig_pair *query; /* in any order */
    size_t n_query;
    const struct sig_pair *headers; /* all are signed; in any order and case */
    size_t n_headers;
    const char *body_hash; /* 64 hexadecimal digits, or UNSIGNED-PAYLOAD */
};

struct sigv4_key {
    const char *access_key_id;
    const char *secret_access_key;
    const char *region;
    const char *service;
};

/* "20261122T100000Z"; returns `out`. */
#define SIGV4_TIME_CAP 17
char *sigv4_time(int64_t unix_s, char out[static SIGV4_TIME_CAP]);

/* 64 hexadecimal digits of SHA-256, NUL-terminated. */
#define SIGV4_HASH_CAP 65
void sigv4_hash(struct view bytes, char out[static SIGV4_HASH_CAP]);

/* Append the query as it is signed and sent: encoded, sorted, "name=" for an empty value. */
void sigv4_put_query(struct buf *out, const struct sig_pair *query, size_t n_query);

/* Append the canonical request, and the string to sign. `time` comes from sigv4_time. */
void sigv4_put_canonical(struct buf *out, const struct sigv4_request *req);
void sigv4_put_string_to_sign(struct buf *out, const struct sigv4_request *req,
                              const struct sigv4_key *key, const char *time);

/* Append the value of the Authorization header. */
void sigv4_put_authorization(struct buf *out, const struct sigv4_request *req,
                             const struct sigv4_key *key, const char *time);

#endif
