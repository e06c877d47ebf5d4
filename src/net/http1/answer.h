/* An answer on its way to the client: its head as text, and the body that the handler allocated. */
#ifndef MURR_NET_HTTP1_ANSWER_H
#define MURR_NET_HTTP1_ANSWER_H

#include "base/buf.h"
#include "net/http1/http.h"

struct answer {
    struct buf head;
    uint8_t *body; /* owned */
    size_t body_len;
    bool is_bodiless; /* an answer to HEAD: only its head is sent */
    size_t n_sent;
};

/* Write the head except for the lines that depend on the connection. Takes the body. `out` must be
 * empty, but may keep memory of an earlier answer. */
void answer_begin(struct answer *out, const struct http_response *take);

/* Complete the head. idle_s: how long the connection stays open afterwards; 0: it is closed. */
void answer_end_head(struct answer *a, unsigned idle_s, bool is_bodiless);

/* Send as much of the rest as the socket takes. OK: everything is sent; E_BUSY: the client must
 * read first; E_IO: the client has gone. */
must_use enum code answer_send(struct answer *a, int fd);

/* Empty, but keep the memory of the head. */
void answer_reset(struct answer *a);
void answer_done(struct answer *a);

#endif
