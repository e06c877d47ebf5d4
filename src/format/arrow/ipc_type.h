/* Types of Arrow as FlatBuffers: the union Type of a Field, read and written by the table of
 * arrow_type.h. */
#ifndef MURR_FORMAT_ARROW_IPC_TYPE_H
#define MURR_FORMAT_ARROW_IPC_TYPE_H

#include "format/arrow/arrow_type.h"
#include "format/arrow/flatbuf.h"
#include "format/arrow/flatbuf_reader.h"

/* Read the table of a type of this kind, which is below KIND_COUNT. False: the bytes are invalid.
 * The zone stays in the buffer. */
must_use bool ipc_type_read(const struct fb_table *table, enum arrow_kind kind,
                            struct arrow_spec *out);

/* Append the table of a type and link it. */
void ipc_type_add(struct flatbuf *fb, size_t reference, const struct arrow_spec *spec);

#endif
