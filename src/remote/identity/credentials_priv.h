/*
 * The steps of the credential chain. Each sets *out_found if it applies. A failure means that it
 * applies and failed.
 */
#ifndef MURR_REMOTE_IDENTITY_CREDENTIALS_PRIV_H
#define MURR_REMOTE_IDENTITY_CREDENTIALS_PRIV_H

#include "remote/identity/credentials.h"

struct identity_search {
    const struct s3_config *config;
    const char *region;         /* for STS */
    const struct remote_op *op; /* ends the search early */
};

/* Search the chain once. Blocks. */
must_use enum code credentials_find(const struct identity_search *s, struct credentials *out,
                                    struct err *err);

/*
 * Credentials from texts that a person wrote, which are trimmed (view_trim). `token` may be NULL or
 * empty.
 * Fails     E_INVALID for a byte that no credential can have, with its value and position, but
 *           without the credential.
 */
must_use enum code credentials_of_texts(const char *id, const char *secret, const char *token,
                                        struct credentials *out, struct err *err);

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
must_use enum code credentials_of_environment(struct credentials *out, bool *out_found,
                                              struct err *err);

/* The profile that configuration or AWS_PROFILE names, or "default", and the profiles and roles
 * that it refers to. */
must_use enum code credentials_of_profile(const struct identity_search *s, struct credentials *out,
                                          bool *out_found, struct err *err);

/* AWS_CONTAINER_CREDENTIALS_*. */
must_use enum code credentials_of_container(const struct identity_search *s,
                                            struct credentials *out, bool *out_found,
                                            struct err *err);

/* IMDSv2. Not found if nobody answers, since this is then not an EC2 instance. */
must_use enum code credentials_of_instance(const struct identity_search *s, struct credentials *out,
                                           bool *out_found, struct err *err);

/* The output of a command that the user configured. */
must_use enum code credentials_of_process(const struct identity_search *s, const char *command,
                                          struct credentials *out, struct err *err);

/* A role to assume. session_name and external_id may be NULL. */
struct role {
    const char *arn;
    const char *session_name;
    const char *external_id;
};

/* AssumeRoleWithWebIdentity with the token in a file. The file is read each time, since it is
 * replaced regularly. */
must_use enum code credentials_of_web_identity(const struct identity_search *s,
                                               const struct role *role, const char *token_file,
                                               struct credentials *out, struct err *err);

/* AssumeRole, signed by `source`. */
must_use enum code credentials_of_role(const struct identity_search *s, const struct role *role,
                                       const struct credentials *source, struct credentials *out,
                                       struct err *err);

/* {"AccessKeyId": ..., "SecretAccessKey": ..., "Token": ..., "Expiration": ...}; `token` is the
 * name of the third member. Fails E_INVALID, without secrets in the message. */
must_use enum code credentials_of_json(struct view json, const char *token, struct credentials *out,
                                       struct err *err);

/* A small request outside the transfer loop. */
struct identity_call {
    const char *method;
    const char *url;
    const char *headers; /* "Name: value\n" each */
    struct view body;
    int64_t timeout_ms;
    unsigned tries;
    bool no_proxy;
};

/* Call, and get the body of an answer with status 200. Fails E_IO if nobody answers or the server
 * is in trouble, after all tries; E_INVALID for any other status. */
must_use enum code identity_call(const struct identity_search *s, const struct identity_call *call,
                                 struct buf *out_body, struct err *err);

/* An environment variable that is set and not empty, or NULL. */
const char *env_value(const char *name);

#endif
