/*
 * The commands of the program and what they share.
 *
 * Exit codes: 0 done; 1 it failed, one sentence on stderr; 2 the command line was wrong.
 */
#ifndef MURR_CLI_COMMAND_H
#define MURR_CLI_COMMAND_H

#include "config/config.h"
#include "engine/registry.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* registry_open. If the data directory cannot be used, the message says how to choose another
 * one. */
must_use enum code command_open_registry(const struct registry_config *config,
                                         struct registry **out_registry, struct err *err);

/* argv[0] is the command's name. Returns the exit code. */
typedef int (*command_fn)(int argc, char **argv);

struct command {
    const char *name;
    const char *arguments; /* "FILE.seg|DIR" */
    const char *summary;   /* one line */
    const char *help;      /* options and examples, several lines */
    bool takes_config;     /* --config and --set */
    command_fn run;
};

/* What `git describe` said when this was built. */
const char *murr_version_text(void);

/* "murr: <sentence>" on stderr; returns EXIT_FAILED. */
int command_failed(const struct err *err);

/* "murr: <sentence>" and where to find help on stderr; returns EXIT_USAGE. */
printf_like(2, 3) int command_misused(const char *command, const char *fmt, ...);

/* The options that every command with a configuration takes: --config FILE, --set NAME=VALUE. */
struct config_options {
    const char *path; /* NULL: MURR_CONFIG, or murr.yml where it exists, or nothing */
    const char **sets;
    size_t n_sets;
};
void config_options_done(struct config_options *o);
void config_options_add_set(struct config_options *o, const char *set);

/* Load the configuration and set up the log as it says. */
must_use enum code config_options_load(const struct config_options *o, struct config *out_config,
                                       struct err *err);

#endif
