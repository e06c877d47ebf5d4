#include "net/loop.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * The threads that libmicrohttpd (0.9.75) would start ask the kernel for 128 events, and when they get as many, for more,
 * and wait for those, before they look at the first. So 128 clients of a thread that send at once, and then wait,
 * wait until another one sends or times out. Called from outside, it asks without waiting; we wait, on its epoll set.
 *
 *   (1) Who wants something of the thread writes down what, then wakes it; it takes note of having been woken, then
 *       looks. So nothing is missed, a resumed connection neither: of that libmicrohttpd tells nobody.
 */
struct loop {
    struct MHD_Daemon *daemon;
    loop_added_fn added;
    void *app;
    int wake_fd; /* an eventfd */
    pthread_t thread;
    struct {
        pthread_mutex_t lock;
        struct buf sockets; /* ints */
        bool stop;
    } shared;
};

/* libmicrohttpd wants to know where a client is, and we do not ask it. */
static void add_connection(struct loop *l, int fd)
{
    const struct sockaddr unknown = {.sa_family = AF_UNSPEC};
    (void)MHD_add_connection(l->daemon, fd, &unknown, sizeof(unknown)); /* closes it if it fails */
    l->added(l->app);
}

/* What it was woken for; whether it goes on. */
static bool look(struct loop *l)
{
    eventfd_t n;
    (void)eventfd_read(l->wake_fd, &n);
    pthread_mutex_lock(&l->shared.lock);
    AUTO(buf) struct buf sockets = l->shared.sockets;
    l->shared.sockets = (struct buf){0};
    bool stop = l->shared.stop;
    pthread_mutex_unlock(&l->shared.lock);
    for (size_t at = 0; at < sockets.len; at += sizeof(int)) {
        int fd;
        memcpy(&fd, sockets.ptr + at, sizeof(fd));
        add_connection(l, fd);
    }
    return !stop;
}

/* How long it may wait, as poll() takes it. */
static int wait_ms(struct loop *l)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(l->daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void *run_loop(void *arg)
{
    struct loop *l = arg;
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    int epoll_fd = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd fds[] = {{.fd = l->wake_fd, .events = POLLIN},
                           {.fd = epoll_fd, .events = POLLIN}};
    for (;;) {
        poll(fds, 2, wait_ms(l));
        if (fds[0].revents && !look(l))
            return NULL;
        MHD_run(l->daemon);
    }
}

static void loop_free(struct loop *l)
{
    MHD_stop_daemon(l->daemon);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    buf_done(&l->shared.sockets);
    pthread_mutex_destroy(&l->shared.lock);
    free(l);
}

enum code loop_start(struct MHD_Daemon *take_daemon, loop_added_fn added, void *app,
                     struct loop **out, struct err *err)
{
    struct loop *l = mem_zalloc(sizeof(*l));
    *l = (struct loop){.daemon = take_daemon, .added = added, .app = app};
    pthread_mutex_init(&l->shared.lock, NULL);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int failed = l->wake_fd < 0 ? errno : pthread_create(&l->thread, NULL, run_loop, l);
    if (failed) {
        loop_free(l);
        errno = failed;
        return err_errno(err, E_IO, "cannot start a thread for the HTTP server");
    }
    *out = l;
    return OK;
}

void loop_add(struct loop *l, int take_fd)
{
    pthread_mutex_lock(&l->shared.lock);
    buf_put(&l->shared.sockets, &take_fd, sizeof(take_fd));
    pthread_mutex_unlock(&l->shared.lock);
    loop_wake(l);
}

void loop_wake(struct loop *l)
{
    (void)eventfd_write(l->wake_fd, 1);
}

void loop_stop(struct loop *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->shared.lock);
    l->shared.stop = true;
    pthread_mutex_unlock(&l->shared.lock);
    loop_wake(l);
    pthread_join(l->thread, NULL);
    loop_free(l);
}
