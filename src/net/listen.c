#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int backlog = 1024;

void listeners_close(struct listeners *l)
{
    for (unsigned i = 0; i < l->n; i++)
        close(l->fds[i]);
    *l = (struct listeners){0};
}

/* Where the port is in an address of either family. */
static in_port_t *port_in(struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET6)
        return &((struct sockaddr_in6 *)(void *)addr)->sin6_port;
    return &((struct sockaddr_in *)(void *)addr)->sin_port;
}

/* A listening socket, or -1 with errno. */
static int listen_on(const struct addrinfo *a, unsigned port)
{
    int on = 1, off = 0;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    *port_in(a->ai_addr) = htons((in_port_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)a->ai_addr;
        bool any = memcmp(&in6->sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0;
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof(on));
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static unsigned bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } addr;
    socklen_t len = sizeof(addr);
    memset(&addr, 0, sizeof(addr));
    if (getsockname(fd, &addr.any, &len))
        return 0;
    return ntohs(addr.any.sa_family == AF_INET6 ? addr.in6.sin6_port : addr.in.sin_port);
}

/* The machine has no such address; another one of the host may do. */
static bool is_absent(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

must_use static enum code open_all(const struct addrinfo *list, const char *host, unsigned port,
                                   struct listeners *out, struct err *err)
{
    int absent = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a && out->n < LISTEN_MAX; a = a->ai_next) {
        int fd = listen_on(a, out->n ? out->port : port);
        if (fd < 0 && is_absent(errno)) {
            absent = errno;
            continue;
        }
        if (fd < 0)
            return err_errno(err, errno == EADDRINUSE ? E_EXISTS : E_IO, "cannot listen on %s:%u",
                             host, out->n ? out->port : port);
        out->fds[out->n++] = fd;
        out->port = bound_port(fd);
    }
    errno = absent;
    return out->n ? OK : err_errno(err, E_IO, "cannot listen on %s:%u", host, port);
}

enum code listeners_open(const char *host, unsigned port, struct listeners *out, struct err *err)
{
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct listeners l = {0};
    int failure = getaddrinfo(host, NULL, &hints, &list);
    if (failure)
        return err_set(err, E_NOTFOUND, "cannot listen on %s:%u: %s", host, port,
                       gai_strerror(failure));
    enum code rc = open_all(list, host, port, &l, err);
    freeaddrinfo(list);
    if (rc) {
        listeners_close(&l);
        return rc;
    }
    *out = l;
    return OK;
}
