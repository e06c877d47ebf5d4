#include "cli/command.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char default_path[] = "murr.yml";

/* File names may contain control characters; show them instead of sending them to the terminal. */
static void print_harmless(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            fprintf(stderr, "\\x%02X", (unsigned char)*text);
        else
            fputc(*text, stderr);
}

int command_failed(const struct err *err)
{
    fputs("murr: ", stderr);
    print_harmless(err->msg);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

int command_misused(const char *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("murr: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nTry: murr%s%s --help\n", command ? " " : "", command ? command : "");
    return EXIT_USAGE;
}

enum code command_open_registry(const struct registry_config *config,
                                struct registry **out_registry, struct err *err)
{
    struct err why;
    enum code rc = registry_open(config, out_registry, &why);
    if (rc && rc != E_BUSY && access(config->data_dir, W_OK) < 0)
        return err_set(err, rc, "%s; to keep data elsewhere: --set server.data_dir=DIR", why.msg);
    return rc ? err_set(err, rc, "%s", why.msg) : OK;
}

void config_options_done(struct config_options *o)
{
    free(o->sets);
    *o = (struct config_options){0};
}

void config_options_add_set(struct config_options *o, const char *set)
{
    o->sets = mem_realloc(o->sets, (o->n_sets + 1) * sizeof(*o->sets));
    o->sets[o->n_sets++] = set;
}

enum code config_options_load(const struct config_options *o, struct config *out_config,
                              struct err *err)
{
    const char *path = o->path ? o->path : getenv("MURR_CONFIG");
    if (!path && access(default_path, R_OK) == 0)
        path = default_path;
    TRY(config_load(path, (const char *const *)environ, o->sets, o->n_sets, out_config, err));
    log_init(out_config->log.level, out_config->log.format);
    return OK;
}
