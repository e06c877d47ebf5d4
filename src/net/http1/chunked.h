/*
 * A chunked body (RFC 9112 7.1), without I/O. As strict as the head: a size is hexadecimal digits
 * only, and lines end with CR LF only. Extensions and trailers are read and dropped.
 */
#ifndef MURR_NET_HTTP1_CHUNKED_H
#define MURR_NET_HTTP1_CHUNKED_H

#include "base/view.h"

/* Zeroed memory is the state before the first byte. */
struct chunked {
    unsigned state;
    unsigned n_digits;   /* of the size that is being read */
    unsigned line_bytes; /* beside the data, since the last data */
    uint64_t left;       /* of the chunk */
};

enum chunked_progress { CHUNKED_MORE, CHUNKED_PIECE, CHUNKED_END, CHUNKED_MALFORMED };

/*
 * Take bytes from the front of `rest`. PIECE: `out` borrows the next piece of the body. END: the
 * body is complete. MORE: all of `rest` was taken, and the body goes on.
 */
enum chunked_progress chunked_next(struct chunked *c, struct view *rest, struct view *out);

#endif
