#include "cli/arguments.h"

#include "base/mem.h"

void arguments_done(struct arguments *a)
{
    config_options_done(&a->config);
    free(a->positional);
    *a = (struct arguments){0};
}

/* Whether `arg` is the option, alone or as --name=value / -xvalue; then where its value begins. */
static bool matches(const char *arg, const char *name, char letter, const char **out_value)
{
    size_t len = strlen(name);
    *out_value = NULL;
    if (strncmp(arg, name, len) == 0 && (arg[len] == '\0' || arg[len] == '=')) {
        *out_value = arg[len] ? arg + len + 1 : NULL;
        return true;
    }
    if (letter && arg[0] == '-' && arg[1] == letter) {
        *out_value = arg[2] ? arg + 2 : NULL;
        return true;
    }
    return false;
}

static const struct option_spec *find_spec(const struct option_spec *specs, size_t n_specs,
                                           const char *arg, const char **out_value)
{
    for (size_t i = 0; i < n_specs; i++)
        if (matches(arg, specs[i].name, specs[i].letter, out_value))
            return &specs[i];
    return NULL;
}

int arguments_parse(struct arguments *a, int argc, char **argv, const char *command,
                    const struct option_spec *specs, size_t n_specs)
{
    a->positional = mem_zalloc((size_t)(argc + 1) * sizeof(char *));
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *value = NULL, *set = NULL;
        bool is_number =
            arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9'; /* a key such as -1, not an option */
        if (options_ended || arg[0] != '-' || arg[1] == '\0' || is_number) {
            a->positional[a->n_positional++] = argv[i];
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            options_ended = true;
            continue;
        }
        const struct option_spec common[] = {{"--config", 0, &a->config.path, false},
                                             {"--set", 0, &set, false}};
        const struct option_spec *spec = find_spec(common, 2, arg, &value);
        if (!spec)
            spec = find_spec(specs, n_specs, arg, &value);
        if (!spec)
            return command_misused(command, "unknown option %s", arg);
        if (spec->is_flag && value)
            return command_misused(command, "option %s takes no value", spec->name);
        if (spec->is_flag) {
            *spec->value = "";
            continue;
        }
        if (!value && i + 1 == argc)
            return command_misused(command, "option %s needs a value", arg);
        *spec->value = value ? value : argv[++i];
        if (set)
            config_options_add_set(&a->config, set);
    }
    return EXIT_DONE;
}
