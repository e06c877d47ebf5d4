/* A thread that accepts clients on listening sockets, while there is room for them. */
#ifndef MURR_NET_ACCEPTOR_H
#define MURR_NET_ACCEPTOR_H

#include "net/listen.h"

#include <stdbool.h>

struct acceptor;

struct acceptor_calls {
    bool (*has_room)(void *app); /* a client waits: it may close another connection to make room */
    /* Takes the socket, which does not block. */
    void (*take)(void *app, int fd);
};

/* Takes the sockets of `l` when it succeeds, and empties it. The calls come from the acceptor's
 * thread. Fails E_IO. */
must_use enum code acceptor_start(struct listeners *l, struct acceptor_calls calls, void *app,
                                  struct acceptor **out, struct err *err);

/*
 * Stop the thread and close the sockets. Clients whom the kernel has already accepted are handed
 * over first, even if there is no room: closing the socket would cut them off. No call comes after
 * this.
 */
void acceptor_stop(struct acceptor *a);

#endif
