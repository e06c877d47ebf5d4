/* Listening sockets for a host name and port. */
#ifndef MURR_NET_LISTEN_H
#define MURR_NET_LISTEN_H

#include "base/err.h"

#include <stdbool.h>

enum { LISTEN_MAX = 4, LISTEN_BACKLOG = 1024 };

struct listeners {
    int fds[LISTEN_MAX];
    unsigned n;
    unsigned port; /* of all of them */
    bool is_local; /* only this machine can reach them */
};

/*
 * Listen on every address of `host`. `port` 0 chooses a free port, the same for all addresses. An
 * address family that this machine does not have is skipped. Fails E_EXISTS when the port is taken,
 * E_NOTFOUND for an unknown host, E_IO.
 */
must_use enum code listeners_open(const char *host, unsigned port, struct listeners *out,
                                  struct err *err);
void listeners_close(struct listeners *l);

#endif
