/* Who is at the other end, and who of them has to make room when all connections are in use. */
#ifndef MURR_NET_PEER_H
#define MURR_NET_PEER_H

#include <stddef.h>
#include <stdint.h>

/* An IPv4 address, or the network of an IPv6 one: its last 64 bits are the client's to choose. */
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
 * Of the peer that has most of them the one that has waited longest; NULL where there are none. Sorts `waits`.
 */
void *peer_choose(struct peer_wait *waits, size_t n);

#endif
