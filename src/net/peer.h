/* The peer of a connection, and which connection to close when all are in use. */
#ifndef MURR_NET_PEER_H
#define MURR_NET_PEER_H

#include <stddef.h>
#include <stdint.h>

/* An IPv4 address, or the first 64 bits of an IPv6 address: a client can choose the rest freely. */
struct peer {
    uint64_t id;
};

struct peer peer_of(int fd);

/* A connection that waits for its client. */
struct peer_wait {
    struct peer peer;
    uint64_t since_ns;
    void *conn;
};

/*
 * Choose the connection that has waited longest, of the peer with the most waiting connections.
 * NULL if `n` is 0. Sorts `waits`.
 */
void *peer_choose(struct peer_wait *waits, size_t n);

#endif
