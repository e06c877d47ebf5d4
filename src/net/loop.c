#include "net/loop.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 *   (1) A caller first adds to the list and then wakes the thread. The thread first resets the
 *       wake-up and then reads
 *     the list. So no call is missed.
 * (2) Sockets are level-triggered: what we do not read now is reported again. So a connection that
 *     sends much takes turns with the others.
 */
enum { EVENTS_MAX = 128 };

struct loop {
    struct loop_calls calls;
    int epoll_fd;
    int wake_fd; /* an eventfd, watched with NULL */
    pthread_t thread;
    bool has_thread;
    struct {
        pthread_mutex_t lock;
        struct buf called; /* pointers (1) */
        bool stop;
    } shared;
};

/* Handle what we were woken for. Returns whether to go on. */
static bool look(struct loop *l)
{
    eventfd_t n;
    (void)eventfd_read(l->wake_fd, &n);
    pthread_mutex_lock(&l->shared.lock);
    AUTO(buf) struct buf called = l->shared.called;
    l->shared.called = (struct buf){0};
    bool stop = l->shared.stop;
    pthread_mutex_unlock(&l->shared.lock);
    if (stop)
        return false;
    for (size_t at = 0; at < called.len; at += sizeof(void *)) {
        void *what;
        memcpy(&what, called.ptr + at, sizeof(what));
        l->calls.called(what);
    }
    return true;
}

static void *run_loop(void *arg)
{
    struct loop *l = arg;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            void *what = events[i].data.ptr;
            if (what)
                l->calls.ready(what);
            else if (!look(l))
                return NULL;
        }
    }
}

enum code loop_start(struct loop_calls calls, struct loop **out, struct err *err)
{
    struct loop *l = mem_zalloc(sizeof(*l));
    struct epoll_event wake = {.events = EPOLLIN};
    l->calls = calls;
    pthread_mutex_init(&l->shared.lock, NULL);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int failed = l->epoll_fd < 0 || l->wake_fd < 0 ||
                         epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &wake)
                     ? errno
                     : pthread_create(&l->thread, NULL, run_loop, l);
    if (failed) {
        loop_free(l);
        errno = failed;
        return err_errno(err, E_IO, "cannot start a thread for the HTTP server");
    }
    l->has_thread = true;
    *out = l;
    return OK;
}

void loop_call(struct loop *l, void *what)
{
    pthread_mutex_lock(&l->shared.lock);
    buf_put(&l->shared.called, &what, sizeof(what));
    pthread_mutex_unlock(&l->shared.lock);
    (void)eventfd_write(l->wake_fd, 1);
}

bool loop_watch(struct loop *l, int fd, void *what, unsigned before, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = what};
    int op = !events ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return before == events || epoll_ctl(l->epoll_fd, op, fd, &event) == 0;
}

void loop_stop(struct loop *l)
{
    if (!l || !l->has_thread)
        return;
    pthread_mutex_lock(&l->shared.lock);
    l->shared.stop = true;
    pthread_mutex_unlock(&l->shared.lock);
    (void)eventfd_write(l->wake_fd, 1);
    pthread_join(l->thread, NULL);
    l->has_thread = false;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    buf_done(&l->shared.called);
    pthread_mutex_destroy(&l->shared.lock);
    free(l);
}
