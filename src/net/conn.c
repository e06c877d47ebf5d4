#include "net/http_priv.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A connection: NEW -> HEAD -> (BODY) -> handler -> (DEFERRED) -> WRITING -> HEAD ... -> (LINGERING) -> OVER.
 *
 * What comes is read into `in`, at most READ_BYTES at a time, and used from there: `advance` does a step, as long as
 * there is one to do. Several requests may come at once, and are answered one after the other. The head is copied into
 * the arena of the request, the body into its upload.
 *
 * Slow clients. The reaper (http.c) shuts down what is beyond its deadline, however little trickles in: a request must be
 * whole `timeout_ms` after its first byte, a new connection must have sent one by then. A body earns time: every
 * HTTP_BODY_RATE bytes move that by a second, though not beyond timeout_ms from now. So an upload of any size goes
 * through as long as its average rate is above that, and what came quickly buys no long pause later. Between requests
 * it is `idle_timeout_ms`, and a second more than answers say; while an answer is sent, timeout_ms without a byte that moves.
 *
 * A body that is not wanted gets an answer that says so. Closing while the client still sends would make its kernel
 * drop that answer, so the body is read and thrown away first: up to `swallow_bytes` of one that is too large, all of
 * one that would have been welcome if the disk were not full. For the same reason a connection that ends while more
 * may come lingers: it is shut down for writing, and read for a while.
 *
 * Bodies are written to their files by the thread of the connection. That goes to the page cache, at the speed of a
 * copy, but a disk that cannot follow makes the kernel stop the writer, and with it the other connections of that
 * thread.
 *
 * Deferred answers. The socket is not watched meanwhile, and no deadline applies. Two own a http_deferred: the
 * connection, and whoever will answer.
 *
 *   (1) `is_answered` is set once, by http_answer, which then calls the connection's loop; `gone` once, when the
 *       connection will not take it any more. Until then the loop is there.
 *   (2) A connection is in the server's list only while its socket is open. So under the lock others may shut it down.
 */
enum { READ_BYTES = 64 * 1024 };
static const size_t keep_bytes = 1u << 20; /* memory a connection keeps from request to request */
static const size_t swallow_bytes = 64u << 20;
static const uint64_t linger_ns = 2000000000;
static const uint64_t idle_grace_ns = 1000000000; /* for who comes in the last moment promised */

struct http_deferred {
    pthread_mutex_t lock;
    unsigned n_owners;
    struct conn *conn;
    struct loop *loop;
    bool is_answered, gone; /* (1) */
    struct answer answer;
};

static uint64_t ns_of(int64_t ms)
{
    return (uint64_t)ms * 1000000;
}

/* For its client, so long; from now on, unless `since_ns` is said. */
static void wait_since(struct conn *c, uint64_t since_ns, uint64_t patience_ns)
{
    atomic_store_explicit(&c->since_ns, since_ns, memory_order_relaxed);
    atomic_store_explicit(&c->deadline_ns, since_ns + patience_ns, memory_order_relaxed);
}

static void wait_for_client(struct conn *c)
{
    wait_since(c, clock_mono_ns(), ns_of(c->server->config.timeout_ms));
}

static void wait_for_nobody(struct conn *c)
{
    atomic_store_explicit(&c->deadline_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&c->since_ns, 0, memory_order_relaxed);
}

struct conn *conn_new(struct http_server *s, struct loop *l, int take_fd, bool for_probes)
{
    int on = 1;
    struct conn *c = mem_zalloc(sizeof(*c));
    c->server = s;
    c->loop = l;
    c->fd = take_fd;
    c->peer = peer_of(take_fd);
    c->for_probes = for_probes;
    setsockopt(take_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    wait_for_client(c);
    pthread_mutex_lock(&s->shared.lock);
    c->next = s->shared.conns;
    if (c->next)
        c->next->prev = c;
    s->shared.conns = c;
    s->shared.n_conns++;
    pthread_mutex_unlock(&s->shared.lock);
    return c;
}

static void leave_list(struct conn *c)
{
    struct http_server *s = c->server;
    pthread_mutex_lock(&s->shared.lock);
    if (c->prev)
        c->prev->next = c->next;
    else
        s->shared.conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    s->shared.n_conns -= !c->must_go;
    pthread_mutex_unlock(&s->shared.lock);
}

/* One of the two owners is done with it; the lock is held, and released. */
static void deferred_leave(struct http_deferred *d)
{
    bool last = --d->n_owners == 0;
    pthread_mutex_unlock(&d->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&d->lock);
    answer_done(&d->answer);
    free(d);
}

/* The connection will not take an answer any more. */
static void deferred_abandon(struct conn *c)
{
    struct http_deferred *d = c->request.deferred;
    if (!d)
        return;
    c->request.deferred = NULL;
    pthread_mutex_lock(&d->lock);
    d->gone = true;
    deferred_leave(d);
}

/* Forget the request and its answer, but keep a reasonable amount of memory for the next. */
static void request_end(struct conn *c)
{
    struct http_server *s = c->server;
    deferred_abandon(c);
    atomic_fetch_sub(&s->answer_bytes, c->answer.body_len);
    answer_reset(&c->answer);
    if (c->request.is_counted)
        atomic_fetch_sub(&s->n_in_flight, 1);
    if (c->request.arena.total > keep_bytes)
        arena_done(&c->request.arena);
    arena_reset(&c->request.arena);
    upload_reset(&c->request.body, keep_bytes);
    c->request.head = (struct http_head){0};
    c->request.chunked = (struct chunked){0};
    c->request.n_swallowed = 0;
    c->request.refused = OK;
    c->request.is_counted = false;
}

void conn_free(struct conn *c)
{
    request_end(c);
    leave_list(c); /* (2) */
    close(c->fd);
    answer_done(&c->answer);
    arena_done(&c->request.arena);
    upload_done(&c->request.body);
    buf_done(&c->in);
    free(c);
}

/* ------------------------------------------------------------------------------------ answers */

static void go_on_or_end(struct conn *c)
{
    bool ends = c->request.ends, is_cut = c->request.is_cut;
    request_end(c);
    if (!ends) {
        c->state = CONN_HEAD;
        c->is_idle = true;
        wait_since(c, clock_mono_ns(), ns_of(c->server->config.idle_timeout_ms) + idle_grace_ns);
    } else if (is_cut && shutdown(c->fd, SHUT_WR) == 0) {
        c->state = CONN_LINGERING;
        wait_since(c, clock_mono_ns(), linger_ns);
    } else {
        c->state = CONN_OVER;
    }
}

static void write_answer(struct conn *c)
{
    switch (answer_send(&c->answer, c->fd)) {
    case OK:
        go_on_or_end(c);
        break;
    case E_BUSY:
        wait_for_client(c);
        break;
    default:
        c->state = CONN_OVER;
    }
}

static bool is_head(const struct http_head *h)
{
    return h->method && strcmp(h->method, "HEAD") == 0;
}

/* c->answer has been begun. */
static void begin_writing(struct conn *c)
{
    struct http_server *s = c->server;
    if (atomic_load_explicit(&s->draining, memory_order_relaxed))
        c->request.ends = c->request.is_cut = true;
    atomic_fetch_add(&s->answer_bytes, c->answer.body_len);
    answer_end_head(&c->answer, c->request.ends ? 0 : (unsigned)(s->config.idle_timeout_ms / 1000),
                    is_head(&c->request.head));
    c->state = CONN_WRITING;
    write_answer(c);
}

struct http_deferred *http_defer(const struct http_request *req)
{
    struct conn *c = req->conn;
    struct http_deferred *d = mem_zalloc(sizeof(*d));
    assert(!req->body_rc && !c->request.deferred);
    pthread_mutex_init(&d->lock, NULL);
    d->n_owners = 2;
    d->conn = c;
    d->loop = c->loop;
    c->request.deferred = d;
    return d;
}

void http_answer(struct http_deferred *d, const struct http_response *take)
{
    pthread_mutex_lock(&d->lock);
    answer_begin(&d->answer, take);
    d->is_answered = true;
    if (!d->gone)
        loop_call(d->loop, d->conn);
    deferred_leave(d);
}

static void take_deferred(struct conn *c)
{
    struct http_deferred *d = c->request.deferred;
    pthread_mutex_lock(&d->lock);
    answer_done(&c->answer);
    c->answer = d->answer;
    d->answer = (struct answer){0};
    pthread_mutex_unlock(&d->lock);
    deferred_abandon(c);
    begin_writing(c);
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

static void run_handler(struct conn *c)
{
    struct http_server *s = c->server;
    const struct http_head *head = &c->request.head;
    struct http_request req = {.method = is_head(head) ? "GET" : head->method,
                               .path = head->path,
                               .too_many_answers =
                                   atomic_load(&s->answer_bytes) > s->config.max_answer_bytes,
                               .arena = &c->request.arena,
                               .head = head,
                               .conn = c};
    struct http_response res = {0};
    req.body_rc = body_view(c, &req.body);
    wait_for_nobody(c);
    s->handler(s->app, &req, &res);
    if (c->request.deferred) {
        c->state = CONN_DEFERRED;
        return;
    }
    answer_begin(&c->answer, &res);
    begin_writing(c);
}

static void count(struct conn *c)
{
    if (!c->request.is_counted)
        atomic_fetch_add(&c->server->n_in_flight, 1);
    c->request.is_counted = true;
}

/* The handler never hears of it, and nothing more of the connection is read. */
static void refuse(struct conn *c, unsigned status, const char *message)
{
    struct http_server *s = c->server;
    struct http_response res = {.status = status, .content_type = "text/plain"};
    if (s->config.refuse) {
        s->config.refuse(s->app, status, message, &res);
    } else {
        struct buf text = {0};
        buf_printf(&text, "%s\n", message);
        res.body_len = text.len;
        res.body = buf_detach(&text);
    }
    count(c);
    c->request.ends = c->request.is_cut = true;
    answer_begin(&c->answer, &res);
    begin_writing(c);
}

/* ------------------------------------------------------------------------------------ requests */

static struct view unused(const struct conn *c)
{
    return view_of(c->in.ptr + c->in_at, c->in.len - c->in_at);
}

void http_request_detach_body(const struct http_request *req, struct http_body *out)
{
    upload_detach(&req->conn->request.body, out);
}

/* Bytes to read of a body that is not wanted, so that the client hears why. */
static uint64_t swallow_max(const struct conn *c)
{
    bool welcome = c->request.refused != E_LIMIT && c->request.body_max > swallow_bytes;
    return welcome ? c->request.body_max : swallow_bytes;
}

/* How much may come, and where it goes. */
static void prepare_body(struct conn *c, struct http_rule rule)
{
    struct http_server *s = c->server;
    struct upload *body = &c->request.body;
    uint64_t announced = c->request.head.body_bytes;
    c->request.left = announced;
    c->request.body_max = rule.max_bytes;
    body->spool = rule.may_spool ? s->spool : NULL;
    body->memory_max = s->config.upload_memory_bytes;
    if (announced > rule.max_bytes)
        c->request.refused = E_LIMIT;
    else if (body->spool && announced > body->memory_max && !spool_has_room(body->spool, announced))
        c->request.refused = E_BUSY;
    else
        buf_reserve(&body->memory, announced < keep_bytes ? announced : keep_bytes);
}

/* Refused at once: nobody reads the body. */
static void cut_body(struct conn *c)
{
    c->request.ends = c->request.is_cut = true;
    run_handler(c);
}

static void invite(struct conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(text) - 1)
        c->state = CONN_OVER;
}

/* The head is there. A client that asks first, or has very much to send, is refused at once. */
static void begin_request(struct conn *c)
{
    struct http_server *s = c->server;
    const struct http_head *head = &c->request.head;
    struct http_rule rule = {.max_bytes = s->config.max_body_bytes};
    if (s->config.rule)
        rule = s->config.rule(s->app, head->method, head->path);
    if (c->for_probes && !rule.is_probe) {
        refuse(c, 503, "all connections are in use (server.max_connections)");
        return;
    }
    count(c);
    c->request.ends = !head->keeps_alive || c->for_probes;
    c->request.is_cut = false;
    prepare_body(c, rule);
    if (c->request.refused && (head->asks_to_send || head->body_bytes > swallow_max(c))) {
        cut_body(c);
    } else if (head->body_bytes == 0 && !head->is_chunked) {
        run_handler(c);
    } else {
        wait_for_client(c);
        c->state = CONN_BODY;
        if (head->asks_to_send && unused(c).len == 0)
            invite(c);
    }
}

static void parse_head(struct conn *c, struct view text)
{
    struct err err;
    char *copy = arena_strndup(&c->request.arena, text.ptr, text.len);
    enum code rc = head_parse(copy, text.len, &c->request.arena, &c->request.head, &err);
    if (rc)
        refuse(c, rc == E_UNSUPPORTED ? 501 : 400, err.msg);
    else
        begin_request(c);
}

/* Whether there may be another step. */
static bool read_head(struct conn *c)
{
    struct view in = unused(c);
    if (in.len == 0)
        return false;
    if (c->is_idle)
        wait_for_client(c);
    c->is_idle = false;
    bool is_full = in.len >= HTTP_HEAD_MAX;
    if (is_full)
        in.len = HTTP_HEAD_MAX;
    switch (head_scan(in, &c->scanned)) {
    case HEAD_PARTIAL:
        if (is_full)
            refuse(c, 431, "the head of the request is longer than 64 KiB");
        return is_full;
    case HEAD_MALFORMED:
        refuse(c, 400,
               "a line of the request's head does not end with CR LF, or has a control byte");
        return true;
    case HEAD_WHOLE:
        break;
    }
    in.len = c->scanned;
    c->in_at += c->scanned;
    c->scanned = 0;
    parse_head(c, in);
    return true;
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

/* So many bytes of a body came, and were put away since `start_ns`, for which the client has not to answer. */
static void body_has_moved(struct conn *c, size_t n, uint64_t since_ns, uint64_t start_ns)
{
    uint64_t now_ns = clock_mono_ns();
    since_ns += (uint64_t)n * 1000000000 / HTTP_BODY_RATE + (now_ns - start_ns);
    wait_since(c, since_ns < now_ns ? since_ns : now_ns, ns_of(c->server->config.timeout_ms));
}

/* False: too much of a body came that is not wanted. */
static bool take_piece(struct conn *c, struct view bytes)
{
    uint64_t since_ns = atomic_load_explicit(&c->since_ns, memory_order_relaxed);
    uint64_t start_ns = clock_mono_ns();
    wait_for_nobody(c);
    if (!c->request.refused)
        keep_body(c, bytes);
    if (c->request.refused)
        c->request.n_swallowed += bytes.len;
    body_has_moved(c, bytes.len, since_ns, start_ns);
    return c->request.n_swallowed <= swallow_max(c);
}

/* The next piece of the body that is in `in`, and what follows. */
static enum chunked_progress next_piece(struct conn *c, struct view *out)
{
    struct view rest = unused(c);
    enum chunked_progress progress = CHUNKED_PIECE;
    *out = (struct view){0};
    if (c->request.head.is_chunked) {
        progress = chunked_next(&c->request.chunked, &rest, out);
        c->in_at = c->in.len - rest.len;
        return progress;
    }
    if (c->request.left == 0)
        return CHUNKED_END;
    *out = view_of(rest.ptr, rest.len < c->request.left ? rest.len : (size_t)c->request.left);
    c->in_at += out->len;
    c->request.left -= out->len;
    return out->len ? CHUNKED_PIECE : CHUNKED_MORE;
}

/* Whether there may be another step. */
static bool read_body(struct conn *c)
{
    struct view piece;
    switch (next_piece(c, &piece)) {
    case CHUNKED_MORE:
        return false;
    case CHUNKED_PIECE:
        if (!take_piece(c, piece))
            cut_body(c);
        return true;
    case CHUNKED_END:
        run_handler(c);
        return true;
    case CHUNKED_MALFORMED:
        refuse(c, 400, "the chunks of the body are malformed");
        return true;
    }
    return false;
}

/* Whether there may be another step. */
static bool advance(struct conn *c)
{
    switch (c->state) {
    case CONN_HEAD:
        return read_head(c);
    case CONN_BODY:
        return read_body(c);
    case CONN_LINGERING:
        c->in_at = c->in.len;
        return false;
    case CONN_NEW:
    case CONN_DEFERRED:
    case CONN_WRITING:
    case CONN_OVER:
        return false;
    }
    return false;
}

/* ------------------------------------------------------------------------------------ the socket */

/* Nothing is kept where all was used: most connections are idle. */
static void forget_used(struct conn *c)
{
    struct view rest = unused(c);
    if (rest.len == 0)
        buf_done(&c->in);
    else if (c->in_at)
        memmove(c->in.ptr, rest.ptr, rest.len);
    c->in.len = rest.len;
    c->in_at = 0;
}

static void receive(struct conn *c)
{
    ssize_t n = recv(c->fd, buf_reserve(&c->in, READ_BYTES), READ_BYTES, 0);
    if (n > 0)
        c->in.len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        c->state = CONN_OVER;
}

static unsigned events_of(enum conn_state state)
{
    switch (state) {
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_LINGERING:
        return EPOLLIN;
    case CONN_WRITING:
        return EPOLLOUT;
    case CONN_NEW:
    case CONN_DEFERRED:
    case CONN_OVER:
        return 0;
    }
    return 0;
}

/* Use what came, then wait for what the state says. The connection may be gone afterwards. */
static void settle(struct conn *c)
{
    while (advance(c))
        ;
    unsigned events = events_of(c->state);
    if (c->state != CONN_OVER && loop_watch(c->loop, c->fd, c, c->watched, events)) {
        c->watched = events;
        forget_used(c);
    } else {
        conn_free(c);
    }
}

void conn_ready(void *conn)
{
    struct conn *c = conn;
    if (c->state == CONN_WRITING)
        write_answer(c);
    else
        receive(c);
    settle(c);
}

void conn_called(void *conn)
{
    struct conn *c = conn;
    if (c->state == CONN_DEFERRED) {
        take_deferred(c);
    } else {
        c->state = CONN_HEAD;
        receive(c);
    }
    settle(c);
}
