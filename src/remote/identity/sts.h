/* Roles, by the Security Token Service. */
#ifndef MURR_REMOTE_IDENTITY_STS_H
#define MURR_REMOTE_IDENTITY_STS_H

#include "remote/identity/identity.h"

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

#endif
