/* The program: finds the command, or serves. */
#include "cli/commands.h"

#include "base/fault.h"
#include "base/suggest.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static const char config_help[] =
    "  --config FILE      configuration [MURR_CONFIG, else ./murr.yml where it exists]\n"
    "  --set NAME=VALUE   override one field, as in --set server.port=9090; may be repeated\n";

static const struct command *const commands[] = {
#define COMMAND(name) &name##_command,
    COMMANDS(COMMAND)
#undef COMMAND
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    printf("Murr, a columnar cache for batch feature retrieval.\n\n"
           "usage: murr [COMMAND] [options]\n\ncommands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        printf("  %-8s %-17s %s\n", commands[i]->name, commands[i]->arguments,
               commands[i]->summary);
    printf("\noptions:\n%s  --help             this, or after a command its own help\n"
           "  --version          print the version\n\n"
           "exit codes: 0 done, 1 failed, 2 wrong usage\n",
           config_help);
}

static void print_command_help(const struct command *c)
{
    printf("usage: murr %s%s%s [options]\n\n%s.\n\n%s", c->name, *c->arguments ? " " : "",
           c->arguments, c->summary, c->help);
    if (c->takes_config)
        fputs(config_help, stdout);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    char hint[SUGGEST_CAP];
    struct suggest near = suggest_init(view_cstr(name));
    for (size_t i = 0; i < N_COMMANDS; i++)
        suggest_offer(&near, commands[i]->name);
    return command_misused(NULL, "unknown command '%s'%s", name, suggest_text(&near, hint));
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/* Each part of a generation is an open file, and old generations stay open while they have
 * readers. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Return the memory of large answers to the system once they are sent. By default malloc raises its
 * threshold after the first large block and takes the next ones from its heaps. These fragment, and
 * a burst of large answers would keep its memory. */
static void return_large_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

/* `murr --config x check` means `murr check --config x`. Only options that all commands have may
 * come first. */
static void bring_command_forward(int argc, char **argv)
{
    static const char *const names[] = {"--config", "--set"};
    int i = 1, before = 0;
    while (i < argc && i != before) {
        before = i;
        for (size_t k = 0; k < 2 && i < argc; k++) {
            size_t len = strlen(names[k]);
            if (strncmp(argv[i], names[k], len) == 0 && argv[i][len] == '=')
                i++;
            else if (strcmp(argv[i], names[k]) == 0)
                i += 2;
        }
    }
    if (i == 1 || i >= argc || argv[i][0] == '-')
        return;
    char *command = argv[i];
    memmove(argv + 2, argv + 1, (size_t)(i - 1) * sizeof(*argv));
    argv[1] = command;
}

static int run(int argc, char **argv)
{
    return_large_memory();
    signal(SIGPIPE, SIG_IGN);
    /* A supervisor may send these to the whole process group, and does not want us to stop. */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    /* A load that exceeds a limit on file sizes fails, as with a full disk; it does not kill us. */
    signal(SIGXFSZ, SIG_IGN);
    raise_file_limit();
    fault_catch();
    if (argc > 1 && (is_help(argv[1]) || strcmp(argv[1], "help") == 0)) {
        print_help();
        return EXIT_DONE;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return version_command.run(0, NULL);
    bring_command_forward(argc, argv);
    if (argc == 1 || argv[1][0] == '-')
        return serve_command.run(argc, argv);
    const struct command *c = find_command(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    for (int i = 2; i < argc; i++)
        if (is_help(argv[i])) {
            print_command_help(c);
            return EXIT_DONE;
        }
    return c->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int exit_code = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("murr: cannot write to stdout");
        return exit_code ? exit_code : EXIT_FAILED;
    }
    return exit_code;
}
