#include "net/http1/reaper.h"

#include "base/clock.h"
#include "net/http1/state.h"

#include <sys/socket.h>
#include <time.h>

/* A look at all connections holds the server's lock for some microseconds. Timeouts are seconds, so
 * a tenth of a second is precise enough. */
static const int64_t reaper_period_ms = 100;

static void look_at_waiting(struct http_server *s, uint64_t now_ns)
{
    for (struct conn *c = s->shared.conns; c; c = c->next) {
        uint64_t deadline = atomic_load_explicit(&c->deadline_ns, memory_order_relaxed);
        if (deadline && now_ns > deadline)
            shutdown(c->fd, SHUT_RDWR);
    }
}

static struct timespec wall_in_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + ms % 1000 * 1000000;
    return (struct timespec){at.tv_sec + ms / 1000 + ns / 1000000000, ns % 1000000000};
}

static void *run_reaper(void *server)
{
    struct http_server *s = server;
    pthread_mutex_lock(&s->shared.lock);
    while (!s->shared.closing) {
        struct timespec next = wall_in_ms(reaper_period_ms);
        pthread_cond_timedwait(&s->shared.closing_changed, &s->shared.lock, &next);
        look_at_waiting(s, clock_mono_ns());
    }
    pthread_mutex_unlock(&s->shared.lock);
    return NULL;
}

enum code reaper_start(struct http_server *s, struct err *err)
{
    if (pthread_create(&s->reaper, NULL, run_reaper, s))
        return err_set(err, E_IO, "cannot start a thread for the HTTP server");
    s->has_reaper = true;
    return OK;
}

void reaper_stop(struct http_server *s)
{
    pthread_mutex_lock(&s->shared.lock);
    s->shared.closing = true;
    pthread_cond_signal(&s->shared.closing_changed);
    pthread_mutex_unlock(&s->shared.lock);
    if (s->has_reaper)
        pthread_join(s->reaper, NULL);
}
