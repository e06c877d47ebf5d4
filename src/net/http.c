#include "net/http.h"

#include "base/clock.h"
#include "base/buf.h"
#include "base/log.h"
#include "net/listen.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * libmicrohttpd calls us at these points of a connection, always on the connection's own thread:
 *
 *   connection_changed  it opened: a struct conn is made, in the server's list; it closed: it is
 * freed handle, first       the headers are there handle, repeated    a piece of the body handle,
 * last        the body is whole: run the handler, queue its answer request_ended       the answer
 * is written, or the connection broke
 *
 * Slow clients. libmicrohttpd closes a connection on which nothing moved for `timeout_ms`; one byte
 * now and then keeps it open. So the reaper thread shuts down connections that have been waiting
 * for a whole request for that long, by `waiting_since_ns`, whatever trickles in.
 *
 *   (1) waiting_since_ns is 0 while the handler runs and the answer is written, else the time at
 * which the connection opened, the headers were complete, or the previous answer was written. (2) A
 * conn is in the list only while its socket is open: libmicrohttpd reports the end of a connection
 * before it closes the socket. So under the lock the reaper may use conn->fd.
 *
 * A body that is too large gets an answer that says so. Closing while the client still sends would
 * make its kernel drop that answer, so up to `swallow_bytes` are read and thrown away first.
 */
static const size_t header_memory_bytes = 64 * 1024;
static const size_t keep_bytes = 1u << 20; /* memory a connection keeps from request to request */
static const size_t swallow_bytes = 64u << 20;
static const int64_t reaper_period_ms = 100;
static const uint64_t last_chance_ns = 100000000; /* when draining, for a request to arrive */

struct conn {
    struct http_server *server;
    struct conn *prev, *next; /* in server->shared.conns */
    int fd;
    _Atomic uint64_t waiting_since_ns; /* (1) */
    struct {                           /* only the thread of the connection */
        struct arena arena;
        struct buf body;
        size_t n_swallowed;
        bool too_large;
        bool counted;        /* among server->n_in_flight */
        size_t answer_bytes; /* among server->answer_bytes */
    } request;
};

struct http_server {
    http_handler_fn handler;
    void *app;
    size_t max_body_bytes;
    uint64_t timeout_ns;
    unsigned port;
    unsigned n_daemons;
    struct MHD_Daemon *daemons[LISTEN_MAX]; /* one a listening socket */
    int quiet[LISTEN_MAX]; /* listening sockets that the daemons gave back; -1: none */
    size_t max_answer_bytes;
    _Atomic unsigned n_in_flight;
    _Atomic size_t answer_bytes; /* of bodies that are not sent whole */
    _Atomic bool draining;
    pthread_t reaper;
    bool has_reaper;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t closing_changed;
        struct conn *conns; /* all open ones (2) */
        bool closing;
    } shared;
};

const char *http_request_header(const struct http_request *req, const char *name)
{
    return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

bool http_request_query(const struct http_request *req, const char *name)
{
    const char *value;
    size_t len;
    return MHD_lookup_connection_value_n(req->conn, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                         &value, &len) == MHD_YES;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_percent_decode(struct view text, struct arena *arena, struct view *out)
{
    uint8_t *decoded = arena_alloc(arena, text.len), *w = decoded;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        *w++ = c;
    }
    *out = view_of(decoded, (size_t)(w - decoded));
    return true;
}

/* As forms write it: '+' for a space. What is malformed stays as it is. */
static struct view decoded_value(const char *value, struct arena *arena)
{
    struct view decoded;
    char *spaced = arena_strndup(arena, value, strlen(value));
    for (char *c = spaced; (c = strchr(c, '+')); c++)
        *c = ' ';
    return http_percent_decode(view_cstr(spaced), arena, &decoded) ? decoded : view_cstr(value);
}

struct query_search {
    const char *name;
    struct http_values found;
    struct arena *arena;
};

static enum MHD_Result note_query_value(void *arg, enum MHD_ValueKind kind, const char *name,
                                        const char *value)
{
    (void)kind;
    struct query_search *q = arg;
    if (strcmp(name, q->name) != 0)
        return MHD_YES;
    struct view *longer = arena_alloc(q->arena, (q->found.n + 1) * sizeof(*longer));
    if (q->found.n)
        memcpy(longer, q->found.values, q->found.n * sizeof(*longer));
    longer[q->found.n++] = decoded_value(value ? value : "", q->arena);
    q->found.values = longer;
    return MHD_YES;
}

struct http_values http_request_query_values(const struct http_request *req, const char *name)
{
    struct query_search q = {.name = name, .arena = req->arena};
    MHD_get_connection_values(req->conn, MHD_GET_ARGUMENT_KIND, note_query_value, &q);
    return q.found;
}

static void conn_waits(struct conn *c)
{
    atomic_store_explicit(&c->waiting_since_ns, clock_mono_ns(), memory_order_relaxed);
}

static void conn_is_served(struct conn *c)
{
    atomic_store_explicit(&c->waiting_since_ns, 0, memory_order_relaxed);
}

static struct conn *conn_open(struct http_server *s, int fd)
{
    struct conn *c = mem_zalloc(sizeof(*c));
    c->server = s;
    c->fd = fd;
    conn_waits(c);
    pthread_mutex_lock(&s->shared.lock);
    c->next = s->shared.conns;
    if (c->next)
        c->next->prev = c;
    s->shared.conns = c;
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
    pthread_mutex_unlock(&s->shared.lock);
    arena_done(&c->request.arena);
    buf_done(&c->request.body);
    free(c);
}

static void connection_changed(void *server, struct MHD_Connection *mhd, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        *socket_context = conn_open(server, fd);
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
    if (c->request.body.cap > keep_bytes)
        buf_done(&c->request.body);
    arena_reset(&c->request.arena);
    buf_reset(&c->request.body);
    c->request.n_swallowed = 0;
    c->request.too_large = false;
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
    request_reset(c);
    if (c->request.counted)
        atomic_fetch_sub(&s->n_in_flight, 1);
    c->request.counted = false;
    atomic_fetch_sub(&s->answer_bytes, c->request.answer_bytes);
    c->request.answer_bytes = 0;
    conn_waits(c);
    *request = NULL;
}

static enum MHD_Result queue(struct MHD_Connection *mhd, struct http_server *s,
                             const struct http_response *res)
{
    struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback(
        res->body_len, res->body, res->body ? free : NULL);
    if (!r)
        return MHD_NO;
    if (res->content_type)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, res->content_type);
    for (size_t i = 0; i < res->n_headers; i++)
        MHD_add_response_header(r, res->headers[i].name, res->headers[i].value);
    if (atomic_load_explicit(&s->draining, memory_order_relaxed))
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result queued = MHD_queue_response(mhd, res->status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result run_handler(struct conn *c, struct MHD_Connection *mhd, const char *path,
                                   const char *method)
{
    struct http_server *s = c->server;
    bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    struct http_request req = {.method = head ? MHD_HTTP_METHOD_GET : method,
                               .path = path,
                               .body_too_large = c->request.too_large,
                               .too_many_answers =
                                   atomic_load(&s->answer_bytes) > s->max_answer_bytes,
                               .arena = &c->request.arena,
                               .conn = mhd};
    struct http_response res = {0};
    if (!c->request.too_large)
        req.body = buf_view(&c->request.body);
    conn_is_served(c);
    s->handler(s->app, &req, &res);
    c->request.answer_bytes = res.body_len;
    atomic_fetch_add(&s->answer_bytes, res.body_len);
    return queue(mhd, s, &res);
}

/* What Content-Length says; 0 without one. libmicrohttpd has refused those that are no number. */
static uint64_t announced_bytes(struct MHD_Connection *mhd)
{
    const char *text =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* The headers are there. A client that asks first, or has very much to send, is refused at once. */
static enum MHD_Result begin_request(struct conn *c, struct MHD_Connection *mhd, const char *path,
                                     const char *method)
{
    struct http_server *s = c->server;
    uint64_t announced = announced_bytes(mhd);
    atomic_fetch_add(&s->n_in_flight, 1);
    c->request.counted = true;
    conn_waits(c);
    c->request.too_large = announced > s->max_body_bytes;
    if (!c->request.too_large) {
        buf_reserve(&c->request.body, announced < keep_bytes ? announced : keep_bytes);
        return MHD_YES;
    }
    bool asks = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) != NULL;
    if (asks || announced > swallow_bytes)
        return run_handler(c, mhd, path, method);
    return MHD_YES;
}

static enum MHD_Result take_body(struct conn *c, const char *bytes, size_t len)
{
    struct buf *body = &c->request.body;
    if (len > c->server->max_body_bytes - body->len)
        c->request.too_large = true;
    if (!c->request.too_large) {
        buf_put(body, bytes, len);
        return MHD_YES;
    }
    c->request.n_swallowed += len;
    return c->request.n_swallowed > swallow_bytes ? MHD_NO : MHD_YES;
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
    if (*upload_bytes == 0)
        return run_handler(c, mhd, path, method);
    size_t len = *upload_bytes;
    *upload_bytes = 0;
    return take_body(c, upload, len);
}

static void shut_down_slow(struct http_server *s, uint64_t now_ns)
{
    for (struct conn *c = s->shared.conns; c; c = c->next) {
        uint64_t since = atomic_load_explicit(&c->waiting_since_ns, memory_order_relaxed);
        if (since && now_ns > since && now_ns - since > s->timeout_ns)
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
        shut_down_slow(s, clock_mono_ns());
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
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    return wanted ? wanted : n_cores > 0 ? (unsigned)n_cores : 1;
}

/* Takes the socket. */
static struct MHD_Daemon *start_daemon(struct http_server *s, const struct http_config *config,
                                       int take_fd)
{
    unsigned threads = n_threads(config->threads);
    unsigned connections = config->max_connections < threads ? threads : config->max_connections;
    struct MHD_OptionItem pool[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, s,
        MHD_OPTION_EXTERNAL_LOGGER, log_line, s, MHD_OPTION_LISTEN_SOCKET, take_fd,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((config->timeout_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        header_memory_bytes, MHD_OPTION_NOTIFY_COMPLETED, request_ended, s,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_encoded, s, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

/* Every listening socket gets its daemon; those not started yet are closed on failure. */
must_use static enum code start_daemons(struct http_server *s, const struct http_config *config,
                                        struct listeners *l, struct err *err)
{
    s->port = l->port;
    while (l->n) {
        struct MHD_Daemon *d = start_daemon(s, config, l->fds[l->n - 1]);
        if (!d)
            return err_set(err, E_IO, "cannot start the HTTP server on %s:%u", config->host,
                           l->port);
        l->n--;
        s->daemons[s->n_daemons++] = d;
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
    for (unsigned k = 0; k < LISTEN_MAX; k++)
        s->quiet[k] = -1;
    s->max_body_bytes = config->max_body_bytes;
    s->max_answer_bytes = config->max_answer_bytes;
    s->timeout_ns = (uint64_t)config->timeout_ms * 1000000;
    init_shared(s);
    enum code rc = start_daemons(s, config, &listeners, err);
    if (rc)
        goto fail;
    if (pthread_create(&s->reaper, NULL, run_reaper, s)) {
        rc = err_set(err, E_IO, "cannot start a thread for the HTTP server");
        goto fail;
    }
    s->has_reaper = true;
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

/* Clients that the kernel has let in already are served; shutting the socket down would cut them off. */
static void take_last_clients(struct MHD_Daemon *d, int listening)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    int fd;
    while ((fd = accept4(listening, (struct sockaddr *)&addr, &len,
                         SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        MHD_add_connection(d, fd, (struct sockaddr *)&addr, len);
        len = sizeof(addr);
    }
}

static void stop_listening(struct http_server *s)
{
    if (atomic_exchange(&s->draining, true))
        return;
    for (unsigned i = 0; i < s->n_daemons; i++) {
        MHD_socket fd = MHD_quiesce_daemon(s->daemons[i]);
        if (fd == MHD_INVALID_SOCKET)
            continue;
        take_last_clients(s->daemons[i], fd);
        shutdown(fd,
                 SHUT_RDWR); /* the daemon's threads may still name it: closed when they are gone */
        s->quiet[i] = fd;
    }
}

/* A client that has just connected, or just got an answer, may have a request under way. */
static bool expects_requests(struct http_server *s)
{
    uint64_t now_ns = clock_mono_ns();
    bool expects = false;
    pthread_mutex_lock(&s->shared.lock);
    for (struct conn *c = s->shared.conns; c && !expects; c = c->next) {
        uint64_t since = atomic_load_explicit(&c->waiting_since_ns, memory_order_relaxed);
        expects = since && since + last_chance_ns > now_ns;
    }
    pthread_mutex_unlock(&s->shared.lock);
    return expects;
}

bool http_server_drain(struct http_server *s, int64_t deadline_ms)
{
    uint64_t end = clock_mono_ns() + (uint64_t)deadline_ms * 1000000;
    stop_listening(s);
    while ((http_server_in_flight(s) > 0 || expects_requests(s)) && clock_mono_ns() < end)
        usleep(1000);
    return http_server_in_flight(s) == 0;
}

static void stop_reaper(struct http_server *s)
{
    if (!s->has_reaper)
        return;
    pthread_mutex_lock(&s->shared.lock);
    s->shared.closing = true;
    pthread_cond_signal(&s->shared.closing_changed);
    pthread_mutex_unlock(&s->shared.lock);
    pthread_join(s->reaper, NULL);
}

void http_server_close(struct http_server *s)
{
    if (!s)
        return;
    stop_reaper(s);
    for (unsigned i = 0; i < s->n_daemons; i++)
        MHD_stop_daemon(s->daemons[i]);
    for (unsigned i = 0; i < s->n_daemons; i++)
        if (s->quiet[i] >= 0)
            close(s->quiet[i]);
    pthread_cond_destroy(&s->shared.closing_changed);
    pthread_mutex_destroy(&s->shared.lock);
    free(s);
}
