/*
 * Who we are to S3. Where the configuration does not say, the first of these that is there, as the AWS SDKs
 * look:
 *
 *     1. environment      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *     2. web identity     AWS_WEB_IDENTITY_TOKEN_FILE + AWS_ROLE_ARN: AssumeRoleWithWebIdentity of STS
 *     3. shared files     ~/.aws/credentials and ~/.aws/config, by profile: keys, role_arn with source_profile
 *                         or credential_source, web_identity_token_file, credential_process
 *     4. container        AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI (ECS, EKS Pod Identity)
 *     5. IMDSv2           the instance's role
 *     6. nobody           requests are not signed
 *
 * A step that is configured but fails ends the search: another identity than the one meant would be worse than
 * an error. Only the last two give way to the next.
 *
 * All fetching is done by a thread of its own, one at a time. What expires is fetched again once less than five
 * minutes, or a tenth of its life, are left; until then, and while the new ones cannot be had, the old ones
 * serve as long as they are valid. Only when they are not do requests wait.
 *
 * Threads   any.
 */
#ifndef MURR_REMOTE_IDENTITY_CREDENTIALS_H
#define MURR_REMOTE_IDENTITY_CREDENTIALS_H

#include "base/err.h"
#include "remote/s3_config.h"
#include "remote/transfer.h"

/* Strings are owned. Zeroed memory is anonymous: no signature. */
struct credentials {
    char *access_key_id, *secret_access_key;
    char *session_token;   /* NULL: none */
    int64_t expires_at_ms; /* wall clock; 0: never */
};

void credentials_done(struct credentials *c);
static inline bool credentials_are_anonymous(const struct credentials *c)
{
    return c->access_key_id == NULL;
}

struct credentials_chain;

/* Where the bucket is, as configuration, AWS_REGION, AWS_DEFAULT_REGION and profile say, else us-east-1. The
 * caller frees it. */
char *credentials_region(const struct s3_config *config);

/* Borrows   config. `region` is for STS. */
struct credentials_chain *credentials_chain_new(const struct s3_config *config, const char *region);
/* Calls off a fetch that is under way. */
void credentials_chain_free(struct credentials_chain *chain);

/* What one request remembers while it waits. Zeroed at first. */
struct credentials_wait {
    bool is_waiting;
    unsigned n_failed_before;
};

/*
 * Never blocks: where there are no valid ones, `out_ready` is false; ask again after some milliseconds, with the
 * same `wait`. The caller frees the copy.
 *
 * Fails E_IO, E_INVALID, E_TIMEOUT with what was tried and why it failed.
 */
must_use enum code credentials_try(struct credentials_chain *chain, struct credentials_wait *wait,
                                   struct credentials *out_copy, bool *out_ready, struct err *err);

/* The files, variables and services that credentials come from may say something else now: fetch those of every
 * chain again when it is next asked; the old ones serve until then. Threads: any. */
void credentials_reread(void);

/* The store says that these have expired, whatever we thought: get others next time. */
void credentials_refused(struct credentials_chain *chain, const struct credentials *refused);

#endif
