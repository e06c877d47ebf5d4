/* Applies variables and --set flags to the tree of the file, before values get types. */
#ifndef MURR_CONFIG_OVERRIDE_H
#define MURR_CONFIG_OVERRIDE_H

#include "config/tree.h"

/*
 * Put the value of "path=value" into the tree, and add tables and columns that are missing. Fails
 * E_INVALID "--set server.prot: unknown field; did you mean 'server.port'?".
 */
must_use enum code override_flag(const char *set, struct node *root, struct arena *arena,
                                 struct err *err);

/*
 * The same for one "NAME=value" of the environment. MURR_SERVER__PORT and MURR_SERVER_PORT both
 * name server.port. Ignored are names that do not begin with MURR_, MURR_CONFIG, MURR_TEST_*, and
 * the variables that Kubernetes sets for services.
 */
must_use enum code override_variable(const char *variable, struct node *root, struct arena *arena,
                                     struct err *err);

#endif
