#include "net/peer.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct peer peer_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uint32_t low;
    struct peer peer = {0};
    memset(&address, 0, sizeof(address));
    if (getpeername(fd, (struct sockaddr *)&address, &len))
        return peer;
    memcpy(&v4, &address, sizeof(v4));
    memcpy(&v6, &address, sizeof(v6));
    if (address.ss_family == AF_INET) {
        peer.id = v4.sin_addr.s_addr;
    } else if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        memcpy(&low, v6.sin6_addr.s6_addr + 12, sizeof(low));
        peer.id = low;
    } else {
        memcpy(&peer.id, v6.sin6_addr.s6_addr, sizeof(peer.id));
    }
    return peer;
}

/* By peer, then those who have waited longest first. */
static int compare(const void *a, const void *b)
{
    const struct peer_wait *x = a, *y = b;
    if (x->peer.id != y->peer.id)
        return x->peer.id < y->peer.id ? -1 : 1;
    return x->since_ns < y->since_ns ? -1 : x->since_ns > y->since_ns;
}

void *peer_choose(struct peer_wait *waits, size_t n)
{
    void *chosen = NULL;
    size_t most = 0;
    qsort(waits, n, sizeof(*waits), compare);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && waits[end].peer.id == waits[first].peer.id;)
            end++;
        if (end - first <= most)
            continue;
        most = end - first;
        chosen = waits[first].conn;
    }
    return chosen;
}
