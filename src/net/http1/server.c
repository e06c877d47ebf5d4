#include "net/http1/server.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "net/acceptor.h"
#include "net/http1/conn.h"
#include "net/http1/reaper.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Threads. The acceptor accepts a client, makes a struct conn and hands it to one of the loops in
 * turn. From then on only that loop's thread touches the connection (conn.c). The reaper shuts down
 * connections that are past their deadline; their loops then see the end of the stream.
 *
 * When all connections are in use, a new client takes the place of one that keeps us waiting: we
 * close the connection that has waited longest, of the peer that has most such connections
 * (peer.h). It no longer counts from then on. If no connection is waiting, we accept HTTP_PROBES
 * more, and answer only probes on them. All other clients wait in the kernel's queue.
 *
 * Lock order: a http_deferred, then a loop. The server's lock is never held together with another
 * one.
 */
static const uint64_t last_chance_ns = 100000000; /* when draining, for a request to arrive */

/* ---------------------------------------------------------------------------- clients that come */

/* List the connections that wait for their client. `out` has room for all. The caller holds the
 * lock. */
static size_t list_waiting(struct http_server *s, struct peer_wait *out)
{
    size_t n = 0;
    for (struct conn *c = s->shared.conns; c; c = c->next) {
        uint64_t since_ns = atomic_load_explicit(&c->since_ns, memory_order_relaxed);
        if (since_ns && !c->must_go)
            out[n++] = (struct peer_wait){c->peer, since_ns, c};
    }
    return n;
}

/* Close one of them. The caller holds the lock. */
static void make_room(struct http_server *s)
{
    size_t n_all = 0;
    for (struct conn *c = s->shared.conns; c; c = c->next)
        n_all++;
    AUTO(ptr) struct peer_wait *waits = mem_alloc(n_all * sizeof(*waits));
    struct conn *c = peer_choose(waits, list_waiting(s, waits));
    if (!c)
        return;
    c->must_go = true;
    s->shared.n_conns--;
    shutdown(c->fd, SHUT_RDWR);
}

static bool has_room(void *server)
{
    struct http_server *s = server;
    pthread_mutex_lock(&s->shared.lock);
    if (s->shared.n_conns >= s->config.max_connections)
        make_room(s);
    bool room = s->shared.n_conns < s->config.max_connections + HTTP_PROBES;
    pthread_mutex_unlock(&s->shared.lock);
    return room;
}

/* Clients go to the loops in turn, so that all threads have equally many. */
static void take_client(void *server, int fd)
{
    struct http_server *s = server;
    pthread_mutex_lock(&s->shared.lock);
    bool for_probes = s->shared.n_conns >= s->config.max_connections && !atomic_load(&s->draining);
    pthread_mutex_unlock(&s->shared.lock);
    struct loop *l = s->loops[s->n_accepted++ % s->n_loops];
    loop_call(l, conn_new(s, l, fd, for_probes));
}

/* ----------------------------------------------------------------------------------- the server */

static unsigned n_threads(unsigned wanted)
{
    return wanted ? wanted : cpu_count();
}

must_use static enum code start_loops(struct http_server *s, struct err *err)
{
    unsigned n = n_threads(s->config.threads);
    s->loops = mem_zalloc(n * sizeof(struct loop *));
    for (; s->n_loops < n; s->n_loops++)
        TRY(loop_start((struct loop_calls){conn_ready, conn_called}, &s->loops[s->n_loops], err));
    return OK;
}

static void init_shared(struct http_server *s)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->shared.lock, NULL);
    pthread_cond_init(&s->shared.closing_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

must_use static enum code start(struct http_server *s, const struct http_config *config,
                                struct listeners *listeners, struct err *err)
{
    if (config->upload_dir)
        TRY(spool_open(config->upload_dir, config->max_upload_bytes, config->max_upload_files,
                       &s->spool, err));
    TRY(start_loops(s, err));
    TRY(reaper_start(s, err));
    return acceptor_start(listeners, (struct acceptor_calls){has_room, take_client}, s,
                          &s->acceptor, err);
}

enum code http_server_open(const struct http_config *config, http_handler_fn handler, void *app,
                           struct http_server **out_server, struct err *err)
{
    struct listeners listeners;
    TRY(listeners_open(config->host, config->port, &listeners, err));
    struct http_server *s = mem_zalloc(sizeof(*s));
    s->config = *config;
    s->config.host = s->config.upload_dir = NULL;
    s->handler = handler;
    s->app = app;
    s->port = listeners.port;
    s->is_local = listeners.is_local;
    init_shared(s);
    enum code rc = start(s, config, &listeners, err);
    if (rc) {
        listeners_close(&listeners);
        http_server_close(s);
        return rc;
    }
    *out_server = s;
    return OK;
}

unsigned http_server_port(const struct http_server *s)
{
    return s->port;
}

bool http_server_is_local(const struct http_server *s)
{
    return s->is_local;
}

unsigned http_server_in_flight(const struct http_server *s)
{
    return atomic_load(&((struct http_server *)s)->n_in_flight);
}

/* A client that has just connected, or just got an answer, may have a request under way. */
static bool expects_requests(struct http_server *s)
{
    uint64_t now_ns = clock_mono_ns();
    bool expects = false;
    pthread_mutex_lock(&s->shared.lock);
    for (struct conn *c = s->shared.conns; c && !expects; c = c->next) {
        uint64_t since = atomic_load_explicit(&c->since_ns, memory_order_relaxed);
        expects = since + last_chance_ns > now_ns;
    }
    pthread_mutex_unlock(&s->shared.lock);
    return expects;
}

static void stop_accepting(struct http_server *s)
{
    atomic_store(&s->draining, true);
    if (s->acceptor)
        acceptor_stop(s->acceptor);
    s->acceptor = NULL;
}

bool http_server_drain(struct http_server *s, int64_t deadline_ms)
{
    uint64_t end = clock_mono_ns() + (uint64_t)deadline_ms * 1000000;
    stop_accepting(s);
    while ((http_server_in_flight(s) > 0 || expects_requests(s)) && clock_mono_ns() < end)
        usleep(1000);
    return http_server_in_flight(s) == 0;
}

/* Loops are freed last: a deferred answer may still call one while its connection is freed. */
void http_server_close(struct http_server *s)
{
    if (!s)
        return;
    stop_accepting(s);
    reaper_stop(s);
    for (unsigned i = 0; i < s->n_loops; i++)
        loop_stop(s->loops[i]);
    while (s->shared.conns)
        conn_free(s->shared.conns);
    for (unsigned i = 0; i < s->n_loops; i++)
        loop_free(s->loops[i]);
    free(s->loops);
    pthread_cond_destroy(&s->shared.closing_changed);
    pthread_mutex_destroy(&s->shared.lock);
    spool_close(s->spool);
    free(s);
}
