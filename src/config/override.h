/* Variables and --set flags, laid over the tree of the file before it gets types. */
#ifndef MURR_CONFIG_OVERRIDE_H
#define MURR_CONFIG_OVERRIDE_H

#include "config/tree.h"

/*
 * Put the value of "path=value" into the tree; tables and columns not there yet are begun. Fails
 * E_INVALID "--set server.prot: unknown field; did you mean 'server.port'?".
 */
must_use enum code override_flag(const char *set, struct node *root, struct arena *arena,
                                 struct err *err);

/*
 * The same for one "NAME=value" of the environment. MURR_SERVER__PORT and MURR_SERVER_PORT both
 * name server.port. Names that do not begin with MURR_, MURR_CONFIG, MURR_TEST_* and what
 * Kubernetes says of services are none of ours.
 */
must_use enum code override_variable(const char *variable, struct node *root, struct arena *arena,
                                     struct err *err);

#endif
