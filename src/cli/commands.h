/* All commands, in the order of the help. Each is a file that defines its NAME_command. */
#ifndef MURR_CLI_COMMANDS_H
#define MURR_CLI_COMMANDS_H

#include "cli/command.h"

#define COMMANDS(X) \
    X(serve)        \
    X(check)        \
    X(load)         \
    X(plan)         \
    X(get)          \
    X(cat)          \
    X(inspect)      \
    X(verify)       \
    X(bench)        \
    X(version)

#define COMMAND(name) extern const struct command name##_command;
COMMANDS(COMMAND)
#undef COMMAND

#endif
