#include "net/acceptor.h"

#include "base/mem.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Accepting is a thread of its own, because it must be able to stop: while there is no room, or no
 * descriptor, the listening sockets would stay readable and a polling loop would spin. So when a
 * client waits and cannot be accepted, we do not look at the listening sockets for pause_ms.
 * Clients wait in the kernel's queue meanwhile, up to LISTEN_BACKLOG per socket.
 *
 * has_room is asked only when a client waits: it may close another connection to make room.
 *
 * Stopping. The kernel completes handshakes on its own, so some clients believe that they are
 * connected although we have not accepted them. Closing the listening socket would reset them. So
 * acceptor_stop first accepts all that are in the queue, and hands them over.
 */
static const int pause_ms = 10; /* without room, or without descriptors */

struct acceptor {
    struct listeners listeners;
    struct acceptor_calls calls;
    void *app;
    int stop_fd; /* an eventfd */
    pthread_t thread;
    bool is_short; /* of descriptors or memory, when it tried last */
};

/* Whether one came. */
static bool accept_one(struct acceptor *a, int listening)
{
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool was_short = a->is_short;
    a->is_short =
        fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
    if (a->is_short && !was_short) {
        char reason[100];
        log_warn("clients wait", log_str("reason", strerror_r(errno, reason, sizeof(reason))));
    }
    if (fd >= 0)
        a->calls.take(a->app, fd);
    return fd >= 0;
}

static void *run_acceptor(void *arg)
{
    struct acceptor *a = arg;
    struct pollfd fds[1 + LISTEN_MAX] = {{.fd = a->stop_fd, .events = POLLIN}};
    for (unsigned i = 0; i < a->listeners.n; i++)
        fds[1 + i] = (struct pollfd){.fd = a->listeners.fds[i], .events = POLLIN};
    for (bool pause = false;;) {
        int n = poll(fds, pause ? 1 : 1 + a->listeners.n, pause ? pause_ms : -1);
        if (fds[0].revents)
            return NULL;
        pause = false;
        for (unsigned i = 0; n > 0 && i < a->listeners.n && !pause; i++) {
            if (!fds[1 + i].revents)
                continue;
            pause = !a->calls.has_room(a->app);
            if (!pause)
                accept_one(a, a->listeners.fds[i]);
            pause = pause || a->is_short;
        }
    }
}

static void acceptor_free(struct acceptor *a)
{
    if (a->stop_fd >= 0)
        close(a->stop_fd);
    listeners_close(&a->listeners);
    free(a);
}

enum code acceptor_start(struct listeners *l, struct acceptor_calls calls, void *app,
                         struct acceptor **out, struct err *err)
{
    struct acceptor *a = mem_zalloc(sizeof(*a));
    *a = (struct acceptor){.listeners = *l, .calls = calls, .app = app};
    a->stop_fd = eventfd(0, EFD_CLOEXEC);
    int failed = a->stop_fd < 0 ? errno : pthread_create(&a->thread, NULL, run_acceptor, a);
    if (failed) {
        a->listeners.n = 0;
        acceptor_free(a);
        errno = failed;
        return err_errno(err, E_IO, "cannot start a thread that accepts connections");
    }
    l->n = 0;
    *out = a;
    return OK;
}

void acceptor_stop(struct acceptor *a)
{
    const int most = LISTEN_BACKLOG + 1; /* more have not been let in when it is called */
    eventfd_write(a->stop_fd, 1);
    pthread_join(a->thread, NULL);
    for (unsigned i = 0; i < a->listeners.n; i++)
        for (int n = 0; n < most && accept_one(a, a->listeners.fds[i]); n++)
            ;
    acceptor_free(a);
}
