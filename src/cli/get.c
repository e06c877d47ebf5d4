/* murr get: the rows of keys, from the data directory; also beside a running server. */
#include "base/mem.h"
#include "cli/arguments.h"
#include "engine/answer.h"
#include "format/json/batch.h"
#include "format/json/fetch_request.h"
#include "format/json/put.h"

#include <stdio.h>

static const size_t table_cell_max = 40; /* characters of a cell in -o table */

/* Keys and columns of the command line as a fetch body, so that both mean the same. */
static void put_request(struct buf *body, const struct schema *schema, const struct arguments *args,
                        const char *columns)
{
    bool is_text = schema->n_key == 1 && schema->fields[schema->key[0]].dtype == DT_UTF8;
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

static void put_csv_string(struct buf *out, struct view text)
{
    bool is_plain = true;
    for (size_t i = 0; i < text.len; i++)
        is_plain &= !strchr(",\"\r\n", text.ptr[i]) || !text.ptr[i];
    if (is_plain && text.len) {
        buf_put(out, text.ptr, text.len);
        return;
    }
    buf_put_u8(out, '"'); /* also around an empty string, which is not a null */
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, text.ptr[i]);
    }
    buf_put_u8(out, '"');
}

static void put_csv(struct buf *out, const struct batch *b)
{
    for (size_t i = 0; i < b->n_columns; i++) {
        if (i)
            buf_put_u8(out, ',');
        put_csv_string(out, view_cstr(b->columns[i].name));
    }
    buf_put_u8(out, '\n');
    for (size_t row = 0; row < b->n_rows; row++) {
        for (size_t i = 0; i < b->n_columns; i++) {
            const struct column *c = &b->columns[i];
            if (i)
                buf_put_u8(out, ',');
            if (!column_is_valid(c, row))
                continue;
            if (c->dtype == DT_UTF8)
                put_csv_string(out, view_of(c->data + c->offsets[row],
                                            (size_t)(c->offsets[row + 1] - c->offsets[row])));
            else
                json_put_cell(out, c, row);
        }
        buf_put_u8(out, '\n');
    }
}

/* The text of a cell in a table for people, cut to what fits. */
static void put_table_cell(struct buf *out, const struct column *c, size_t row)
{
    size_t start = out->len;
    json_put_cell(out, c, row);
    if (out->len - start > table_cell_max) {
        out->len = start + table_cell_max - 3;
        while ((out->ptr[out->len] & 0xC0) == 0x80) /* not inside a character */
            out->len--;
        buf_puts(out, "...");
    }
}

static void put_padded(struct buf *out, struct view text, size_t width)
{
    buf_put(out, text.ptr, text.len);
    for (size_t i = text.len; i < width + 2; i++)
        buf_put_u8(out, ' ');
}

/* Two passes: the width of every column, then the lines. */
static void put_table(struct buf *out, const struct batch *b)
{
    AUTO(ptr) size_t *widths = mem_zalloc(b->n_columns * sizeof(*widths));
    AUTO(buf) struct buf cell = {0};
    for (size_t i = 0; i < b->n_columns; i++) {
        widths[i] = strlen(b->columns[i].name);
        for (size_t row = 0; row < b->n_rows; row++) {
            buf_reset(&cell);
            put_table_cell(&cell, &b->columns[i], row);
            widths[i] = cell.len > widths[i] ? cell.len : widths[i];
        }
        put_padded(out, view_cstr(b->columns[i].name), widths[i]);
    }
    buf_put_u8(out, '\n');
    for (size_t row = 0; row < b->n_rows; row++) {
        for (size_t i = 0; i < b->n_columns; i++) {
            buf_reset(&cell);
            put_table_cell(&cell, &b->columns[i], row);
            put_padded(out, buf_view(&cell), widths[i]);
        }
        buf_put_u8(out, '\n');
    }
}

static bool put_answer(struct buf *out, const struct ipc_stream *s, size_t n_rows,
                       const char *format)
{
    const struct batch b = {s->columns, s->n_columns, n_rows};
    if (strcmp(format, "arrow") == 0) {
        buf_put(out, s->bytes, s->len);
    } else if (strcmp(format, "json") == 0) {
        json_put_batch(out, &b, BATCH_LIST);
        buf_put_u8(out, '\n');
    } else if (strcmp(format, "csv") == 0) {
        put_csv(out, &b);
    } else if (strcmp(format, "table") == 0) {
        put_table(out, &b);
    } else {
        return false;
    }
    return true;
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
    AUTO(buf) struct buf text = {0};
    struct err err;
    struct snapshot *s;
    struct ipc_stream answer;
    size_t n_rows;
    if (snapshot_open_live(data_dir, args->positional[0], STORAGE_MMAP, &s, &err))
        return command_failed(&err);
    put_request(&body, snapshot_schema(s), args, columns);
    enum code rc = read_rows(s, buf_view(&body), &arena, &answer, &n_rows, &err);
    if (rc) {
        snapshot_unref(s);
        return command_failed(&err);
    }
    bool known = put_answer(&text, &answer, n_rows, format);
    ipc_stream_done(&answer);
    snapshot_unref(s);
    if (!known)
        return command_misused("get", "unknown output format '%s'", format);
    bool written = fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    return written ? EXIT_DONE : EXIT_FAILED;
}

int cmd_get(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    const char *columns = NULL, *format = "table", *data_dir = NULL;
    const struct option_spec specs[] = {
        {"--columns", 'c', &columns}, {"--output", 'o', &format}, {"--data-dir", 0, &data_dir}};
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
