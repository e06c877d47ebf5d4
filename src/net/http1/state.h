/*
 * What server, reaper, connections and what they read know of each other.
 *
 *     server.c  ->  reaper.c, conn.c  ->  read.c, deferred.c  ->  waits.c  ->  this
 */
#ifndef MURR_NET_HTTP1_STATE_H
#define MURR_NET_HTTP1_STATE_H

#include "net/http1/answer.h"
#include "net/http1/chunked.h"
#include "net/http1/head.h"
#include "net/loop.h"
#include "net/peer.h"

#include <pthread.h>
#include <stdatomic.h>

struct http_server {
    struct http_config config; /* its strings are gone */
    http_handler_fn handler;
    void *app;
    struct spool *spool; /* NULL: all bodies stay in memory */
    unsigned port;
    bool is_local;
    struct loop **loops;
    unsigned n_loops;
    unsigned n_accepted;
    struct acceptor *acceptor; /* NULL when it accepts no more */
    _Atomic bool draining;
    _Atomic unsigned n_in_flight;
    _Atomic size_t answer_bytes; /* of bodies that are not sent whole */
    pthread_t reaper;
    bool has_reaper;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t closing_changed;
        struct conn *conns; /* all open ones */
        unsigned n_conns;   /* but those that were told to go */
        bool closing;
    } shared;
};

/* Memory that a connection keeps from request to request. */
enum { CONN_KEEP_BYTES = 1 << 20 };

enum conn_state {
    CONN_NEW,
    CONN_HEAD,
    CONN_BODY,
    CONN_DEFERRED, /* the answer comes from elsewhere */
    CONN_WRITING,
    CONN_LINGERING, /* the answer is sent; what still comes is thrown away */
    CONN_OVER
};

struct conn {
    struct http_server *server;
    struct loop *loop;
    struct conn *prev, *next; /* in server->shared.conns */
    int fd;
    struct peer peer;
    bool for_probes; /* came when all connections were in use */
    bool must_go;    /* under the server's lock: told to make room */
    /* Written by the connection's thread, read by any. */
    /* when it began to wait for its client, or something moved; 0: it does not */
    _Atomic uint64_t since_ns;
    _Atomic uint64_t deadline_ns; /* when it is closed; 0: it does not wait for its client */
    /* All else is the connection's thread's alone. */
    enum conn_state state;
    unsigned watched; /* events */
    bool is_idle;     /* between two requests */
    struct buf in;    /* what came: the bytes from in_at on are not used yet */
    size_t in_at;
    size_t scanned; /* of them, by head_scan */
    struct {
        struct http_head head;
        struct arena arena;
        struct upload body;
        struct chunked chunked;
        uint64_t left; /* to come, of a body that is not chunked */
        uint64_t body_max;
        uint64_t n_swallowed;
        enum code refused; /* why the body is not wanted */
        bool is_counted;   /* among server->n_in_flight */
        bool ends;         /* the connection is closed behind the answer */
        bool is_cut;       /* more may come of the request, which nobody will look at */
        struct http_deferred *deferred;
    } request;
    struct answer answer;
};

#endif
