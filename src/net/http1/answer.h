/* The answer to a request on its way to the client: a head as text, and the body of whoever made it. */
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

/* The first lines of the head, up to what depends on the connection. Takes the body. `out` must be empty, but may have
 * memory. */
void answer_begin(struct answer *out, const struct http_response *take);

/* The lines that say what becomes of the connection, and the empty one; idle_s 0: it is closed. */
void answer_end_head(struct answer *a, unsigned idle_s, bool is_bodiless);

/* Send what is left, as much as goes at once. OK: all is sent; E_BUSY: the client must read first; E_IO: it has gone. */
must_use enum code answer_send(struct answer *a, int fd);

/* Empty, but keep the memory of the head. */
void answer_reset(struct answer *a);
void answer_done(struct answer *a);

#endif
