/* Credentials from a command. */
#ifndef MURR_REMOTE_IDENTITY_PROCESS_H
#define MURR_REMOTE_IDENTITY_PROCESS_H

#include "remote/identity/identity.h"

/* The output of a command that the user configured. */
must_use enum code credentials_of_process(const struct identity_search *s, const char *command,
                                          struct credentials *out, struct err *err);

#endif
