/* A thread that accepts clients on listening sockets, while there is room for them. */
#ifndef MURR_NET_ACCEPTOR_H
#define MURR_NET_ACCEPTOR_H

#include "net/listen.h"

#include <stdbool.h>

struct acceptor;

struct acceptor_calls {
    bool (*has_room)(void *app); /* asked when a client waits: room may be made for it */
    /* Takes the socket, which does not block. */
    void (*take)(void *app, int fd);
};

/* Takes the sockets of `l` when it succeeds, and empties it. The calls come from the acceptor's thread. Fails E_IO. */
must_use enum code acceptor_start(struct listeners *l, struct acceptor_calls calls, void *app,
                                  struct acceptor **out, struct err *err);

/*
 * Stop the thread, hand over those whom the kernel has let in already (room or no room: closing their
 * socket would cut them off), and close the sockets. After it, no call comes.
 */
void acceptor_stop(struct acceptor *a);

#endif
