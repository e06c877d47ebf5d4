/*
 * Incoming Arrow batches, from either source: as bytes of an IPC stream, or as structs of the C
 * data interface from another library of this process. Code that reads rows or keys sees the same
 * columns.
 */
#ifndef MURR_FORMAT_ARROW_INPUT_H
#define MURR_FORMAT_ARROW_INPUT_H

#include "format/arrow/c_import.h"
#include "format/arrow/ipc_reader.h"

/* Batches of one schema, borrowed. */
struct c_batches {
    const struct ArrowSchema *schema;
    const struct ArrowArray *arrays;
    size_t n;
};

struct arrow_input {
    struct ipc_reader *stream; /* NULL: the batches */
    struct c_import *import;
    const struct c_batches *batches;
    size_t next; /* of the batches */
};

/* Borrow the bytes or the batches until it is done; fail as ipc_reader_open and c_import_open. */
must_use enum code arrow_input_open_stream(struct view stream, const struct ipc_limits *limits,
                                           struct arrow_input *out, struct err *err);
must_use enum code arrow_input_open_batches(const struct c_batches *batches, size_t read_bytes,
                                            struct arrow_input *out, struct err *err);
void arrow_input_done(struct arrow_input *in);

/* As those of struct ipc_reader. */
size_t arrow_input_n_columns(const struct arrow_input *in);
const struct arrow_array *arrow_input_column(const struct arrow_input *in, size_t i);
void arrow_input_ignore(struct arrow_input *in, size_t i);
must_use enum code arrow_input_next(struct arrow_input *in, size_t *out_n_rows, bool *out_more,
                                    struct err *err);

#endif
