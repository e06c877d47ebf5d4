/* HTTP messages as a handler sees them, and the settings of a server (server.h). */
#ifndef MURR_NET_HTTP1_HTTP_H
#define MURR_NET_HTTP1_HTTP_H

#include "base/arena.h"
#include "base/err.h"
#include "net/http1/upload.h"

struct http_head;
struct conn;

struct http_request {
    const char *method; /* "GET", "POST", ...; for HEAD "GET": the server leaves the body out */
    const char *path;   /* as it came: still percent-encoded, without the query */
    struct view body;
    /* why `body` is empty although there was one: E_LIMIT more than allowed was sent, or announced;
     * E_BUSY too many bytes of uploads; E_NOSPACE, E_IO, E_NOMEM */
    enum code body_rc;
    bool too_many_answers; /* more bytes than allowed wait for their clients to read them */
    struct arena *arena;   /* for all that must live until the response is written */
    const struct http_head *head;
    struct conn *conn;
};

/* The value of a header by any case of its name, or NULL. Lives as long as the request. */
const char *http_request_header(const struct http_request *req, const char *name);

/* Host and port that the client asks, "name:8080"; NULL: an old client does not say. */
const char *http_request_host(const struct http_request *req);

/* Whether the query has that name, with or without a value: "?verbose". */
bool http_request_query(const struct http_request *req, const char *name);

/* All values of that name in the query, decoded, in their order; the array lives in the request's
 * arena. */
struct http_values {
    struct view *values;
    size_t n;
};
struct http_values http_request_query_values(const struct http_request *req, const char *name);

enum { HTTP_HEADERS_MAX = 8 };

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

/* Answer a request: fill `res`, which comes zeroed. Called on any of the server's threads. After
 * http_defer (deferred.h), `res` is ignored. */
typedef void (*http_handler_fn)(void *app, const struct http_request *req,
                                struct http_response *res);

/* What is known of a request when its head is there. */
struct http_rule {
    uint64_t max_bytes; /* of the body */
    /* a body longer than upload_memory_bytes goes to a file; else all stays in memory */
    bool may_spool;
    bool is_probe; /* is answered also when all connections are in use */
};
typedef struct http_rule (*http_rule_fn)(void *app, const char *method, const char *path);

/* Answer a request that did not get as far as the handler: one that is malformed, too large or too
 * many. */
typedef void (*http_refuse_fn)(void *app, unsigned status, const char *message,
                               struct http_response *res);

/* Bytes of a head, and how many connections are let in for probes alone when all others are in
 * use. */
enum { HTTP_HEAD_MAX = 64 * 1024, HTTP_PROBES = 8 };

/* Bytes a second. A body may take timeout_ms, and besides a second for so many bytes that came. */
enum { HTTP_BODY_RATE = 64 * 1024 };

struct http_config {
    const char *host; /* name or address; "localhost" is 127.0.0.1 and, where there is one, ::1 */
    unsigned port;    /* 0: any free one */
    unsigned threads; /* 0: one a core */
    size_t max_body_bytes;     /* where there is no rule; kept in memory */
    http_rule_fn rule;         /* may be NULL */
    http_refuse_fn refuse;     /* may be NULL: as plain text */
    const char *upload_dir;    /* for bodies that go to files; NULL: none do */
    uint64_t max_upload_bytes; /* of all such files together */
    size_t upload_memory_bytes;
    /* of answers that clients have not read; beyond it, handlers are told */
    size_t max_answer_bytes;
    unsigned max_connections;
    unsigned max_upload_files; /* at a time, while they are received: each takes a descriptor */
    int64_t timeout_ms; /* for a client to send a request whole, but see HTTP_BODY_RATE; to read */
    int64_t idle_timeout_ms; /* between two requests on one connection */
};

/* Undo percent-encoding; false where it is malformed or hides a NUL. Memory comes from `arena`. */
bool http_percent_decode(struct view text, struct arena *arena, struct view *out);

#endif
