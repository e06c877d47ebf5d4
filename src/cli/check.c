/* murr check: is the configuration sound, and what does it come to? */
#include "cli/arguments.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/load/probe.h"
#include "source/publication.h"

#include <stdio.h>

/* Say of one table what its source has. */
must_use static enum code probe(const struct table_spec *spec, struct err *err)
{
    AUTO(probe) struct probe p = {0};
    char shown[LABEL_SHOWN_CAP], at[25];
    enum code rc = probe_table(spec, &p, err);
    if (rc)
        return err_in(err, rc, "table %s", spec->name);
    fprintf(stderr, "murr: table %s: %s has %s of %s: %zu data files of %llu bytes", spec->name,
            p.shown, label_shown(p.label, shown), clock_format(p.published_at_ms, at), p.n_files,
            (unsigned long long)p.n_bytes);
    if (p.n_delete_files)
        fprintf(stderr, ", %zu files of deletes", p.n_delete_files);
    fprintf(stderr, "%s\n", p.n_files ? "; the first can be read" : "");
    return OK;
}

static int probe_all(const struct config *config)
{
    int exit_code = EXIT_DONE;
    for (size_t i = 0; i < config->n_tables; i++) {
        struct err err;
        if (probe(&config->tables[i], &err))
            exit_code = command_failed(&err);
    }
    return exit_code;
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    const char *probes = NULL;
    const struct option_spec specs[] = {{"--probe", 0, &probes, true}};
    if (arguments_parse(&args, argc, argv, "check", specs, 1) != EXIT_DONE)
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
    fflush(stdout);
    return probes ? probe_all(&config) : EXIT_DONE;
}

const struct command check_command = {
    .name = "check",
    .arguments = "",
    .summary = "validate a configuration and print the effective one",
    .help =
        "Exit 0 when it is sound, with the configuration as YAML on stdout, defaults filled in.\n"
        "      --probe        also ask the source of every table what it has, and read the footer "
        "of a "
        "file;\n"
        "                     exit 1 if one cannot be reached or read\n",
    .takes_config = true,
    .run = run,
};
