/* An answer that comes later, and from any thread. */
#ifndef MURR_NET_HTTP1_DEFERRED_H
#define MURR_NET_HTTP1_DEFERRED_H

#include "net/http1/answer.h"
#include "net/http1/http.h"

/*
 * Keep the request, to be answered later: the handler returns, and its thread goes on to others. The request itself
 * is gone then, with its arena and its body; detach that before. Every deferred one must be answered, once. Not for a
 * request with a `body_rc`, which may be answered before its body came.
 */
struct http_deferred;
struct http_deferred *http_defer(const struct http_request *req);

/*
 * Answer it; `take` is taken over, its body with it. When the client has gone or the server was closed meanwhile,
 * the answer is dropped.
 *
 * Threads   any, also before the handler has returned. The server may be gone.
 */
void http_answer(struct http_deferred *d, const struct http_response *take);

/* Take the body out of the request, to keep it beyond. `req->body` stays valid until it is released. */
void http_request_detach_body(const struct http_request *req, struct http_body *out);

/* The connection will not take an answer any more; fine where none is expected. Threads: the connection's. */
void deferred_abandon(struct conn *c);

/* Move the answer that has come to `out`. Threads: the connection's. */
void deferred_take(struct conn *c, struct answer *out);

#endif
