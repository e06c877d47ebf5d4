/* The arguments of one command, sorted into options and the rest. */
#ifndef MURR_CLI_ARGUMENTS_H
#define MURR_CLI_ARGUMENTS_H

#include "cli/command.h"

/* An option of a command beside --config and --set. A flag has value NULL when it was not given. */
struct option_spec {
    const char *name; /* "--columns" */
    char letter;      /* 'c', or 0 */
    const char **value;
    bool is_flag; /* takes no value; "" says that it was given */
};

struct arguments {
    struct config_options config;
    char **positional; /* into argv */
    int n_positional;
};

void arguments_done(struct arguments *a);

/*
 * Sort argv into options and the rest; "--" ends the options. Returns EXIT_DONE, or EXIT_USAGE with
 * the reason on stderr.
 */
int arguments_parse(struct arguments *a, int argc, char **argv, const char *command,
                    const struct option_spec *specs, size_t n_specs);

#endif
