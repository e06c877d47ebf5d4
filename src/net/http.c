#include "net/http.h"

#include "base/clock.h"
#include "base/buf.h"
#include "base/cpu.h"
#include "base/log.h"
#include "net/acceptor.h"
#include "net/loop.h"

#include <assert.h>
#include <limits.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * libmicrohttpd calls us at these points of a connection, always on the connection's own thread (net/loop.h):
 *
 *   connection_changed   it opened: a struct conn is made, in the server's list; it closed: it is freed
 *   handle, first        the headers are there
 *   handle, repeated     a piece of the body
 *   handle, last         the body is whole: run the handler, queue its answer
 *   request_ended        the answer is written, or the connection broke
 *
 * Slow clients. libmicrohttpd closes a connection on which nothing moved for `timeout_ms`; one byte now and then
 * keeps it open. So the reaper thread shuts down connections that have been waiting for a whole request for that
 * long, by `waiting_since_ns`, whatever trickles in. A body earns time: every HTTP_BODY_RATE bytes move that time by a
 * second, though not beyond now. So an upload of any size goes through as long as its average rate is above that, it
 * never lags behind by more than timeout_ms, and what came quickly buys no long pause later.
 *
 *   (1) waiting_since_ns is 0 while the handler runs and the answer is written, else the time at which the
 *       connection opened, the headers were complete, or the previous answer was written, moved as above.
 *   (2) A conn is in the list only while its socket is open: libmicrohttpd reports the end of a connection before it
 *       closes the socket. So under the lock the reaper may use conn->fd.
 *
 *   (3) libmicrohttpd does not read on where it got less than it asked for, until the kernel says that more came. An end
 *       that came along with the last bytes was said already, and would be noticed at the timeout only. So the reaper
 *       looks for it, once after each move of waiting_since_ns, and makes the kernel say it again. Nothing is cut off by
 *       that: who has ended its side may still wait for an answer.
 *
 * A body that is not wanted gets an answer that says so. Closing while the client still sends would make its kernel
 * drop that answer, so the body is read and thrown away first: up to `swallow_bytes` of one that is too large, all of
 * one that would have been welcome if the disk were not full.
 *
 * Bodies are written to their files by the thread of the connection. That goes to the page cache, at the speed of a
 * copy, but a disk that cannot follow makes the kernel stop the writer, and with it the other connections of that
 * thread.
 *
 * Deferred answers. libmicrohttpd suspends the connection: it is out of the thread's epoll set, no timeout applies,
 * and it does not notice that the client goes. Resumed, it calls `handle` once more, which queues the answer. Two own
 * a http_deferred: the connection, and whoever will answer.
 *
 *   (4) `answer` is set once, by http_answer; `gone` once, when the connection will not take it any more.
 *   (5) `suspended`: the connection is suspended and nobody has resumed it. Who resets it, resumes.
 *   (6) An answer may come before the handler has returned. Then there is nothing to resume: no suspension follows.
 *   (7) libmicrohttpd must not be stopped while connections are suspended. Closing resumes them all; from then on,
 *       under the same lock, none is suspended.
 *
 * Locks: the server's, then that of a http_deferred.
 */
static const size_t header_memory_bytes = 64 * 1024;
static const size_t keep_bytes = 1u << 20; /* memory a connection keeps from request to request */
static const size_t swallow_bytes = 64u << 20;
static const unsigned connections_possible = INT_MAX; /* the acceptor keeps max_connections */
static const int64_t reaper_period_ms = 100;
static const uint64_t last_chance_ns = 100000000; /* when draining, for a request to arrive */

struct conn {
    struct http_server *server;
    struct loop *loop;
    struct conn *prev, *next; /* in server->shared.conns */
    int fd;
    _Atomic uint64_t waiting_since_ns; /* (1) */
    uint64_t looked_at_ns; /* only the reaper: waiting_since_ns when it looked for an end */
    struct {               /* only the thread of the connection */
        struct arena arena;
        struct upload body;
        uint64_t body_max;
        uint64_t n_swallowed;
        enum code refused; /* why the body is not wanted */
        bool counted;      /* among server->n_in_flight */
        struct http_deferred *deferred;
        size_t answer_bytes; /* among server->answer_bytes */
    } request;
    struct http_deferred *waiting; /* under the server's lock: may be suspended */
};

struct http_deferred {
    pthread_mutex_t lock;
    unsigned n_owners;
    struct MHD_Connection *mhd;
    struct loop *loop;           /* there as long as `suspended` */
    bool suspended;              /* (5) */
    bool gone;                   /* (4) */
    struct MHD_Response *answer; /* (4) */
    unsigned status;
    size_t answer_bytes;
};

/* One of those that serve connections. */
struct http_thread {
    struct http_server *server;
    struct loop *loop;
};

struct http_server {
    http_handler_fn handler;
    void *app;
    size_t max_body_bytes;
    http_body_rule_fn body_rule;
    size_t upload_memory_bytes;
    struct spool *spool; /* NULL: all bodies stay in memory */
    uint64_t timeout_ns;
    unsigned port;
    unsigned max_connections;
    struct http_thread *threads;
    unsigned n_threads;
    unsigned n_accepted;
    struct acceptor *acceptor; /* NULL when it accepts no more */
    _Atomic bool draining;
    size_t max_answer_bytes;
    _Atomic unsigned n_in_flight;
    _Atomic size_t answer_bytes; /* of bodies that are not sent whole */
    pthread_t reaper;
    bool has_reaper;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t closing_changed;
        struct conn *conns; /* all open ones (2) */
        unsigned n_conns;
        unsigned n_arriving; /* accepted, and perhaps not seen by their thread yet */
        bool closing;        /* (7) */
    } shared;
};

static void conn_waits(struct conn *c)
{
    atomic_store_explicit(&c->waiting_since_ns, clock_mono_ns(), memory_order_relaxed);
}

static void conn_is_served(struct conn *c)
{
    atomic_store_explicit(&c->waiting_since_ns, 0, memory_order_relaxed);
}

/* So many bytes of a body came, and were put away since `start_ns`, for which the client has not to answer. */
static void conn_has_moved(struct conn *c, size_t n, uint64_t since_ns, uint64_t start_ns)
{
    uint64_t now_ns = clock_mono_ns();
    since_ns += (uint64_t)n * 1000000000 / HTTP_BODY_RATE + (now_ns - start_ns);
    atomic_store_explicit(&c->waiting_since_ns, since_ns < now_ns ? since_ns : now_ns,
                          memory_order_relaxed);
}

static struct conn *conn_open(const struct http_thread *t, int fd)
{
    struct http_server *s = t->server;
    struct conn *c = mem_zalloc(sizeof(*c));
    c->server = s;
    c->loop = t->loop;
    c->fd = fd;
    conn_waits(c);
    pthread_mutex_lock(&s->shared.lock);
    c->next = s->shared.conns;
    if (c->next)
        c->next->prev = c;
    s->shared.conns = c;
    s->shared.n_conns++;
    pthread_mutex_unlock(&s->shared.lock);
    return c;
}

static void conn_close(struct conn *c)
{
    struct http_server *s = c->server;
    pthread_mutex_lock(&s->shared.lock);
    if (c->prev)
        c->prev->next = c->next;
    else
        s->shared.conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    s->shared.n_conns--;
    pthread_mutex_unlock(&s->shared.lock);
    arena_done(&c->request.arena);
    upload_done(&c->request.body);
    free(c);
}

static void connection_changed(void *thread, struct MHD_Connection *mhd, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        *socket_context = conn_open(thread, fd);
    } else {
        conn_close(*socket_context);
    }
}

static struct conn *conn_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Forget the request, but keep a reasonable amount of memory for the next. */
static void request_reset(struct conn *c)
{
    if (c->request.arena.total > keep_bytes)
        arena_done(&c->request.arena);
    arena_reset(&c->request.arena);
    upload_reset(&c->request.body, keep_bytes);
    c->request.n_swallowed = 0;
    c->request.refused = OK;
}

/* One of the two owners is done with it; the lock is held, and released. */
static void deferred_leave(struct http_deferred *d)
{
    bool last = --d->n_owners == 0;
    pthread_mutex_unlock(&d->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* The connection will not take an answer any more. */
static void deferred_abandon(struct conn *c)
{
    struct http_deferred *d = c->request.deferred;
    if (!d)
        return;
    pthread_mutex_lock(&c->server->shared.lock);
    c->waiting = NULL;
    pthread_mutex_unlock(&c->server->shared.lock);
    c->request.deferred = NULL;
    pthread_mutex_lock(&d->lock);
    d->gone = true;
    if (d->answer)
        MHD_destroy_response(d->answer);
    d->answer = NULL;
    deferred_leave(d);
}

static void request_ended(void *server, struct MHD_Connection *mhd, void **request,
                          enum MHD_RequestTerminationCode how)
{
    (void)how;
    (void)mhd;
    struct conn *c = *request;
    struct http_server *s = server;
    if (!c)
        return;
    deferred_abandon(c);
    request_reset(c);
    if (c->request.counted)
        atomic_fetch_sub(&s->n_in_flight, 1);
    c->request.counted = false;
    atomic_fetch_sub(&s->answer_bytes, c->request.answer_bytes);
    c->request.answer_bytes = 0;
    conn_waits(c);
    *request = NULL;
}

/* Takes the body of the answer. NULL: there is no memory. */
static struct MHD_Response *response_of(const struct http_response *take)
{
    struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback(
        take->body_len, take->body, take->body ? free : NULL);
    if (!r) {
        free(take->body);
        return NULL;
    }
    if (take->content_type)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, take->content_type);
    for (size_t i = 0; i < take->n_headers; i++)
        MHD_add_response_header(r, take->headers[i].name, take->headers[i].value);
    return r;
}

/* Takes the response, which may be NULL. */
static enum MHD_Result queue(struct conn *c, struct MHD_Connection *mhd, unsigned status,
                             struct MHD_Response *take, size_t body_len)
{
    struct http_server *s = c->server;
    if (!take)
        return MHD_NO;
    c->request.answer_bytes = body_len;
    atomic_fetch_add(&s->answer_bytes, body_len);
    if (atomic_load_explicit(&s->draining, memory_order_relaxed))
        MHD_add_response_header(take, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result queued = MHD_queue_response(mhd, status, take);
    MHD_destroy_response(take);
    return queued;
}

struct http_deferred *http_defer(const struct http_request *req)
{
    struct conn *c = conn_of(req->conn);
    struct http_deferred *d = mem_zalloc(sizeof(*d));
    assert(!req->body_rc && !c->request.deferred);
    pthread_mutex_init(&d->lock, NULL);
    d->n_owners = 2;
    d->mhd = req->conn;
    d->loop = c->loop;
    c->request.deferred = d;
    return d;
}

void http_answer(struct http_deferred *d, const struct http_response *take)
{
    struct MHD_Response *r = response_of(take);
    pthread_mutex_lock(&d->lock);
    if (d->gone || !r) {
        if (r)
            MHD_destroy_response(r);
        d->gone = true;
    } else {
        d->answer = r;
        d->status = take->status;
        d->answer_bytes = take->body_len;
    }
    if (d->suspended) {
        MHD_resume_connection(d->mhd);
        loop_wake(d->loop);
    }
    d->suspended = false;
    deferred_leave(d);
}

/* The connection was resumed, or the answer was there before: queue it. */
static enum MHD_Result queue_deferred(struct conn *c, struct MHD_Connection *mhd)
{
    struct http_deferred *d = c->request.deferred;
    pthread_mutex_lock(&d->lock);
    struct MHD_Response *answer = d->answer;
    unsigned status = d->status;
    size_t bytes = d->answer_bytes;
    d->answer = NULL;
    pthread_mutex_unlock(&d->lock);
    deferred_abandon(c);
    return queue(c, mhd, status, answer, bytes);
}

/* The handler has returned and will answer later, if it has not yet (6). */
static enum MHD_Result wait_for_answer(struct conn *c, struct MHD_Connection *mhd)
{
    struct http_server *s = c->server;
    struct http_deferred *d = c->request.deferred;
    pthread_mutex_lock(&s->shared.lock);
    pthread_mutex_lock(&d->lock);
    bool wait = !d->answer && !d->gone && !s->shared.closing;
    if (wait) {
        MHD_suspend_connection(mhd);
        d->suspended = true;
        c->waiting = d;
    }
    pthread_mutex_unlock(&d->lock);
    pthread_mutex_unlock(&s->shared.lock);
    return wait ? MHD_YES : queue_deferred(c, mhd);
}

/* The view of the body, or why there is none. */
static enum code body_view(struct conn *c, struct view *out)
{
    struct err err;
    if (c->request.refused)
        return c->request.refused;
    enum code rc = upload_view(&c->request.body, out, &err);
    if (rc)
        log_warn("an upload failed", log_str("error", err.msg));
    return rc;
}

static enum MHD_Result run_handler(struct conn *c, struct MHD_Connection *mhd, const char *path,
                                   const char *method)
{
    struct http_server *s = c->server;
    bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    struct http_request req = {.method = head ? MHD_HTTP_METHOD_GET : method,
                               .path = path,
                               .too_many_answers =
                                   atomic_load(&s->answer_bytes) > s->max_answer_bytes,
                               .arena = &c->request.arena,
                               .conn = mhd};
    struct http_response res = {0};
    req.body_rc = body_view(c, &req.body);
    conn_is_served(c);
    s->handler(s->app, &req, &res);
    if (c->request.deferred)
        return wait_for_answer(c, mhd);
    return queue(c, mhd, res.status, response_of(&res), res.body_len);
}

void http_request_detach_body(const struct http_request *req, struct http_body *out)
{
    upload_detach(&conn_of(req->conn)->request.body, out);
}

/* What Content-Length says; 0 without one. libmicrohttpd has refused those that are no number. */
static uint64_t announced_bytes(struct MHD_Connection *mhd)
{
    const char *text =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* Bytes to read of a body that is not wanted, so that the client hears why. */
static uint64_t swallow_max(const struct conn *c)
{
    bool welcome = c->request.refused != E_LIMIT && c->request.body_max > swallow_bytes;
    return welcome ? c->request.body_max : swallow_bytes;
}

/* How much may come, and where it goes. */
static void prepare_body(struct conn *c, const char *path, const char *method, uint64_t announced)
{
    struct http_server *s = c->server;
    struct http_body_rule rule = {s->max_body_bytes, false};
    struct upload *body = &c->request.body;
    if (s->body_rule)
        rule = s->body_rule(s->app, method, path);
    c->request.body_max = rule.max_bytes;
    body->spool = rule.may_spool ? s->spool : NULL;
    body->memory_max = s->upload_memory_bytes;
    if (announced > rule.max_bytes)
        c->request.refused = E_LIMIT;
    else if (body->spool && announced > body->memory_max && !spool_has_room(body->spool, announced))
        c->request.refused = E_BUSY;
    else
        buf_reserve(&body->memory, announced < keep_bytes ? announced : keep_bytes);
}

/* The headers are there. A client that asks first, or has very much to send, is refused at once. */
static enum MHD_Result begin_request(struct conn *c, struct MHD_Connection *mhd, const char *path,
                                     const char *method)
{
    uint64_t announced = announced_bytes(mhd);
    atomic_fetch_add(&c->server->n_in_flight, 1);
    c->request.counted = true;
    conn_waits(c);
    prepare_body(c, path, method, announced);
    bool asks = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) != NULL;
    if (c->request.refused && (asks || announced > swallow_max(c)))
        return run_handler(c, mhd, path, method);
    return MHD_YES;
}

static void refuse_body(struct conn *c, enum code why, const struct err *err)
{
    if (why != E_LIMIT && why != E_BUSY)
        log_warn("an upload failed", log_str("error", err->msg));
    c->request.refused = why;
    upload_reset(&c->request.body, keep_bytes);
}

static void keep_body(struct conn *c, struct view bytes)
{
    struct upload *body = &c->request.body;
    struct err err;
    enum code rc = E_LIMIT;
    if (bytes.len <= c->request.body_max - upload_len(body))
        rc = upload_put(body, bytes, &err);
    if (rc)
        refuse_body(c, rc, &err);
}

static enum MHD_Result take_body(struct conn *c, const char *bytes, size_t len)
{
    uint64_t since_ns = atomic_load_explicit(&c->waiting_since_ns, memory_order_relaxed);
    uint64_t start_ns = clock_mono_ns();
    conn_is_served(c);
    if (!c->request.refused)
        keep_body(c, view_of(bytes, len));
    if (c->request.refused)
        c->request.n_swallowed += len;
    conn_has_moved(c, len, since_ns, start_ns);
    return c->request.n_swallowed > swallow_max(c) ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(void *server, struct MHD_Connection *mhd, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **request)
{
    (void)server;
    (void)version;
    struct conn *c = *request;
    if (!c) {
        *request = c = conn_of(mhd);
        return begin_request(c, mhd, path, method);
    }
    if (c->request.deferred)
        return queue_deferred(c, mhd);
    if (*upload_bytes == 0)
        return run_handler(c, mhd, path, method);
    size_t len = *upload_bytes;
    *upload_bytes = 0;
    return take_body(c, upload, len);
}

/* (3) */
static void show_end(struct conn *c, uint64_t since)
{
    char byte;
    if (c->looked_at_ns == since)
        return;
    c->looked_at_ns = since;
    if (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        shutdown(c->fd, SHUT_RD);
}

static void look_at_waiting(struct http_server *s, uint64_t now_ns)
{
    for (struct conn *c = s->shared.conns; c; c = c->next) {
        uint64_t since = atomic_load_explicit(&c->waiting_since_ns, memory_order_relaxed);
        if (since && now_ns > since && now_ns - since > s->timeout_ns)
            shutdown(c->fd, SHUT_RDWR);
        else if (since)
            show_end(c, since);
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

__attribute__((format(printf, 2, 0))) static void log_line(void *server, const char *fmt,
                                                           va_list ap)
{
    char text[300];
    (void)server;
    vsnprintf(text, sizeof(text), fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http", log_str("detail", text));
}

/* Paths and queries stay as they came: the handler decodes what it takes apart. */
static size_t keep_encoded(void *server, struct MHD_Connection *mhd, char *text)
{
    (void)server;
    (void)mhd;
    return strlen(text);
}

static unsigned n_threads(unsigned wanted)
{
    return wanted ? wanted : cpu_count();
}

static struct MHD_Daemon *start_daemon(struct http_thread *t, const struct http_config *config)
{
    struct http_server *s = t->server;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, log_line, s, MHD_OPTION_CONNECTION_LIMIT,
        connections_possible, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((config->timeout_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        header_memory_bytes, MHD_OPTION_NOTIFY_COMPLETED, request_ended, s,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, t, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_encoded, s, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static bool has_room(void *server)
{
    struct http_server *s = server;
    pthread_mutex_lock(&s->shared.lock);
    bool room = s->shared.n_conns + s->shared.n_arriving < s->max_connections;
    pthread_mutex_unlock(&s->shared.lock);
    return room;
}

static void change_arriving(struct http_server *s, int by)
{
    pthread_mutex_lock(&s->shared.lock);
    s->shared.n_arriving += (unsigned)by;
    pthread_mutex_unlock(&s->shared.lock);
}

/* In turn, so that all threads have as many. */
static void take_client(void *server, int fd)
{
    struct http_server *s = server;
    change_arriving(s, 1);
    loop_add(s->threads[s->n_accepted++ % s->n_threads].loop, fd);
}

static void client_arrived(void *server)
{
    change_arriving(server, -1);
}

must_use static enum code start_threads(struct http_server *s, const struct http_config *config,
                                        struct err *err)
{
    s->n_threads = n_threads(config->threads);
    s->threads = mem_zalloc(s->n_threads * sizeof(*s->threads));
    for (unsigned i = 0; i < s->n_threads; i++) {
        struct http_thread *t = &s->threads[i];
        t->server = s;
        struct MHD_Daemon *daemon = start_daemon(t, config);
        if (!daemon)
            return err_set(err, E_IO, "cannot start the HTTP server on %s:%u", config->host,
                           s->port);
        TRY(loop_start(daemon, client_arrived, s, &t->loop, err));
    }
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

enum code http_server_open(const struct http_config *config, http_handler_fn handler, void *app,
                           struct http_server **out_server, struct err *err)
{
    struct listeners listeners;
    TRY(listeners_open(config->host, config->port, &listeners, err));
    struct http_server *s = mem_zalloc(sizeof(*s));
    s->handler = handler;
    s->app = app;
    s->port = listeners.port;
    s->max_connections = config->max_connections;
    s->max_body_bytes = config->max_body_bytes;
    s->body_rule = config->body_rule;
    s->upload_memory_bytes = config->upload_memory_bytes;
    s->max_answer_bytes = config->max_answer_bytes;
    s->timeout_ns = (uint64_t)config->timeout_ms * 1000000;
    init_shared(s);
    enum code rc = OK;
    if (config->upload_dir)
        rc = spool_open(config->upload_dir, config->max_upload_bytes, &s->spool, err);
    if (rc)
        goto fail;
    rc = start_threads(s, config, err);
    if (rc)
        goto fail;
    if (pthread_create(&s->reaper, NULL, run_reaper, s)) {
        rc = err_set(err, E_IO, "cannot start a thread for the HTTP server");
        goto fail;
    }
    s->has_reaper = true;
    rc = acceptor_start(&listeners, (struct acceptor_calls){has_room, take_client}, s, &s->acceptor,
                        err);
    if (rc)
        goto fail;
    *out_server = s;
    return OK;
fail:
    listeners_close(&listeners);
    http_server_close(s);
    return rc;
}

unsigned http_server_port(const struct http_server *s)
{
    return s->port;
}

unsigned http_server_in_flight(const struct http_server *s)
{
    return atomic_load(&((struct http_server *)s)->n_in_flight);
}

/* A client that has just connected, or just got an answer, may have a request under way. */
static bool expects_requests(struct http_server *s)
{
    uint64_t now_ns = clock_mono_ns();
    pthread_mutex_lock(&s->shared.lock);
    bool expects = s->shared.n_arriving > 0;
    for (struct conn *c = s->shared.conns; c && !expects; c = c->next) {
        uint64_t since = atomic_load_explicit(&c->waiting_since_ns, memory_order_relaxed);
        expects = since && since + last_chance_ns > now_ns;
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

/* From here on nothing is suspended (7). */
static void begin_closing(struct http_server *s)
{
    pthread_mutex_lock(&s->shared.lock);
    s->shared.closing = true;
    pthread_cond_signal(&s->shared.closing_changed);
    for (struct conn *c = s->shared.conns; c; c = c->next) {
        struct http_deferred *d = c->waiting;
        if (!d)
            continue;
        pthread_mutex_lock(&d->lock);
        if (d->suspended) {
            d->gone = true;
            d->suspended = false;
            MHD_resume_connection(d->mhd);
        }
        pthread_mutex_unlock(&d->lock);
    }
    pthread_mutex_unlock(&s->shared.lock);
}

void http_server_close(struct http_server *s)
{
    if (!s)
        return;
    stop_accepting(s);
    begin_closing(s);
    if (s->has_reaper)
        pthread_join(s->reaper, NULL);
    for (unsigned i = 0; i < s->n_threads; i++)
        loop_stop(s->threads[i].loop);
    free(s->threads);
    pthread_cond_destroy(&s->shared.closing_changed);
    pthread_mutex_destroy(&s->shared.lock);
    spool_close(s->spool);
    free(s);
}
