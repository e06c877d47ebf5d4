/* murr inspect: what a segment holds. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/segments.h"
#include "segment/reader.h"

#include <inttypes.h>
#include <stdio.h>

static void print_key(const struct segment *s)
{
    char shown[128];
    printf("  key: ");
    for (size_t k = 0; k < s->schema.n_key; k++)
        printf("%s%s", k ? ", " : "",
               view_printable(view_cstr(s->schema.fields[s->schema.key[k]].name), shown,
                              sizeof(shown)));
    printf(" (%s, %u bytes in the row)\n", s->layout.key_fixed ? "fixed" : "variable",
           seg_key_bytes(&s->layout));
}

static void print_columns(const struct segment *s)
{
    printf("  %-28s %-20s %-8s %6s %7s %6s %10s\n", "column", "dtype", "nullable", "group",
           "offset", "bytes", "nulls");
    for (size_t i = 0; i < s->schema.n_fields; i++) {
        const struct field *f = &s->schema.fields[i];
        const struct seg_cell *cell = &s->layout.cells[i];
        uint64_t n_nulls;
        char shown[128], text[TYPE_TEXT_CAP];
        memcpy(&n_nulls, s->n_nulls + i * sizeof(n_nulls), sizeof(n_nulls));
        printf("  %-28s %-20s %-8s ", view_printable(view_cstr(f->name), shown, sizeof(shown)),
               type_text(&f->type, text), f->nullable ? "yes" : "no");
        if (cell->in_key)
            printf("%6s %7s %6s %10s\n", "key", "-", "-", "0");
        else
            printf("%6u %7u %6u %10" PRIu64 "\n", cell->group, cell->offset,
                   seg_cell_bytes(&f->type), n_nulls);
    }
}

/* Payloads by kind. The data of all blocks is printed as one line. */
static void print_payloads(const struct segment *s)
{
    uint64_t data_bytes = 0, n_bad = 0;
    for (size_t i = 0; i < s->n_entries; i++) {
        const struct seg_entry *e = &s->entries[i];
        bool ok = hash_checksum(view_of(s->bytes.ptr + e->offset, e->size)) == e->checksum;
        if (e->kind == SEG_DATA) {
            data_bytes += e->size;
            n_bad += !ok;
            continue;
        }
        printf("  payload %-8.16s %12" PRIu64 " bytes at %12" PRIu64 "  xxh3 %016" PRIx64 " %s\n",
               e->name, e->size, e->offset, e->checksum, ok ? "ok" : "MISMATCH");
    }
    printf("  payload %-8s %12" PRIu64 " bytes in %u blocks, %" PRIu64 " with a wrong checksum\n",
           "data", data_bytes, s->n_blocks, n_bad);
}

static void print_sizes(const struct segment *s)
{
    double rows = s->n_rows ? (double)s->n_rows : 1;
    double raw = (double)(s->key_bytes + s->value_bytes);
    printf("  rows %" PRIu64 ", slots %" PRIu64 ", load factor %.4f, index %.2f bits/key\n",
           s->n_rows, s->n_slots, s->n_slots ? (double)s->n_rows / (double)s->n_slots : 1,
           (double)seg_index_bytes(s) * 8 / rows);
    printf("  file %zu bytes, %.1f a row; keys and values %.0f, ratio %.3f\n", s->bytes.len,
           (double)s->bytes.len / rows, raw, raw > 0 ? (double)s->bytes.len / raw : 0);
}

/* Stamps are twice the microseconds since 1970 (segment/stack.h). */
static void print_origin(const struct segment *s)
{
    char oldest[25], newest[25];
    const struct seg_origin *o = &s->origin;
    if (o->fingerprint)
        printf("  from the publication with fingerprint %016" PRIx64 "\n", o->fingerprint);
    else if (o->newest)
        printf("  from writes, %s to %s\n", clock_format(o->oldest / 2000, oldest),
               clock_format(o->newest / 2000, newest));
}

must_use static enum code inspect_file(const char *path, struct err *err)
{
    struct segment *s;
    TRY(seg_open(path, &s, err));
    printf("%s: format %d, part %u of %u, %u groups, stride of group 0 is %u bytes\n", path,
           SEG_VERSION, s->part, s->n_parts, s->layout.n_groups, s->layout.groups[0].stride);
    print_sizes(s);
    print_origin(s);
    print_key(s);
    print_columns(s);
    print_payloads(s);
    seg_close(s);
    return OK;
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    if (arguments_parse(&args, argc, argv, "inspect", NULL, 0) != EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional != 1)
        return command_misused("inspect", "one file or directory, please");
    AUTO(segment_paths) struct segment_paths found = {0};
    struct err err;
    if (segment_paths_find(&found, args.positional[0], &err))
        return command_failed(&err);
    for (size_t i = 0; i < found.n; i++)
        if (inspect_file(found.paths[i], &err))
            return command_failed(&err);
    return EXIT_DONE;
}

const struct command inspect_command = {
    .name = "inspect",
    .arguments = "FILE.seg|DIR",
    .summary = "print what a segment or a generation's directory holds",
    .help = "Head, columns, sizes, checksums, load factor.\n",
    .takes_config = false,
    .run = run,
};
