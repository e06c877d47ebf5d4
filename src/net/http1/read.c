#include "net/http1/read.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/http1/waits.h"

#include <sys/socket.h>

enum { SWALLOW_BYTES = 64 << 20 }; /* of a body that is too large */

struct view read_unused(const struct conn *c)
{
    return view_of(c->in.ptr + c->in_at, c->in.len - c->in_at);
}

void read_count(struct conn *c)
{
    if (!c->request.is_counted)
        atomic_fetch_add(&c->server->n_in_flight, 1);
    c->request.is_counted = true;
}

static enum read_step refuse(struct refusal *out, unsigned status, const char *message)
{
    out->status = status;
    err_write(&out->why, "%s", message);
    return READ_REFUSED;
}

/* How much of a refused body we read, so that the client can read our answer (conn.c). */
static uint64_t swallow_max(const struct conn *c)
{
    bool welcome = c->request.refused != E_LIMIT && c->request.body_max > SWALLOW_BYTES;
    return welcome ? c->request.body_max : SWALLOW_BYTES;
}

/* Decide how long the body may be and where it is kept. */
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
        buf_reserve(&body->memory, announced < CONN_KEEP_BYTES ? announced : CONN_KEEP_BYTES);
}

/* Answer at once, without reading the body. */
static enum read_step cut_body(struct conn *c)
{
    c->request.ends = c->request.is_cut = true;
    return READ_REQUEST;
}

static void invite(struct conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(text) - 1)
        c->state = CONN_OVER;
}

/* The head is complete. If the body is refused and the client waits for leave to send it, or it is
 * very long, answer at once. */
static enum read_step begin_request(struct conn *c, struct refusal *out)
{
    struct http_server *s = c->server;
    const struct http_head *head = &c->request.head;
    struct http_rule rule = {.max_bytes = s->config.max_body_bytes};
    if (s->config.rule)
        rule = s->config.rule(s->app, head->method, head->path);
    if (c->for_probes && !rule.is_probe)
        return refuse(out, 503, "all connections are in use (server.max_connections)");
    read_count(c);
    c->request.ends = !head->keeps_alive || c->for_probes;
    c->request.is_cut = false;
    prepare_body(c, rule);
    if (c->request.refused && (head->asks_to_send || head->body_bytes > swallow_max(c)))
        return cut_body(c);
    if (head->body_bytes == 0 && !head->is_chunked)
        return READ_REQUEST;
    conn_waits(c);
    c->state = CONN_BODY;
    if (head->asks_to_send && read_unused(c).len == 0)
        invite(c);
    return READ_ON;
}

static enum read_step parse_head(struct conn *c, struct view text, struct refusal *out)
{
    char *copy = arena_strndup(&c->request.arena, text.ptr, text.len);
    enum code rc = head_parse(copy, text.len, &c->request.arena, &c->request.head, &out->why);
    out->status = rc == E_UNSUPPORTED ? 501 : 400;
    return rc ? READ_REFUSED : begin_request(c, out);
}

enum read_step read_head(struct conn *c, struct refusal *out)
{
    struct view in = read_unused(c);
    if (in.len == 0)
        return READ_MORE;
    if (c->is_idle)
        conn_waits(c);
    c->is_idle = false;
    bool is_full = in.len >= HTTP_HEAD_MAX;
    if (is_full)
        in.len = HTTP_HEAD_MAX;
    switch (head_scan(in, &c->scanned)) {
    case HEAD_PARTIAL:
        return is_full ? refuse(out, 431, "the head of the request is longer than 64 KiB")
                       : READ_MORE;
    case HEAD_MALFORMED:
        return refuse(
            out, 400,
            "a line of the request's head does not end with CR LF, or has a control byte");
    case HEAD_WHOLE:
        break;
    }
    in.len = c->scanned;
    c->in_at += c->scanned;
    c->scanned = 0;
    return parse_head(c, in, out);
}

static void refuse_body(struct conn *c, enum code why, const struct err *err)
{
    if (why != E_LIMIT && why != E_BUSY)
        log_warn("an upload failed", log_str("error", err->msg));
    c->request.refused = why;
    upload_reset(&c->request.body, CONN_KEEP_BYTES);
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

/* `n` bytes of the body arrived. The time since `start_ns` was ours (storing them), so it extends
 * the deadline. */
static void body_has_moved(struct conn *c, size_t n, uint64_t since_ns, uint64_t start_ns)
{
    uint64_t now_ns = clock_mono_ns();
    since_ns += (uint64_t)n * 1000000000 / HTTP_BODY_RATE + (now_ns - start_ns);
    conn_waits_since(c, since_ns < now_ns ? since_ns : now_ns);
}

/* Returns false if more of a refused body came than we are willing to read. */
static bool take_piece(struct conn *c, struct view bytes)
{
    uint64_t since_ns = atomic_load_explicit(&c->since_ns, memory_order_relaxed);
    uint64_t start_ns = clock_mono_ns();
    conn_is_served(c);
    if (!c->request.refused)
        keep_body(c, bytes);
    if (c->request.refused)
        c->request.n_swallowed += bytes.len;
    body_has_moved(c, bytes.len, since_ns, start_ns);
    return c->request.n_swallowed <= swallow_max(c);
}

/* Take the next piece of the body from `in`. */
static enum chunked_progress next_piece(struct conn *c, struct view *out)
{
    struct view rest = read_unused(c);
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

enum read_step read_body(struct conn *c, struct refusal *out)
{
    struct view piece;
    switch (next_piece(c, &piece)) {
    case CHUNKED_MORE:
        return READ_MORE;
    case CHUNKED_PIECE:
        return take_piece(c, piece) ? READ_ON : cut_body(c);
    case CHUNKED_END:
        return READ_REQUEST;
    case CHUNKED_MALFORMED:
        break;
    }
    return refuse(out, 400, "the chunks of the body are malformed");
}
