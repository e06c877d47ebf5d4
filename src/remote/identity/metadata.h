/* Credentials from the metadata services of containers and instances. A step sets *out_found if it applies; a failure
 * means that it applies and failed. */
#ifndef MURR_REMOTE_IDENTITY_METADATA_H
#define MURR_REMOTE_IDENTITY_METADATA_H

#include "remote/identity/identity.h"

/* AWS_CONTAINER_CREDENTIALS_*. */
must_use enum code credentials_of_container(const struct identity_search *s,
                                            struct credentials *out, bool *out_found,
                                            struct err *err);

/* IMDSv2. Not found if nobody answers, since this is then not an EC2 instance. */
must_use enum code credentials_of_instance(const struct identity_search *s, struct credentials *out,
                                           bool *out_found, struct err *err);

#endif
