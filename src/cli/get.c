/* murr get: the rows of keys, from the data directory; also beside a running server. */
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "engine/store/answer.h"
#include "format/json/fetch_request.h"
#include "format/json/put.h"

#include <stdio.h>

/* One column of a key as JSON: whole numbers as they are, all else as a string. */
must_use static enum code put_component(struct buf *body, const struct field *f, struct view text,
                                        struct err *err)
{
    char shown[120];
    size_t at = text.len && text.ptr[0] == '-';
    bool is_number = text.len > at;
    for (; at < text.len; at++)
        is_number &= text.ptr[at] >= '0' && text.ptr[at] <= '9';
    if (dtype_is_int(f->type.dtype) && !is_number)
        return err_set(err, E_INVALID, "key '%s': column '%s' is %s, and that is no whole number",
                       view_printable(text, shown, sizeof(shown)), f->name,
                       dtype_name(f->type.dtype));
    if (dtype_is_int(f->type.dtype))
        buf_put(body, text.ptr, text.len);
    else
        json_put_string(body, text);
    return OK;
}

/* "a,7" is a key of two columns; the last column takes the rest of the text. '["a", 7]' is used as
 * JSON. */
must_use static enum code put_key(struct buf *body, const struct schema *schema, const char *key,
                                  struct err *err)
{
    if (schema->n_key == 1)
        return put_component(body, &schema->fields[schema->key[0]], view_cstr(key), err);
    const char *at = key;
    if (*key == '[') {
        buf_puts(body, key);
        return OK;
    }
    buf_put_u8(body, '[');
    for (size_t k = 0; k < schema->n_key; k++) {
        bool is_last = k + 1 == schema->n_key;
        size_t len = is_last ? strlen(at) : strcspn(at, ",");
        if (!is_last && at[len] != ',')
            return err_set(err, E_INVALID,
                           "key '%.100s' has %zu of the %zu columns of this key: a,b", key, k + 1,
                           schema->n_key);
        TRY(put_component(body, &schema->fields[schema->key[k]], view_of(at, len), err));
        buf_put_u8(body, is_last ? ']' : ',');
        at += len + !is_last;
    }
    return OK;
}

/* The columns to print: those that were asked for, or the key and all others. */
static void put_columns(struct buf *body, const struct schema *schema, const char *columns)
{
    bool is_first = true;
    for (size_t k = 0; !columns && k < schema->n_key + schema->n_fields; k++) {
        size_t i = k < schema->n_key ? schema->key[k] : k - schema->n_key;
        if (k >= schema->n_key && schema_is_key(schema, i))
            continue;
        if (!is_first)
            buf_put_u8(body, ',');
        is_first = false;
        json_put_string(body, view_cstr(schema->fields[i].name));
    }
    for (const char *at = columns; at && *at;) {
        size_t len = strcspn(at, ",");
        json_put_string(body, view_of(at, len));
        at += len;
        if (*at == ',' && *++at)
            buf_put_u8(body, ',');
    }
}

/* Keys and columns of the command line as a fetch body, so that both mean the same. */
must_use static enum code put_request(struct buf *body, const struct schema *schema,
                                      const struct arguments *args, const char *columns,
                                      struct err *err)
{
    buf_puts(body, "{\"keys\": [");
    for (int i = 1; i < args->n_positional; i++) {
        if (i > 1)
            buf_put_u8(body, ',');
        TRY(put_key(body, schema, args->positional[i], err));
    }
    buf_puts(body, "], \"columns\": [");
    put_columns(body, schema, columns);
    buf_puts(body, "]}");
    return OK;
}

/* A row of nulls may exist or not. Report on stderr which keys do not exist. */
static void tell_absent(const struct snapshot *s, struct key_list keys,
                        const struct projection *columns, const struct arguments *args,
                        struct arena *arena)
{
    const struct found_rows *rows = snapshot_find(s, keys, columns, ROWS_OF_ALL_KEYS, arena);
    char shown[80];
    if (found_n_absent(rows) == 0)
        return;
    fprintf(stderr, "murr: %zu of %zu keys are not there:", found_n_absent(rows), keys.n);
    for (size_t i = 0, n = 0; i < keys.n && n < 10; i++)
        if (!found_is_present(rows, i)) {
            struct view key = view_cstr(args->positional[i + 1]);
            fprintf(stderr, " '%s'", view_printable(key, shown, sizeof(shown)));
            n++;
        }
    fprintf(stderr, "%s\n", found_n_absent(rows) > 10 ? " ..." : "");
}

must_use static enum code read_rows(const struct snapshot *s, const struct arguments *args,
                                    struct view body, struct arena *arena, struct answer *out,
                                    struct err *err)
{
    const struct fetch_limits limits = {1u << 20, 1u << 16};
    struct fetch_request request;
    struct projection columns;
    TRY(fetch_request_parse(body, snapshot_schema(s), &limits, arena, &request, err));
    TRY(projection_resolve(snapshot_schema(s), request.columns, request.n_columns, arena, &columns,
                           err));
    const struct answer_request wanted = {
        .keys = request.keys, .columns = &columns, .max_bytes = ANSWER_BYTES_MAX};
    TRY(answer_read(s, &wanted, arena, out, err));
    if (out->n_absent)
        tell_absent(s, request.keys, &columns, args, arena);
    return OK;
}

static int get(const struct arguments *args, const char *data_dir, const char *columns,
               const char *format)
{
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf body = {0};
    AUTO(output) struct output output = {0};
    struct err err;
    struct snapshot *s;
    struct answer answer;
    if (!output_format_parse(format, &output.format))
        return command_misused("get", "unknown output format '%s'", format);
    if (snapshot_open_live(data_dir, args->positional[0], STORAGE_MMAP, &s, &err))
        return command_failed(&err);
    enum code rc = put_request(&body, snapshot_schema(s), args, columns, &err);
    if (!rc)
        rc = read_rows(s, args, buf_view(&body), &arena, &answer, &err);
    if (rc) {
        snapshot_unref(s);
        return command_failed(&err);
    }
    rc = output_batch(&output, &answer.stream, answer.n_rows, &err);
    if (!rc)
        rc = output_end(&output, &err);
    ipc_stream_done(&answer.stream);
    snapshot_unref(s);
    return rc ? command_failed(&err) : EXIT_DONE;
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    const char *columns = NULL, *format = "table", *data_dir = NULL;
    const struct option_spec specs[] = {{"--columns", 'c', &columns, false},
                                        {"--output", 'o', &format, false},
                                        {"--data-dir", 0, &data_dir, false}};
    if (arguments_parse(&args, argc, argv, "get", specs, 3) != EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional < 2)
        return command_misused("get", "which table, and which keys?");
    if (data_dir)
        return get(&args, data_dir, columns, format);
    AUTO(config) struct config config = {0};
    struct err err;
    if (config_options_load(&args.config, &config, &err))
        return command_failed(&err);
    return get(&args, config.server.data_dir, columns, format);
}

const struct command get_command = {
    .name = "get",
    .arguments = "TABLE KEY...",
    .summary = "print the rows of keys from the data directory",
    .help = "  -c, --columns A,B  these columns, in this order [the key, and all others]\n"
            "  -o, --output FMT   table, json, csv or arrow [table]\n"
            "      --data-dir DIR read this data directory, without a configuration\n"
            "A composite key is one argument, UA,1545, or a JSON array: '[\"UA\",1545]'.\n"
            "Keys that are not there are rows of nulls, and named on stderr.\n",
    .takes_config = true,
    .run = run,
};
