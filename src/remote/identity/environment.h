/* Credentials in the environment. */
#ifndef MURR_REMOTE_IDENTITY_ENVIRONMENT_H
#define MURR_REMOTE_IDENTITY_ENVIRONMENT_H

#include "remote/identity/identity.h"

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
must_use enum code credentials_of_environment(struct credentials *out, bool *out_found,
                                              struct err *err);

#endif
