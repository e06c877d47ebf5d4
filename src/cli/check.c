/* murr check: is the configuration sound, and what does it come to? */
#include "cli/arguments.h"
#include "cli/commands.h"

#include "base/mem.h"

#include <stdio.h>

static int run(int argc, char **argv)
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

const struct command check_command = {
    .name = "check",
    .arguments = "",
    .summary = "validate a configuration and print the effective one",
    .help =
        "Exit 0 when it is sound, with the configuration as YAML on stdout, defaults filled in.\n",
    .takes_config = true,
    .run = run,
};
