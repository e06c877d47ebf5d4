/* The columns of a stream: its schema message as arrays. */
#ifndef MURR_FORMAT_ARROW_IPC_FIELD_H
#define MURR_FORMAT_ARROW_IPC_FIELD_H

#include "format/arrow/array_decide.h"
#include "format/arrow/flatbuf_reader.h"
#include "format/arrow/ipc_dictionary.h"

struct ipc_fields {
    struct arrow_array *columns;
    size_t n_columns;
    size_t n_fields; /* with those inside others */
};

/*
 * Read the fields of a Schema table; everything is allocated in `arena`, names stay in the stream.
 * Dictionaries that fields refer to are added to `dictionaries`.
 *
 * Fails E_INVALID for invalid bytes; E_UNSUPPORTED for types newer than KIND_COUNT, since nobody
 * can skip their buffers; E_LIMIT.
 */
must_use enum code ipc_fields_read(const struct fb_table *schema, struct arena *arena,
                                   struct ipc_dictionaries *dictionaries, struct ipc_fields *out,
                                   struct err *err);

#endif
