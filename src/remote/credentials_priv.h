/* The steps of the chain. Each says by `out_found` whether it applies; a failure means that it did, and failed. */
#ifndef MURR_REMOTE_CREDENTIALS_PRIV_H
#define MURR_REMOTE_CREDENTIALS_PRIV_H

#include "remote/credentials.h"

/* Walk the chain once. */
must_use enum code credentials_find(const struct s3_config *config, const char *region,
                                    struct credentials *out, struct err *err);

#endif
