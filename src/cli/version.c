#include "cli/command.h"

#include <stdio.h>

const char *murr_version_text(void)
{
    return MURR_VERSION;
}

int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("murr %s\n", murr_version_text());
    return EXIT_DONE;
}
