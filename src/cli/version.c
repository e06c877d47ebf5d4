#include "cli/command.h"
#include "cli/commands.h"

#include <stdio.h>

const char *murr_version_text(void)
{
    return MURR_VERSION;
}

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("murr %s\n", murr_version_text());
    return EXIT_DONE;
}

const struct command version_command = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .help = "",
    .run = run,
};
