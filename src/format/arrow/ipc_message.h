/*
 * The messages that an Arrow IPC stream consists of (format/Columnar.rst, "Encapsulated message
 * format"):
 *
 *     FFFFFFFF   left out by writers before 0.15
 *     i32        bytes of the metadata; 0: end of the stream
 *     metadata   a FlatBuffer whose root is a Message
 *     body       as long as the metadata says
 *
 * A file is a stream between "ARROW1\0\0" and a footer, which is not needed: i32 length, "ARROW1".
 */
#ifndef MURR_FORMAT_ARROW_IPC_MESSAGE_H
#define MURR_FORMAT_ARROW_IPC_MESSAGE_H

#include "base/cursor.h"
#include "format/arrow/flatbuf_reader.h"

struct ipc_message {
    bool is_v4;           /* whose unions have validity */
    uint64_t header_type; /* enum ipc_header, or another */
    struct fb_table header;
    struct view body;
};

/* The messages of a stream, or of a file. */
struct cursor ipc_messages(struct view bytes);

/*
 * The next message; *out_more false at the mark that ends a stream, or where the bytes end.
 *
 * Fails E_INVALID for invalid bytes; E_UNSUPPORTED for metadata of another version than 4 and 5.
 */
must_use enum code ipc_message_next(struct cursor *c, struct ipc_message *out, bool *out_more,
                                    struct err *err);

/* "not an Arrow IPC stream: why"; returns E_INVALID. */
enum code ipc_not_a_stream(struct err *err, const char *why);

#endif
