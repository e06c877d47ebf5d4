/*
 * An HTTP/1.1 server on libmicrohttpd. It knows messages, limits and threads; what a path means is
 * the handler's business.
 *
 * Threads   one thread a core accepts, reads, runs the handler to completion and writes; a
 * connection stays with its thread. One more closes connections of clients that are too slow.
 * Limits    the bytes of a body, of headers (64 KiB a connection), the number of connections, and
 * the time a client may take for a request.
 */
#ifndef MURR_NET_HTTP_H
#define MURR_NET_HTTP_H

#include "base/arena.h"
#include "base/err.h"

struct http_server;
struct MHD_Connection;

struct http_request {
    const char *method; /* "GET", "POST", ...; for HEAD "GET": the server leaves the body out */
    const char *path;   /* as it came: still percent-encoded, without the query */
    struct view body;
    bool body_too_large;   /* more than allowed was sent, or announced; `body` is then empty */
    bool too_many_answers; /* more bytes than allowed wait for their clients to read them */
    struct arena *arena;   /* for all that must live until the response is written */
    struct MHD_Connection *conn;
};

/* The value of a header by any case of its name, or NULL. Lives as long as the request. */
const char *http_request_header(const struct http_request *req, const char *name);

/* Whether the query has that name, with or without a value: "?verbose". */
bool http_request_query(const struct http_request *req, const char *name);

/* All values of that name in the query, decoded, in their order; the array lives in the request's arena. */
struct http_values {
    struct view *values;
    size_t n;
};
struct http_values http_request_query_values(const struct http_request *req, const char *name);

enum { HTTP_HEADERS_MAX = 4 };

struct http_response {
    unsigned status;
    const char *content_type;
    struct {
        const char *name, *value; /* copied when the handler returns */
    } headers[HTTP_HEADERS_MAX];
    size_t n_headers;
    uint8_t *body; /* owned: the server sends it from where it is, then calls free() */
    size_t body_len;
};

/* Answer a request: fill `res`, which comes zeroed. Called on any of the server's threads. */
typedef void (*http_handler_fn)(void *app, const struct http_request *req,
                                struct http_response *res);

struct http_config {
    const char *host; /* name or address; "localhost" is 127.0.0.1 and, where there is one, ::1 */
    unsigned port;    /* 0: any free one */
    unsigned threads; /* 0: one a core */
    size_t max_body_bytes;
    size_t
        max_answer_bytes; /* of answers that clients have not read; beyond it, handlers are told */
    unsigned max_connections;
    int64_t timeout_ms; /* for a client to send a request whole; also the longest idle time */
};

/*
 * Listen and serve. `app` must outlive the server.
 *
 * Fails E_EXISTS "cannot listen on localhost:8080: address already in use", E_NOTFOUND for a host
 * that does not resolve, E_IO.
 */
must_use enum code http_server_open(const struct http_config *config, http_handler_fn handler,
                                    void *app, struct http_server **out_server, struct err *err);

/* The port it listens on. */
unsigned http_server_port(const struct http_server *s);

/* Requests that have begun and are not answered in full. */
unsigned http_server_in_flight(const struct http_server *s);

/* Accept no more connections, and wait until all requests are answered; false: not within the time.
 */
bool http_server_drain(struct http_server *s, int64_t deadline_ms);

/* Close everything at once; what is in flight is cut off. NULL is fine. */
void http_server_close(struct http_server *s);

/* Undo percent-encoding; false where it is malformed or hides a NUL. Memory comes from `arena`. */
bool http_percent_decode(struct view text, struct arena *arena, struct view *out);

#endif
