/* murr plan: what will a table cost? */
#include "cli/arguments.h"
#include "cli/commands.h"

#include "base/size.h"
#include "base/mem.h"
#include "engine/load/plan.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t default_sample = 64u << 20;

/* "1.4 GiB" */
static const char *shown(uint64_t bytes, char out[static 32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double v = (double)bytes;
    size_t unit = 0;
    while (v >= 1024 && unit < 4) {
        v /= 1024;
        unit++;
    }
    snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
    return out;
}

static void print_plan(const struct table_spec *spec, uint64_t load_memory, const struct plan *p)
{
    char a[32], b[32];
    double percent = p->n_rows ? 100.0 * (double)p->n_rows_read / (double)p->n_rows : 100;
    printf("%s\n", spec->name);
    printf("  partition        %s, %zu files, %s\n", p->label, p->n_files, shown(p->file_bytes, a));
    printf("  sample           %llu rows, %.1f%%\n", (unsigned long long)p->n_rows_read, percent);
    printf("  rows             %llu in %zu columns\n", (unsigned long long)p->n_rows, p->n_columns);
    printf("  bytes to fetch   %s (%llu)\n", shown(p->read_bytes, a),
           (unsigned long long)p->read_bytes);
    printf("  load time        %.1f s on this machine\n", p->load_seconds);
    printf("  disk             %s (%llu) a generation, %s with %u old ones and one being built\n",
           shown(p->disk_bytes, a), (unsigned long long)p->disk_bytes,
           shown(p->disk_bytes * (spec->keep_generations + 2), b), spec->keep_generations);
    if (p->memory_bytes)
        printf("  memory           %s (%llu) to serve, %s while the next one is loaded\n",
               shown(p->memory_bytes, a), (unsigned long long)p->memory_bytes,
               shown(2 * p->memory_bytes + load_memory, b));
    else
        printf("  memory           page cache of up to %s, and %s during a load\n",
               shown(p->disk_bytes, a), shown(load_memory, b));
}

static bool is_wanted(const struct arguments *args, const char *name)
{
    for (int i = 0; i < args->n_positional; i++)
        if (strcmp(args->positional[i], name) == 0)
            return true;
    return args->n_positional == 0;
}

static int plan_all(const struct config *config, const struct arguments *args, uint64_t sample)
{
    int exit_code = EXIT_DONE, n_wanted = 0;
    const char *temp_dir = getenv("TMPDIR");
    for (size_t i = 0; i < config->n_tables; i++) {
        const struct table_spec *spec = &config->tables[i];
        struct plan_config pc = {spec, config->load, sample,
                                 temp_dir && temp_dir[0] ? temp_dir : "/tmp"};
        AUTO(plan) struct plan plan = {0};
        struct err err;
        if (!is_wanted(args, spec->name))
            continue;
        n_wanted++;
        if (plan_table(&pc, &plan, &err))
            exit_code = command_failed(&err);
        else
            print_plan(spec, config->load.memory_bytes, &plan);
    }
    if (n_wanted < args->n_positional)
        return command_misused("plan", "not all of these tables are configured");
    return exit_code;
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    const char *size = NULL;
    const struct option_spec specs[] = {{"--sample", 0, &size, false}};
    uint64_t sample = default_sample;
    struct err err;
    if (arguments_parse(&args, argc, argv, "plan", specs, 1) != EXIT_DONE)
        return EXIT_USAGE;
    if (size && size_parse(view_cstr(size), &sample, &err))
        return command_misused("plan", "--sample %s: %s", size, err.msg);
    AUTO(config) struct config config = {0};
    if (config_options_load(&args.config, &config, &err))
        return command_failed(&err);
    return plan_all(&config, &args, sample);
}

const struct command plan_command = {
    .name = "plan",
    .arguments = "[TABLE...]",
    .summary = "predict rows, load time, disk and memory of tables",
    .help =
        "Reads the footers of the newest partition of every table, or of those named, and loads a "
        "sample\n"
        "of it into a temporary directory. Writes nothing to server.data_dir.\n"
        "      --sample SIZE  of the files to read; at least a row group is [64MiB]\n",
    .takes_config = true,
    .run = run,
};
