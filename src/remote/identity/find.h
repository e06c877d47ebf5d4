/* The order in which credentials are searched (credentials.h lists it). */
#ifndef MURR_REMOTE_IDENTITY_FIND_H
#define MURR_REMOTE_IDENTITY_FIND_H

#include "remote/identity/identity.h"

/* Search the chain once. Blocks. */
must_use enum code credentials_find(const struct identity_search *s, struct credentials *out,
                                    struct err *err);

/* The region from configuration, AWS_REGION, AWS_DEFAULT_REGION or profile, else us-east-1. The
 * caller frees it. */
char *credentials_region(const struct s3_config *config);

#endif
