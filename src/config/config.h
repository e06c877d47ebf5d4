/*
 * The configuration: a YAML file, overridden by MURR_ variables, overridden by --set flags. Strict:
 * whatever is not understood is an error that names where it was written and what was meant.
 * docs/configuration.md describes every field for users.
 */
#ifndef MURR_CONFIG_CONFIG_H
#define MURR_CONFIG_CONFIG_H

#include "base/buf.h"
#include "config/settings.h"

/*
 * Read file, variables and flags, and fill every field. `path` NULL: no file. `env` is like
 * environ; of it only MURR_ names count, and those that match no field are an error, but for
 * MURR_CONFIG and MURR_TEST_*. `sets` are the arguments of --set: "server.port=9090".
 *
 * Fails E_INVALID "murr.yml:7: tables.user_features.poll_intervall: unknown field; did you mean
 * 'poll_interval'?"; E_NOTFOUND or E_IO where the file cannot be read. `out_config` is then zeroed.
 */
must_use enum code config_load(const char *path, const char *const *env, const char *const *sets,
                               size_t n_sets, struct config *out_config, struct err *err);
void config_done(struct config *config);

/* Append the effective configuration as YAML that config_load reads back to the same, but for
 * secrets, which are masked. */
void config_print(const struct config *config, struct buf *out);

#endif
