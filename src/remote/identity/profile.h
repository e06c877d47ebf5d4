/* Credentials from the files that AWS tools share. *out_found is set if there is such a profile. */
#ifndef MURR_REMOTE_IDENTITY_PROFILE_H
#define MURR_REMOTE_IDENTITY_PROFILE_H

#include "remote/identity/identity.h"

/* The profile that configuration or AWS_PROFILE names, or "default", and the profiles and roles
 * that it refers to. */
must_use enum code credentials_of_profile(const struct identity_search *s, struct credentials *out,
                                          bool *out_found, struct err *err);

#endif
