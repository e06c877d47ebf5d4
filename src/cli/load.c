/* murr load: load once, print what was built, exit. */
#include "cli/arguments.h"
#include "cli/commands.h"

#include "base/mem.h"
#include "cli/progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

/* A second thread draws the bar while this one loads. */
struct ticker {
    struct registry *registry;
    bool always; /* a line a second */
    _Atomic bool stop;
};

static void *ticker_main(void *arg)
{
    struct ticker *t = arg;
    struct progress progress;
    progress_init(&progress, t->always);
    while (!atomic_load(&t->stop)) {
        progress_show(&progress, t->registry);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    progress_clear(&progress);
    return NULL;
}

static bool is_wanted(const struct arguments *args, const char *name)
{
    for (int i = 0; i < args->n_positional; i++)
        if (strcmp(args->positional[i], name) == 0)
            return true;
    return args->n_positional == 0;
}

static int check_names(const struct arguments *args, const struct config *config)
{
    for (int i = 0; i < args->n_positional; i++) {
        bool known = false;
        for (size_t k = 0; k < config->n_tables; k++)
            known |= strcmp(args->positional[i], config->tables[k].name) == 0;
        if (!known)
            return command_misused("load", "table '%s' is not configured", args->positional[i]);
    }
    return EXIT_DONE;
}

struct load_wish {
    bool always; /* a line of progress a second */
    bool force;  /* whatever the guards say */
};

static int load_all(struct registry *r, const struct arguments *args, const struct config *config,
                    const struct load_wish *wish)
{
    int exit_code = EXIT_DONE;
    struct ticker ticker = {.registry = r, .always = wish->always};
    pthread_t thread;
    bool ticking = pthread_create(&thread, NULL, ticker_main, &ticker) == 0;
    for (size_t i = 0; i < config->n_tables; i++) {
        struct err err; /* also logged by the table */
        if (is_wanted(args, config->tables[i].name) &&
            registry_load_now(r, view_cstr(config->tables[i].name), wish->force, &err))
            exit_code = command_failed(&err);
    }
    atomic_store(&ticker.stop, true);
    if (ticking)
        pthread_join(thread, NULL);
    return exit_code;
}

static void print_tables(struct registry *r, const struct arguments *args)
{
    AUTO(arena) struct arena arena = {0};
    size_t n;
    const struct table_status *t = registry_status(r, &arena, &n);
    printf("%-24s %-28s %10s %12s %14s %10s %9s\n", "table", "partition", "generation", "rows",
           "disk bytes", "bytes/row", "seconds");
    for (size_t i = 0; i < n; i++) {
        if (!is_wanted(args, t[i].name))
            continue;
        double per_row = t[i].n_rows ? (double)t[i].disk_bytes / (double)t[i].n_rows : 0;
        printf("%-24s %-28s %10llu %12llu %14llu %10.1f %9.2f\n", t[i].name,
               t[i].loaded ? t[i].partition : "-", (unsigned long long)t[i].generation,
               (unsigned long long)t[i].n_rows, (unsigned long long)t[i].disk_bytes, per_row,
               t[i].load_seconds);
    }
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    const char *progress = NULL, *force = NULL;
    const struct option_spec specs[] = {{"--progress", 0, &progress, true},
                                        {"--force", 0, &force, true}};
    if (arguments_parse(&args, argc, argv, "load", specs, 2) != EXIT_DONE)
        return EXIT_USAGE;
    if (force && args.n_positional == 0)
        return command_misused("load", "--force: name the tables whose guards are to be passed");
    AUTO(config) struct config config = {0};
    struct err err;
    if (config_options_load(&args.config, &config, &err))
        return command_failed(&err);
    if (check_names(&args, &config) != EXIT_DONE)
        return EXIT_USAGE;
    struct registry_config rc = {config.server.data_dir, config.load, config.write, config.tables,
                                 config.n_tables};
    struct registry *r;
    if (command_open_registry(&rc, &r, &err))
        return command_failed(&err);
    const struct load_wish wish = {progress != NULL, force != NULL};
    int exit_code = load_all(r, &args, &config, &wish);
    print_tables(r, &args);
    registry_close(r);
    return exit_code;
}

const struct command load_command = {
    .name = "load",
    .arguments = "[TABLE...]",
    .summary = "load tables once, print what was built, exit",
    .help =
        "Loads the newest partition of every table, or of those named, into server.data_dir.\n"
        "Exit 1 when one could not be loaded or a guard refused it (docs/configuration.md).\n"
        "Shows a progress bar on a terminal, a log line every few seconds elsewhere.\n"
        "      --progress     a line a second with bytes, rows and ETA, whatever stderr is\n"
        "      --force        of the tables named: take the newest partition whatever their guards "
        "say\n",
    .takes_config = true,
    .run = run,
};
