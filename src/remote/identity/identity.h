/*
 * Credentials, and the texts they are read from. The files of this folder, from the bottom:
 * identity.c, call.c (small HTTP requests), the steps (environment.c, process.c, metadata.c, sts.c,
 * profile.c), find.c (their order) and credentials.c (the cache that everybody uses).
 */
#ifndef MURR_REMOTE_IDENTITY_IDENTITY_H
#define MURR_REMOTE_IDENTITY_IDENTITY_H

#include "base/err.h"
#include "base/view.h"
#include "remote/op.h"
#include "remote/s3_config.h"

/* Strings are owned. Zeroed memory is anonymous: requests are not signed. */
struct credentials {
    char *access_key_id, *secret_access_key;
    char *session_token;   /* NULL: none */
    int64_t expires_at_ms; /* wall clock; 0: never */
};

void credentials_done(struct credentials *c);
void credentials_copy(const struct credentials *from, struct credentials *out);
static inline bool credentials_are_anonymous(const struct credentials *c)
{
    return c->access_key_id == NULL;
}

/* What a step of the search is given. */
struct identity_search {
    const struct s3_config *config;
    const char *region;         /* for STS */
    const struct remote_op *op; /* ends the search early */
};

/* Where credentials come from, if not from the search: a catalog that hands them out. */
struct credentials_origin {
    /* Get credentials that were not handed out before. Called on a chain's searching thread, so it
     * may block until `op` ends it. */
    enum code (*get)(void *arg, const struct remote_op *op, struct credentials *out,
                     struct err *err);
    void *arg;
};

/*
 * Credentials from texts that a person wrote, which are trimmed (view_trim). `token` may be NULL or
 * empty.
 * Fails     E_INVALID for a byte that no credential can have, with its value and position, but
 *           without the credential.
 */
must_use enum code credentials_of_texts(const char *id, const char *secret, const char *token,
                                        struct credentials *out, struct err *err);

/* {"AccessKeyId": ..., "SecretAccessKey": ..., "Token": ..., "Expiration": ...}; `token` is the
 * name of the third member. Fails E_INVALID, without secrets in the message. */
must_use enum code credentials_of_json(struct view json, const char *token, struct credentials *out,
                                       struct err *err);

/* An environment variable that is set and not empty, or NULL. */
const char *env_value(const char *name);

#endif
