#include "net/http1/conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/http1/deferred.h"
#include "net/http1/read.h"
#include "net/http1/waits.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A connection: NEW -> HEAD -> (BODY) -> handler -> (DEFERRED) -> WRITING -> HEAD ... ->
 * (LINGERING) -> OVER.
 *
 * Bytes are received into `in`, at most READ_BYTES at a time. `advance` then takes steps (read.c)
 * until it needs more bytes. A client may send several requests at once; they are answered one
 * after the other. The head is copied into the arena of the request, and the body into its upload.
 *
 * Slow clients. The reaper shuts down every connection that is past its deadline, even if bytes
 * still trickle in. A request must be complete `timeout_ms` after its first byte, and a new
 * connection must send that byte within the same time. A body extends the deadline by one second
 * for every HTTP_BODY_RATE bytes, but never beyond `timeout_ms` from now. So an upload of any size
 * succeeds if its average rate is higher than that, and a fast start does not pay for a long pause
 * later. An idle connection may stay for `idle_timeout_ms`, and one second longer than Keep-Alive
 * promises. While an answer is sent, the client must take at least one byte every `timeout_ms`.
 *
 * Refused bodies. If we closed the socket while the client still sends, its kernel would discard
 * our answer before the client reads it. So we first read the body and throw it away: at most
 * SWALLOW_BYTES if the body is too large, all of it if the disk is full and the body would have
 * been accepted otherwise. For the same reason a connection that ends while more bytes may come
 * lingers: we shut down our side and read for another two seconds.
 *
 * The thread of the connection writes bodies to their files. The writes go to the page cache and
 * cost as much as a copy. If the disk cannot keep up, the kernel blocks that thread, and its other
 * connections wait.
 *
 * (1) A connection is in the server's list only while its socket is open. So whoever holds the lock
 *     may shut it down.
 */
enum { READ_BYTES = 64 * 1024 };
static const uint64_t linger_ns = 2000000000;
/* for a request sent in the last moment that Keep-Alive promised */
static const uint64_t idle_grace_ns = 1000000000;

static uint64_t ns_of(int64_t ms)
{
    return (uint64_t)ms * 1000000;
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

/* Forget the request and its answer, but keep a reasonable amount of memory for the next. */
static void request_end(struct conn *c)
{
    struct http_server *s = c->server;
    deferred_abandon(c);
    atomic_fetch_sub(&s->answer_bytes, c->answer.body_len);
    answer_reset(&c->answer);
    if (c->request.is_counted)
        atomic_fetch_sub(&s->n_in_flight, 1);
    if (c->request.arena.total > CONN_KEEP_BYTES)
        arena_done(&c->request.arena);
    arena_reset(&c->request.arena);
    upload_reset(&c->request.body, CONN_KEEP_BYTES);
    c->request.head = (struct http_head){0};
    c->request.chunked = (struct chunked){0};
    c->request.n_swallowed = 0;
    c->request.refused = OK;
    c->request.is_counted = false;
}

void conn_free(struct conn *c)
{
    request_end(c);
    leave_list(c); /* (1) */
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
    bool ends = c->request.ends, is_cut = c->request.is_cut || read_unused(c).len > 0;
    uint64_t now_ns = clock_mono_ns();
    request_end(c);
    if (!ends) {
        c->state = CONN_HEAD;
        c->is_idle = true;
        conn_waits_until(c, now_ns,
                         now_ns + ns_of(c->server->config.idle_timeout_ms) + idle_grace_ns);
    } else if (is_cut && shutdown(c->fd, SHUT_WR) == 0) {
        c->state = CONN_LINGERING;
        conn_waits_until(c, now_ns, now_ns + linger_ns);
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
        conn_waits(c);
        break;
    default:
        c->state = CONN_OVER;
    }
}

static bool is_head(const struct http_head *h)
{
    return h->method && strcmp(h->method, "HEAD") == 0;
}

/* c->answer has its first lines (answer_begin). */
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
    conn_is_served(c);
    s->handler(s->app, &req, &res);
    if (c->request.deferred) {
        c->state = CONN_DEFERRED;
        return;
    }
    answer_begin(&c->answer, &res);
    begin_writing(c);
}

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
    read_count(c);
    c->request.ends = c->request.is_cut = true;
    answer_begin(&c->answer, &res);
    begin_writing(c);
}

/* Do what the step asks for. Returns whether there may be another one. */
static bool act(struct conn *c, enum read_step step, const struct refusal *refusal)
{
    switch (step) {
    case READ_MORE:
        return false;
    case READ_ON:
        return true;
    case READ_REQUEST:
        run_handler(c);
        return true;
    case READ_REFUSED:
        refuse(c, refusal->status, refusal->why.msg);
        return true;
    }
    return false;
}

static bool advance(struct conn *c)
{
    struct refusal refusal;
    switch (c->state) {
    case CONN_HEAD:
        return act(c, read_head(c, &refusal), &refusal);
    case CONN_BODY:
        return act(c, read_body(c, &refusal), &refusal);
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

/* ----------------------------------------------------------------------------------- the socket */

/* Free the buffer if all of it was used: most connections are idle and should cost little. */
static void forget_used(struct conn *c)
{
    struct view rest = read_unused(c);
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

/* Use the bytes that came, then wait for the events of the new state. This may free the
 * connection. */
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
        deferred_take(c, &c->answer);
        begin_writing(c);
    } else {
        c->state = CONN_HEAD;
        receive(c);
    }
    settle(c);
}
