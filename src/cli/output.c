#include "cli/output.h"

#include "base/mem.h"
#include "format/json/batch.h"
#include "format/json/put.h"

#include <stdio.h>

/*
 * Four forms, which differ in when they can be printed:
 *
 *     csv, arrow   row by row or batch by batch, as they come
 *     table        likewise; widths are those of the first batch, so later cells may be cut
 *     json         at the end: JSON has one array per column, and batches have all columns. The
 *                  values of each column are collected as text, up to json_max bytes
 */
enum { SHOWN_NAME_CAP = 160 };
static const size_t table_cell_max = 40;        /* characters of a cell in a table */
static const size_t json_max = (size_t)1 << 30; /* bytes kept of the values of all columns */

bool output_format_parse(const char *name, enum output_format *out)
{
    static const char *const names[] = {"table", "json", "csv", "arrow"};
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum output_format)i;
            return true;
        }
    return false;
}

void output_done(struct output *o)
{
    for (size_t i = 0; o->values && i < o->n_columns; i++) {
        buf_done(&o->values[i]);
        free(o->names[i]);
    }
    free(o->values);
    free(o->names);
    free(o->widths);
    buf_done(&o->text);
    *o = (struct output){0};
}

must_use static enum code write_out(struct view bytes, struct err *err)
{
    if (bytes.len && fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len)
        return err_errno(err, E_IO, "cannot write to stdout");
    return OK;
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
    buf_put_u8(out, '"'); /* also for an empty string, which is not a null */
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, text.ptr[i]);
    }
    buf_put_u8(out, '"');
}

static void put_csv_head(struct buf *out, const struct batch *b)
{
    for (size_t i = 0; i < b->n_columns; i++) {
        if (i)
            buf_put_u8(out, ',');
        put_csv_string(out, view_cstr(b->columns[i].name));
    }
    buf_put_u8(out, '\n');
}

/* Values are printed as in JSON, but quoted by the rules of CSV. Lists are JSON. */
static void put_csv_cell(struct buf *out, const struct column *c, size_t row)
{
    AUTO(buf) struct buf json = {0};
    if (c->type.dtype == DT_UTF8) {
        put_csv_string(out, view_of(c->data + c->offsets[row],
                                    (size_t)(c->offsets[row + 1] - c->offsets[row])));
        return;
    }
    json_put_cell(&json, c, row);
    if (json.ptr[0] == '"') /* JSON never escapes anything in these types */
        put_csv_string(out, view_of(json.ptr + 1, json.len - 2));
    else if (c->child)
        put_csv_string(out, buf_view(&json));
    else
        buf_put(out, json.ptr, json.len);
}

static void put_csv_rows(struct buf *out, const struct batch *b)
{
    for (size_t row = 0; row < b->n_rows; row++) {
        for (size_t i = 0; i < b->n_columns; i++) {
            const struct column *c = &b->columns[i];
            if (i)
                buf_put_u8(out, ',');
            if (column_is_valid(c, row))
                put_csv_cell(out, c, row);
        }
        buf_put_u8(out, '\n');
    }
}

/* The text of a cell of the table, cut to its width. */
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

/* How wide the columns of a table are, and its head. */
static void put_table_head(struct output *o, const struct batch *b)
{
    AUTO(buf) struct buf cell = {0};
    o->widths = mem_zalloc(b->n_columns * sizeof(*o->widths));
    for (size_t i = 0; i < b->n_columns; i++) {
        char shown[SHOWN_NAME_CAP]; /* print no control characters */
        const char *name = view_printable(view_cstr(b->columns[i].name), shown, sizeof(shown));
        o->widths[i] = strlen(name);
        for (size_t row = 0; row < b->n_rows; row++) {
            buf_reset(&cell);
            put_table_cell(&cell, &b->columns[i], row);
            o->widths[i] = cell.len > o->widths[i] ? cell.len : o->widths[i];
        }
        put_padded(&o->text, view_cstr(name), o->widths[i]);
    }
    buf_put_u8(&o->text, '\n');
}

static void put_table_rows(struct output *o, const struct batch *b)
{
    AUTO(buf) struct buf cell = {0};
    for (size_t row = 0; row < b->n_rows; row++) {
        for (size_t i = 0; i < b->n_columns; i++) {
            buf_reset(&cell);
            put_table_cell(&cell, &b->columns[i], row);
            put_padded(&o->text, buf_view(&cell), o->widths[i]);
        }
        buf_put_u8(&o->text, '\n');
    }
}

/* Values are kept as they stand between the brackets. */
static void keep_json(struct output *o, const struct batch *b)
{
    if (!o->values) {
        o->n_columns = b->n_columns;
        o->values = mem_zalloc(b->n_columns * sizeof(*o->values));
        o->names = mem_zalloc(b->n_columns * sizeof(*o->names));
        for (size_t i = 0; i < b->n_columns; i++)
            o->names[i] = mem_strdup(b->columns[i].name);
    }
    for (size_t i = 0; i < b->n_columns; i++)
        for (size_t row = 0; row < b->n_rows; row++) {
            if (o->values[i].len)
                buf_put_u8(&o->values[i], ',');
            json_put_cell(&o->values[i], &b->columns[i], row);
        }
}

must_use static enum code check_json(const struct output *o, struct err *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < o->n_columns; i++)
        bytes += o->values[i].len;
    if (bytes > json_max)
        return err_set(err, E_LIMIT,
                       "more than %zu bytes of JSON; ask for fewer rows, or for csv or arrow",
                       json_max);
    return OK;
}

must_use static enum code put_json(struct output *o, struct err *err)
{
    buf_printf(&o->text, "{\"num_rows\":%zu,\"columns\":[", o->n_rows);
    for (size_t i = 0; i < o->n_columns; i++) {
        buf_puts(&o->text, i ? ",{\"name\":" : "{\"name\":");
        json_put_string(&o->text, view_cstr(o->names[i]));
        buf_puts(&o->text, ",\"values\":[");
        TRY(write_out(buf_view(&o->text), err));
        TRY(write_out(buf_view(&o->values[i]), err));
        buf_reset(&o->text);
        buf_puts(&o->text, "]}");
    }
    buf_puts(&o->text, "]}\n");
    return write_out(buf_view(&o->text), err);
}

/* The schema once, then the record batch of each stream. */
must_use static enum code put_arrow(struct output *o, const struct ipc_stream *s, struct err *err)
{
    size_t from = o->begun ? s->batch_at : 0;
    return write_out(view_of(s->bytes + from, s->end_at - from), err);
}

enum code output_batch(struct output *o, const struct ipc_stream *s, size_t n_rows, struct err *err)
{
    const struct batch b = {s->columns, s->n_columns, n_rows};
    buf_reset(&o->text);
    o->n_rows += n_rows;
    if (o->format == OUTPUT_ARROW) {
        TRY(put_arrow(o, s, err));
    } else if (o->format == OUTPUT_JSON) {
        keep_json(o, &b);
        TRY(check_json(o, err));
    } else if (o->format == OUTPUT_CSV) {
        if (!o->begun)
            put_csv_head(&o->text, &b);
        put_csv_rows(&o->text, &b);
    } else {
        if (!o->begun)
            put_table_head(o, &b);
        put_table_rows(o, &b);
    }
    o->begun = true;
    return write_out(buf_view(&o->text), err);
}

enum code output_end(struct output *o, struct err *err)
{
    static const uint8_t end_of_stream[] = {0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0};
    if (o->format == OUTPUT_ARROW)
        TRY(write_out(view_of(end_of_stream, sizeof(end_of_stream)), err));
    buf_reset(&o->text);
    if (o->format == OUTPUT_JSON)
        TRY(put_json(o, err));
    if (fflush(stdout) != 0)
        return err_errno(err, E_IO, "cannot write to stdout");
    return OK;
}
