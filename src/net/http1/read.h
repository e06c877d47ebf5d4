/*
 * Reads heads and bodies of requests from the bytes that conn.c has received. Each step uses some
 * of them and returns what the connection must do next, so this file never calls back into conn.c.
 *
 * Threads   the connection's.
 */
#ifndef MURR_NET_HTTP1_READ_H
#define MURR_NET_HTTP1_READ_H

#include "net/http1/state.h"

enum read_step {
    READ_MORE,    /* wait for more bytes */
    READ_ON,      /* call again: there may be another step */
    READ_REQUEST, /* run the handler: the request is complete, or its body is refused */
    READ_REFUSED, /* answer with `out` and close: this is no valid request */
};

/* The answer to what is no request. The connection closes after it. */
struct refusal {
    unsigned status;
    struct err why;
};

/* `out` is written with READ_REFUSED. */
must_use enum read_step read_head(struct conn *c, struct refusal *out);
must_use enum read_step read_body(struct conn *c, struct refusal *out);

/* What was received and is not used yet. */
struct view read_unused(const struct conn *c);

/* Count the request as in flight, until its answer is sent. */
void read_count(struct conn *c);

#endif
