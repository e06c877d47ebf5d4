/* murr get: the rows of keys, from the data directory; also beside a running server. */
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "engine/answer.h"
#include "format/json/fetch_request.h"
#include "format/json/put.h"

#include <stdio.h>

/* Keys and columns of the command line as a fetch body, so that both mean the same. */
static void put_request(struct buf *body, const struct schema *schema, const struct arguments *args,
                        const char *columns)
{
    bool is_text = schema->n_key == 1 && !dtype_is_int(schema->fields[schema->key[0]].type.dtype);
    buf_puts(body, "{\"keys\": [");
    for (int i = 1; i < args->n_positional; i++) {
        if (i > 1)
            buf_put_u8(body, ',');
        if (is_text)
            json_put_string(body, view_cstr(args->positional[i]));
        else
            buf_puts(body, args->positional[i]);
    }
    buf_puts(body, "], \"columns\": [");
    for (const char *at = columns; at && *at;) {
        size_t len = strcspn(at, ",");
        json_put_string(body, view_of(at, len));
        at += len;
        if (*at == ',' && *++at)
            buf_put_u8(body, ',');
    }
    buf_puts(body, "]}");
}

must_use static enum code read_rows(const struct snapshot *s, struct view body, struct arena *arena,
                                    struct ipc_stream *out, size_t *out_n_rows, struct err *err)
{
    const struct fetch_limits limits = {1u << 20, 1u << 16};
    struct fetch_request request;
    struct projection columns;
    size_t n_absent;
    TRY(fetch_request_parse(body, snapshot_schema(s), &limits, arena, &request, err));
    TRY(projection_resolve(snapshot_schema(s), request.columns, request.n_columns, arena, &columns,
                           err));
    TRY(answer_read(s, request.keys, &columns, ANSWER_BYTES_MAX, arena, out, &n_absent, NULL, err));
    *out_n_rows = request.keys.n;
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
    struct ipc_stream answer;
    size_t n_rows;
    if (!output_format_parse(format, &output.format))
        return command_misused("get", "unknown output format '%s'", format);
    if (snapshot_open_live(data_dir, args->positional[0], STORAGE_MMAP, &s, &err))
        return command_failed(&err);
    put_request(&body, snapshot_schema(s), args, columns);
    enum code rc = read_rows(s, buf_view(&body), &arena, &answer, &n_rows, &err);
    if (rc) {
        snapshot_unref(s);
        return command_failed(&err);
    }
    rc = output_batch(&output, &answer, n_rows, &err);
    if (!rc)
        rc = output_end(&output, &err);
    ipc_stream_done(&answer);
    snapshot_unref(s);
    return rc ? command_failed(&err) : EXIT_DONE;
}

int cmd_get(int argc, char **argv)
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
