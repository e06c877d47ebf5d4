/* murr check: is the configuration sound, and what does it come to? */
#include "cli/arguments.h"

#include "base/mem.h"

#include <stdio.h>

int cmd_check(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    if (arguments_parse(&args, argc, argv, "check", NULL, 0) != EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional)
        return command_misused("check", "unexpected argument '%s'", args.positional[0]);
    AUTO(config) struct config config = {0};
    struct err err;
    if (config_options_load(&args.config, &config, &err))
        return command_failed(&err);
    AUTO(buf) struct buf text = {0};
    config_print(&config, &text);
    fwrite(text.ptr, 1, text.len, stdout);
    return EXIT_DONE;
}
