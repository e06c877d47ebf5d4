#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int free_port_attempts = 16;

void listeners_close(struct listeners *l)
{
    for (unsigned i = 0; i < l->n; i++)
        close(l->fds[i]);
    *l = (struct listeners){0};
}

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static in_port_t *port_in(union address *addr)
{
    return addr->any.sa_family == AF_INET6 ? &addr->in6.sin6_port : &addr->in.sin_port;
}

/* A listening socket, or -1 with errno. */
static int listen_on(const struct addrinfo *a, unsigned port)
{
    int on = 1, v6_only = 1;
    union address addr;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    memset(&addr, 0, sizeof(addr));
    memcpy(&addr, a->ai_addr, a->ai_addrlen);
    *port_in(&addr) = htons((in_port_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6) {
        if (memcmp(&addr.in6.sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0)
            v6_only = 0; /* "::" takes IPv4, too */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
    }
    if (bind(fd, &addr.any, a->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static unsigned bound_port(int fd)
{
    union address addr;
    socklen_t len = sizeof(addr);
    memset(&addr, 0, sizeof(addr));
    if (getsockname(fd, &addr.any, &len))
        return 0;
    return ntohs(*port_in(&addr));
}

/* The machine has no such address; another one of the host may do. */
static bool is_absent(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* A host may be listed twice; its address can be taken once. */
static bool is_repeated(const struct addrinfo *list, const struct addrinfo *a)
{
    for (; list != a; list = list->ai_next)
        if (list->ai_addrlen == a->ai_addrlen &&
            memcmp(list->ai_addr, a->ai_addr, a->ai_addrlen) == 0)
            return true;
    return false;
}

must_use static enum code open_all(const struct addrinfo *list, const char *host, unsigned port,
                                   struct listeners *out, struct err *err)
{
    int absent = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a && out->n < LISTEN_MAX; a = a->ai_next) {
        if (is_repeated(list, a))
            continue;
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

/* A machine without /etc/hosts or DNS still has a localhost. */
static int resolve(const char *host, struct addrinfo **out)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int failure = getaddrinfo(host, NULL, &hints, out);
    if (failure && strcmp(host, "localhost") == 0)
        return getaddrinfo("127.0.0.1", NULL, &hints, out);
    return failure;
}

enum code listeners_open(const char *host, unsigned port, struct listeners *out, struct err *err)
{
    struct addrinfo *list = NULL;
    struct listeners l = {0};
    int failure = resolve(host, &list);
    if (failure)
        return err_set(err, E_NOTFOUND, "cannot listen on %s:%u: %s", host, port,
                       gai_strerror(failure));
    enum code rc = open_all(list, host, port, &l, err);
    for (int attempt = 0; rc == E_EXISTS && port == 0 && attempt < free_port_attempts; attempt++) {
        listeners_close(&l); /* the port that was free for one address was taken for another */
        rc = open_all(list, host, port, &l, err);
    }
    freeaddrinfo(list);
    if (rc) {
        listeners_close(&l);
        return rc;
    }
    *out = l;
    return OK;
}
