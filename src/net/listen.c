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

static bool is_loopback(const struct sockaddr *addr)
{
    union address a;
    memset(&a, 0, sizeof(a));
    memcpy(&a, addr, addr->sa_family == AF_INET6 ? sizeof(a.in6) : sizeof(a.in));
    if (a.any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a.in6.sin6_addr);
    return ntohl(a.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* The machine does not have this address, but perhaps another one of the host. */
static bool is_absent(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* A host may be listed twice, but its address can be bound only once. */
static bool is_repeated(const struct addrinfo *list, const struct addrinfo *a)
{
    for (; list != a; list = list->ai_next)
        if (list->ai_addrlen == a->ai_addrlen &&
            memcmp(list->ai_addr, a->ai_addr, a->ai_addrlen) == 0)
            return true;
    return false;
}

/*
 * One name can have several addresses, and all of them must have the same port. With port 0 the
 * kernel chooses a port for the first address, and we ask for the same one on the others. Another
 * process may have taken it there, so we start again with another port, some times.
 */
/* What to open, and what is open so far. */
struct opening {
    const char *host;
    unsigned port;
    int absent; /* why an address was skipped */
    struct listeners l;
};

must_use static enum code open_list(struct opening *o, const struct addrinfo *list, struct err *err)
{
    struct listeners *l = &o->l;
    for (const struct addrinfo *a = list; a && l->n < LISTEN_MAX; a = a->ai_next) {
        if (is_repeated(list, a))
            continue;
        int fd = listen_on(a, l->n ? l->port : o->port);
        if (fd < 0 && is_absent(errno)) {
            o->absent = errno;
            continue;
        }
        if (fd < 0)
            return err_errno(err, errno == EADDRINUSE ? E_EXISTS : E_IO, "cannot listen on %s:%u",
                             o->host, l->n ? l->port : o->port);
        l->is_local = (l->n == 0 || l->is_local) && is_loopback(a->ai_addr);
        l->fds[l->n++] = fd;
        l->port = bound_port(fd);
    }
    return OK;
}

must_use static enum code open_name(struct opening *o, const char *name, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    int failure = getaddrinfo(name, NULL, &hints, &list);
    if (failure)
        return err_set(err, E_NOTFOUND, "cannot listen on %s:%u: %s", o->host, o->port,
                       gai_strerror(failure));
    enum code rc = open_list(o, list, err);
    freeaddrinfo(list);
    return rc;
}

/* localhost is both of its addresses (RFC 6761), whatever /etc/hosts or DNS may say or not. */
must_use static enum code open_host(struct opening *o, struct err *err)
{
    if (strcmp(o->host, "localhost") == 0) {
        TRY(open_name(o, "127.0.0.1", err));
        TRY(open_name(o, "::1", err));
    } else {
        TRY(open_name(o, o->host, err));
    }
    errno = o->absent;
    return o->l.n ? OK : err_errno(err, E_IO, "cannot listen on %s:%u", o->host, o->port);
}

enum code listeners_open(const char *host, unsigned port, struct listeners *out, struct err *err)
{
    struct opening o = {.host = host, .port = port, .absent = EADDRNOTAVAIL};
    enum code rc = open_host(&o, err);
    for (int attempt = 0; rc == E_EXISTS && port == 0 && attempt < free_port_attempts; attempt++) {
        listeners_close(&o.l); /* the port was free on one address and taken on another */
        rc = open_host(&o, err);
    }
    if (rc) {
        listeners_close(&o.l);
        return rc;
    }
    *out = o.l;
    return OK;
}
