#include "format/arrow/input.h"

enum code arrow_input_open_stream(struct view stream, const struct ipc_limits *limits,
                                  struct arrow_input *out, struct err *err)
{
    *out = (struct arrow_input){0};
    return ipc_reader_open(stream, limits, &out->stream, err);
}

enum code arrow_input_open_batches(const struct c_batches *batches, size_t read_bytes,
                                   struct arrow_input *out, struct err *err)
{
    *out = (struct arrow_input){.batches = batches};
    return c_import_open(batches->schema, read_bytes, &out->import, err);
}

void arrow_input_done(struct arrow_input *in)
{
    ipc_reader_close(in->stream);
    c_import_close(in->import);
    *in = (struct arrow_input){0};
}

size_t arrow_input_n_columns(const struct arrow_input *in)
{
    return in->stream ? ipc_reader_n_columns(in->stream) : c_import_n_columns(in->import);
}

const struct arrow_array *arrow_input_column(const struct arrow_input *in, size_t i)
{
    return in->stream ? ipc_reader_column(in->stream, i) : c_import_column(in->import, i);
}

void arrow_input_ignore(struct arrow_input *in, size_t i)
{
    if (in->stream) /* batches are in memory already, so there is nothing to save */
        ipc_reader_ignore(in->stream, i);
}

enum code arrow_input_next(struct arrow_input *in, size_t *out_n_rows, bool *out_more,
                           struct err *err)
{
    if (in->stream)
        return ipc_reader_next(in->stream, out_n_rows, out_more, err);
    *out_more = in->next < in->batches->n;
    if (!*out_more)
        return OK;
    return c_import_batch(in->import, &in->batches->arrays[in->next++], out_n_rows, err);
}
