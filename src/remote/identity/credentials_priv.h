/*
 * The steps of the chain. Each says by `out_found` whether it applies; a failure means that it did, and that
 * it failed.
 */
#ifndef MURR_REMOTE_IDENTITY_CREDENTIALS_PRIV_H
#define MURR_REMOTE_IDENTITY_CREDENTIALS_PRIV_H

#include "remote/identity/credentials.h"

struct identity_search {
    const struct s3_config *config;
    const char *region;         /* of STS */
    const struct remote_op *op; /* its end calls the search off */
};

/* Walk the chain once. */
must_use enum code credentials_find(const struct identity_search *s, struct credentials *out,
                                    struct err *err);

/*
 * Credentials as somebody wrote them down, trimmed (view_trim). `token` may be NULL or empty.
 * Fails E_INVALID for a byte that no credential has, naming which and where it is, but not the credential.
 */
must_use enum code credentials_of_texts(const char *id, const char *secret, const char *token,
                                        struct credentials *out, struct err *err);

/* AWS_ACCESS_KEY_ID and its companions. */
must_use enum code credentials_of_environment(struct credentials *out, bool *out_found,
                                              struct err *err);

/* The profile that configuration or AWS_PROFILE names, or "default", and what it leads to. */
must_use enum code credentials_of_profile(const struct identity_search *s, struct credentials *out,
                                          bool *out_found, struct err *err);

/* AWS_CONTAINER_CREDENTIALS_*. */
must_use enum code credentials_of_container(const struct identity_search *s,
                                            struct credentials *out, bool *out_found,
                                            struct err *err);

/* IMDSv2. Not found where nobody answers: then this is no EC2 instance. */
must_use enum code credentials_of_instance(const struct identity_search *s, struct credentials *out,
                                           bool *out_found, struct err *err);

/* The output of a command that the user configured. */
must_use enum code credentials_of_process(const struct identity_search *s, const char *command,
                                          struct credentials *out, struct err *err);

/* A role to assume. Strings may be NULL, where they have a default. */
struct role {
    const char *arn;
    const char *session_name;
    const char *external_id;
};

/* AssumeRoleWithWebIdentity with the token in a file, which is read anew each time: it is replaced. */
must_use enum code credentials_of_web_identity(const struct identity_search *s,
                                               const struct role *role, const char *token_file,
                                               struct credentials *out, struct err *err);

/* AssumeRole, signed by `source`. */
must_use enum code credentials_of_role(const struct identity_search *s, const struct role *role,
                                       const struct credentials *source, struct credentials *out,
                                       struct err *err);

/* {"AccessKeyId": ..., "SecretAccessKey": ..., "Token": ..., "Expiration": ...}, where `token` is the name of
 * the third. Fails E_INVALID without showing what it read. */
must_use enum code credentials_of_json(struct view json, const char *token, struct credentials *out,
                                       struct err *err);

/* A small request, outside of the loop; the body of an answer of status 200. */
struct identity_call {
    const char *method;
    const char *url;
    const char *headers; /* "Name: value\n" each */
    struct view body;
    int64_t timeout_ms;
    unsigned tries;
    bool no_proxy;
};

/* Fails E_IO when nobody answers; E_INVALID for any other status. */
must_use enum code identity_call(const struct identity_search *s, const struct identity_call *call,
                                 struct buf *out_body, struct err *err);

/* An environment variable that is set and not empty, or NULL. */
const char *env_value(const char *name);

#endif
