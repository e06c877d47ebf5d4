/* murr cat: a Parquet file as it is read here, to the terminal or as Arrow. */
#include "base/mem.h"
#include "base/size.h"
#include "cli/arguments.h"
#include "cli/cat_iceberg.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "engine/load/row_reader.h"
#include "engine/load/scan.h"
#include "remote/store/local_store.h"

#include <stdio.h>
#include <sys/stat.h>

static const uint64_t default_memory = 1u << 30;

/* Split the names at commas. */
static size_t split_names(const char *list, struct view *out)
{
    size_t n = 0;
    for (const char *at = list; at && *at;) {
        size_t len = strcspn(at, ",");
        if (out)
            out[n] = view_of(at, len);
        n++;
        at += len + (at[len] == ',');
    }
    return n;
}

/* Name the columns that cannot be read, if no columns were asked for. */
static void note_skipped(const struct pq_file *pq)
{
    for (size_t i = 0; i < pq_file_n_columns(pq); i++) {
        const struct pq_column *col = pq_file_column(pq, i);
        char shown[128];
        if (!col->supported)
            fprintf(stderr, "murr: note: column '%s' is left out: %s\n",
                    view_printable(view_of(col->name, col->name_len), shown, sizeof(shown)),
                    col->why_not);
    }
}

must_use static enum code put_rows(struct scan *scan, struct output *output, struct err *err)
{
    struct ipc_stream stream;
    size_t n_rows;
    bool more = true;
    while (more) {
        stream = (struct ipc_stream){0};
        TRY(scan_next(scan, &stream, &n_rows, err));
        more = n_rows > 0;
        if (!stream.bytes)
            break;
        enum code rc = output_batch(output, &stream, n_rows, err);
        ipc_stream_done(&stream);
        if (rc)
            return rc;
    }
    return output_end(output, err);
}

/* One file, opened through a store whose root is this machine's root folder. */
struct lone_file {
    struct object_store *store;
    struct data_file listed;
    struct pq_budget budget;
    struct source_file file;
};

static void lone_file_done(struct lone_file *f)
{
    source_file_close(&f->file);
    object_info_done(&f->listed.info);
    object_store_close(f->store);
}

must_use static enum code open_file(const char *path, const struct memory_shares *shares,
                                    struct lone_file *out, struct err *err)
{
    static const struct remote_op no_bound;
    struct stat st;
    if (stat(path, &st) < 0)
        return err_errno(err, E_IO, "file %s: cannot open", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, E_INVALID, "file %s: not a regular file", path);
    struct pq_limits limits = row_reader_limits(shares, (uint64_t)st.st_size, &out->budget);
    bool is_absolute = path[0] == '/';
    out->store = local_store_new(is_absolute ? "" : ".");
    TRY(object_store_stat(out->store, path + is_absolute, &no_bound, &out->listed.info, err));
    out->listed.name = path;
    out->listed.store = out->store;
    TRY(source_file_start(&out->listed, &no_bound, &out->file, err));
    return source_file_open(&out->file, &no_bound, &limits, err);
}

must_use static enum code cat(const char *path, const struct scan_config *config,
                              struct output *output, struct err *err)
{
    AUTO(lone_file) struct lone_file lone = {0};
    struct scan *scan;
    struct scan_config bounded = *config;
    bounded.budget = &lone.budget;
    TRY(open_file(path, config->shares, &lone, err));
    enum code rc = scan_open(&lone.file, &bounded, &scan, err);
    if (!rc && config->n_columns == 0)
        note_skipped(lone.file.pq);
    if (!rc) {
        rc = put_rows(scan, output, err);
        scan_close(scan);
    }
    return rc ? err_in(err, rc, "file %s", path) : OK;
}

static bool parse_count(const char *text, uint64_t *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    AUTO(output) struct output output = {0};
    const char *columns = NULL, *format = "table", *rows = NULL, *memory = NULL;
    struct cat_iceberg iceberg = {0};
    const struct option_spec specs[] = {{"--columns", 'c', &columns, false},
                                        {"--output", 'o', &format, false},
                                        {"--rows", 'n', &rows, false},
                                        {"--memory", 0, &memory, false},
                                        {"--snapshot", 0, &iceberg.snapshot, false},
                                        {"--ref", 0, &iceberg.ref, false},
                                        {"--rewrite", 0, &iceberg.rewrite, false},
                                        {"--locations", 0, &iceberg.locations, false}};
    if (arguments_parse(&args, argc, argv, "cat", specs, sizeof(specs) / sizeof(specs[0])) !=
        EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional != 1)
        return command_misused("cat", "one Parquet file or Iceberg table, please");
    if (!output_format_parse(format, &output.format))
        return command_misused("cat", "unknown output format '%s'", format);
    struct scan_config config = {.max_rows = UINT64_MAX};
    uint64_t memory_bytes = default_memory;
    struct err err;
    if (rows && !parse_count(rows, &config.max_rows))
        return command_misused("cat", "'%s' is no number of rows", rows);
    if (memory && size_parse(view_cstr(memory), &memory_bytes, &err))
        return command_misused("cat", "--memory: %s", err.msg);
    const struct memory_shares shares = memory_shares_of_scan(memory_bytes);
    config.shares = &shares;
    AUTO(ptr) struct view *names = mem_zalloc((split_names(columns, NULL) + 1) * sizeof(*names));
    config.n_columns = split_names(columns, names);
    config.columns = names;
    config.temp_dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    const char *place = args.positional[0];
    bool is_table = cat_iceberg_uri(place, &iceberg.uri);
    if (!is_table && (iceberg.snapshot || iceberg.ref || iceberg.rewrite || iceberg.locations))
        return command_misused("cat",
                               "--snapshot, --ref, --rewrite and --locations are for iceberg:URI");
    enum code rc = is_table ? cat_iceberg(&iceberg, &config, &output, &err)
                            : cat(place, &config, &output, &err);
    return rc ? command_failed(&err) : EXIT_DONE;
}

const struct command cat_command = {
    .name = "cat",
    .arguments = "FILE.parquet | iceberg:URI",
    .summary = "print a Parquet file or an Iceberg table as it is read here",
    .help =
        "  -c, --columns A,B      these columns, in this order [all that can be read]\n"
        "  -n, --rows N           the first N rows [all]\n"
        "  -o, --output FMT       table, json, csv or arrow (an IPC stream) [table]\n"
        "      --memory SIZE      memory for pages and rows [1GiB]\n"
        "Columns that cannot be read, such as nested ones, are left out with a note on stderr, and "
        "an error when\nthey are asked for.\n"
        "\n"
        "iceberg:URI is a metadata file of an Iceberg table, or the table's location. s3:// is "
        "read "
        "with the\ncredentials of the environment.\n"
        "      --snapshot ID      this snapshot [the current one]\n"
        "      --ref NAME         this branch or tag\n"
        "      --rewrite FROM=TO  the table was moved: what begins with FROM begins with TO\n"
        "      --locations A,B    files may lie below these as well as below the table's "
        "location\n",
    .takes_config = false,
    .run = run,
};
