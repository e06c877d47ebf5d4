/*
 * What comes on a connection: heads and bodies of requests, out of the bytes that conn.c has received. Each step uses
 * some of them and says what is next. Threads: the connection's.
 */
#ifndef MURR_NET_HTTP1_READ_H
#define MURR_NET_HTTP1_READ_H

#include "net/http1/state.h"

enum read_step {
    READ_MORE,    /* nothing to do until more bytes come */
    READ_ON,      /* there may be another step */
    READ_REQUEST, /* the request is to be handled: it is whole, or its body is not wanted */
    READ_REFUSED, /* it never becomes a request */
};

/* Why it does not; the connection ends behind the answer. */
struct refusal {
    unsigned status;
    struct err why;
};

/* `out` is written with READ_REFUSED. */
must_use enum read_step read_head(struct conn *c, struct refusal *out);
must_use enum read_step read_body(struct conn *c, struct refusal *out);

/* What was received and is not used yet. */
struct view read_unused(const struct conn *c);

/* A request has begun, and is in flight until its answer is sent. */
void read_count(struct conn *c);

#endif
