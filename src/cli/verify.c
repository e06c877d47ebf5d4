/* murr verify: every checksum, every key found. */
#include "segment/verify.h"

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/segments.h"

#include <stdio.h>

must_use static enum code verify_file(const char *path, struct err *err)
{
    struct segment *s;
    TRY(seg_open(path, &s, err));
    enum code rc = seg_verify_checksums(s, err);
    if (!rc)
        rc = seg_verify_rows(s, err);
    if (rc)
        err_write_in(err, "segment %s", path);
    else
        printf("%s: ok, %llu rows, %zu payloads\n", path, (unsigned long long)s->n_rows,
               s->n_entries);
    seg_close(s);
    return rc;
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    if (arguments_parse(&args, argc, argv, "verify", NULL, 0) != EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional == 0)
        return command_misused("verify", "which file or directory?");
    AUTO(segment_paths) struct segment_paths found = {0};
    struct err err;
    for (int i = 0; i < args.n_positional; i++)
        if (segment_paths_find(&found, args.positional[i], &err))
            return command_failed(&err);
    int exit_code = EXIT_DONE;
    for (size_t i = 0; i < found.n; i++)
        if (verify_file(found.paths[i], &err))
            exit_code = command_failed(&err);
    return exit_code;
}

const struct command verify_command = {
    .name = "verify",
    .arguments = "FILE.seg|DIR...",
    .summary = "check segments: every checksum, every key found",
    .help = "Looks below directories for *.seg files. Exit 1 when one is damaged, naming each.\n",
    .takes_config = false,
    .run = run,
};
