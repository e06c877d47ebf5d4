/*
 * The head of an HTTP/1.1 or HTTP/1.0 request: request line and header fields, without I/O.
 *
 * Strict (RFC 9112): we refuse every head that two readers could understand in two ways, because a
 * proxy in front of us may be the other reader. The end of the head is found byte by byte, and a
 * byte that no head may contain is refused at once: otherwise we would wait for the end of a head
 * that can never be valid.
 */
#ifndef MURR_NET_HTTP1_HEAD_H
#define MURR_NET_HTTP1_HEAD_H

#include "base/arena.h"
#include "base/err.h"

enum head_progress { HEAD_PARTIAL, HEAD_WHOLE, HEAD_MALFORMED };

/*
 * Whether `bytes` begin with a complete head. `seen` must be 0 at first; afterwards it is the
 * number of bytes that need not be scanned again when more arrive. For a complete head it is the
 * length of the head.
 */
enum head_progress head_scan(struct view bytes, size_t *seen);

struct http_field {
    const char *name, *value; /* without blanks around it */
};

struct http_head {
    const char *method;
    const char *path;  /* as it came, without the query; of http://host/path only the path */
    const char *query; /* "" without one */
    const char *host;  /* of the target, else of the field; NULL: HTTP/1.0 may have none */
    const struct http_field *fields;
    size_t n_fields;
    bool is_chunked;
    uint64_t body_bytes; /* what Content-Length says; 0 without one */
    bool keeps_alive;    /* the client wants the connection for more */
    bool asks_to_send;   /* Expect: 100-continue */
};

/*
 * Parse a complete head. `text` is what head_scan found, `len` bytes followed by a NUL. It is cut
 * into strings in place, to which `out` points. Other memory comes from `arena`.
 *
 * Fails E_INVALID (400), E_UNSUPPORTED a transfer coding that is not known (501).
 */
must_use enum code head_parse(char *text, size_t len, struct arena *arena, struct http_head *out,
                              struct err *err);

/* The value of the first field of that name, in any case; NULL: there is none. */
const char *head_field(const struct http_head *h, const char *name);

#endif
