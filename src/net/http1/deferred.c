#include "net/http1/deferred.h"

#include "base/mem.h"
#include "net/http1/state.h"

#include <assert.h>

/*
 * Deferred answers. The socket is not watched meanwhile, and no deadline applies. A http_deferred
 * has two owners: the connection, and whoever will answer.
 *
 * (1) `is_answered` is set once, by http_answer, which then calls the connection's loop; `gone`
 *     once, when the connection will not take it any more. Until then the loop is there.
 */
struct http_deferred {
    pthread_mutex_t lock;
    unsigned n_owners;
    struct conn *conn;
    struct loop *loop;
    bool is_answered, gone; /* (1) */
    struct answer answer;
};

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

void deferred_abandon(struct conn *c)
{
    struct http_deferred *d = c->request.deferred;
    if (!d)
        return;
    c->request.deferred = NULL;
    pthread_mutex_lock(&d->lock);
    d->gone = true;
    deferred_leave(d);
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

void deferred_take(struct conn *c, struct answer *out)
{
    struct http_deferred *d = c->request.deferred;
    pthread_mutex_lock(&d->lock);
    answer_done(out);
    *out = d->answer;
    d->answer = (struct answer){0};
    pthread_mutex_unlock(&d->lock);
    deferred_abandon(c);
}

void http_request_detach_body(const struct http_request *req, struct http_body *out)
{
    upload_detach(&req->conn->request.body, out);
}
