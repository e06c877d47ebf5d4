/* An answer that comes later, and from any thread. */
#ifndef MURR_NET_HTTP1_DEFERRED_H
#define MURR_NET_HTTP1_DEFERRED_H

#include "net/http1/answer.h"
#include "net/http1/http.h"

/*
 * Answer the request later: the handler returns, and its thread serves other connections meanwhile.
 * The request, its arena and its body are gone once the handler has returned; detach the body first
 * if you need it. Every deferred request must be answered exactly once. Do not defer a request that
 * has a `body_rc`: its body may still be arriving.
 */
struct http_deferred;
struct http_deferred *http_defer(const struct http_request *req);

/*
 * Send the answer. Takes over the body of `take`. If the client has gone or the server was closed,
 * the answer is dropped.
 *
 * Threads   any, even before the handler has returned, and after the server was closed.
 */
void http_answer(struct http_deferred *d, const struct http_response *take);

/* Take ownership of the body, to keep it after the handler. `req->body` stays valid until the body
 * is released. */
void http_request_detach_body(const struct http_request *req, struct http_body *out);

/* The connection no longer wants the answer. Does nothing if none is outstanding. Threads: the
 * connection's. */
void deferred_abandon(struct conn *c);

/* Move the answer that http_answer left into `out`. Threads: the connection's. */
void deferred_take(struct conn *c, struct answer *out);

#endif
