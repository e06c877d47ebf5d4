/*
 * A body in chunks (RFC 9112 7.1), without I/O. Strict, as the head: hexadecimal digits alone are a size, lines end
 * with CR LF alone. Extensions and trailers are read and dropped.
 */
#ifndef MURR_NET_HTTP1_CHUNKED_H
#define MURR_NET_HTTP1_CHUNKED_H

#include "base/view.h"

/* Zeroed memory is one that has read nothing. */
struct chunked {
    unsigned state;
    unsigned n_digits;   /* of the size that is being read */
    unsigned line_bytes; /* beside the data, since the last data */
    uint64_t left;       /* of the chunk */
};

enum chunked_progress { CHUNKED_MORE, CHUNKED_PIECE, CHUNKED_END, CHUNKED_MALFORMED };

/*
 * Take bytes off the front of `rest`, up to the next piece of the body, which `out` then borrows (PIECE), to the end of
 * the body, or to their own end (MORE).
 */
enum chunked_progress chunked_next(struct chunked *c, struct view *rest, struct view *out);

#endif
