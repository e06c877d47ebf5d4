/* A connection: one client, its requests one after the other. */
#ifndef MURR_NET_HTTP1_CONN_H
#define MURR_NET_HTTP1_CONN_H

#include "net/http1/state.h"

/* A connection for an open socket, in the server's list; its loop has still to be told
 * (loop_call). */
struct conn *conn_new(struct http_server *s, struct loop *l, int take_fd, bool for_probes);

/* Out of the list, and closed. Threads: the connection's, or any when its loop has stopped. */
void conn_free(struct conn *c);

/* The calls of a struct loop, for a struct conn. */
void conn_ready(void *conn);
void conn_called(void *conn);

#endif
