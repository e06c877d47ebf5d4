/*
 * An HTTP/1.1 server. It knows messages, limits and threads; what a path means is the handler's
 * business.
 *
 * Threads   one accepts; one a core reads, runs the handler to completion and writes: a connection
 * stays with its thread. One more closes connections of clients that are too slow.
 * An answer may come later and from any thread (http_defer).
 * Limits    the bytes of a body, by path; of a head (HTTP_HEAD_MAX); the number of connections; the
 *           time a
 * client may take for a request, of which a body that moves gets more; the time it may be idle
 * between two.
 * Strict    a request that two readers could understand in two ways gets 400 (501 for a transfer
 *           coding), once, and the
 * connection ends (net/http1/head.h, net/http1/chunked.h).
 */
#ifndef MURR_NET_HTTP1_SERVER_H
#define MURR_NET_HTTP1_SERVER_H

#include "net/http1/http.h"

struct http_server;

/*
 * Listen and serve. `app` must outlive the server.
 *
 * Fails E_EXISTS "cannot listen on localhost:8080: address already in use", E_NOTFOUND for a host
 * that does not resolve, E_IO.
 */
must_use enum code http_server_open(const struct http_config *config, http_handler_fn handler,
                                    void *app, struct http_server **out_server, struct err *err);

/* The port it listens on. */
unsigned http_server_port(const struct http_server *s);

/* Whether it listens on loopback addresses alone. */
bool http_server_is_local(const struct http_server *s);

/* Requests that have begun and are not answered in full. */
unsigned http_server_in_flight(const struct http_server *s);

/* Accept no more connections, and wait until all requests are answered; false: not within the time.
 */
bool http_server_drain(struct http_server *s, int64_t deadline_ms);

/* Close everything at once; what is in flight is cut off, deferred requests too. NULL is fine. */
void http_server_close(struct http_server *s);

#endif
