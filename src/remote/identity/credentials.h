/*
 * Credentials: who we are to S3. If the configuration has none, the first of these that applies is
 * used, in the order of the AWS SDKs:
 *
 *     1. environment      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *     2. web identity     AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, for
 *                         AssumeRoleWithWebIdentity of STS
 *     3. shared files     ~/.aws/credentials and ~/.aws/config, by profile: keys, role_arn with
 *                         source_profile or credential_source, web_identity_token_file,
 *                         credential_process
 *     4. container        AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI (ECS, EKS)
 *     5. IMDSv2           the instance's role
 *     6. none             requests are not signed
 *
 * A step that is configured but fails ends the search, since the wrong identity would be worse than
 * an error. Only step 5 gives way if nobody answers: most machines are not EC2 instances.
 *
 * A chain searches on a thread that runs only while it searches, one at a time. Credentials that
 * expire are renewed when less than five minutes, or a tenth of their life, are left.
 * Meanwhile, and if that fails, the old ones are used until they expire. Requests wait only if
 * there are no valid ones.
 *
 * Threads   any.
 */
#ifndef MURR_REMOTE_IDENTITY_CREDENTIALS_H
#define MURR_REMOTE_IDENTITY_CREDENTIALS_H

#include "base/err.h"
#include "remote/identity/identity.h"

struct credentials_chain;

/* Borrows config until the free, and what `origin` points to. With an origin that is asked, and
 * nothing else; NULL: the order above. `region` is that of STS, and copied. Searches nothing yet. */
struct credentials_chain *credentials_chain_new(const struct s3_config *config, const char *region,
                                                const struct credentials_origin *origin);
/* Cancels a search and waits for its end. NULL is fine. */
void credentials_chain_free(struct credentials_chain *chain);

/* What a request remembers while it waits for credentials. Zeroed at first. */
struct credentials_wait {
    bool is_waiting;
    unsigned n_failed_before;
};

/*
 * Get a copy of the credentials, which the caller frees. Never blocks: if there are no valid ones,
 * a search is started and *out_ready is false. Ask again after some milliseconds with the same
 * `wait`.
 *
 * Fails     E_IO, E_INVALID, E_TIMEOUT if a search failed since this wait began, with what was
 *           tried and why it failed.
 */
must_use enum code credentials_try(struct credentials_chain *chain, struct credentials_wait *wait,
                                   struct credentials *out_copy, bool *out_ready, struct err *err);

/* Every chain of the process searches again when it is next asked, since files or services may have
 * new credentials. Until the search succeeds the old ones are used. */
void credentials_reread(void);

/* The store says that these have expired: do not use them again. */
void credentials_refused(struct credentials_chain *chain, const struct credentials *refused);

#endif
