/*
 * The transfer loop: many transfers at the same time, on one thread. transfer.c is about a single
 * one.
 *
 *     arrived      started by any thread; moved on by the loop's thread
 *     waiting      for their time, for room in their lane, or for credentials
 *     running      in libcurl's multi handle
 *
 * (1) Everything except `arrived` and `stopping` belongs to the loop's thread and needs no lock.
 *     The same holds for libcurl's handles, and for what `prepare` and `ended` touch of a transfer.
 * (2) A transfer that is in no list belongs to its owner. `ended` hands it back, so the loop does
 *     not touch it afterwards; the owner may have freed it.
 * (3) curl_multi_poll returns when a socket is ready or transfer_start wakes it. Cancellation wakes
 *     nobody, so while there are transfers the loop looks every POLL_MS.
 *
 * A thread for each request was too dear for hundreds of requests, and callbacks throughout the
 * load too hard to follow (docs/decisions/0021).
 */
#include "remote/transfer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "remote/transfer_priv.h"

#include <pthread.h>

enum {
    POLL_MS = 50,    /* (3) */
    IDLE_MS = 60000, /* without transfers */
};

struct transfer_loop {
    CURLM *multi;
    CURLSH *share; /* resolved names and TLS sessions */
    unsigned max_in_flight;
    pthread_t thread;

    /* Only the loop's thread (1). */
    struct transfer *waiting; /* in the order of arrival */
    struct transfer *running;
    unsigned n_running;

    pthread_mutex_t lock; /* guards the two below */
    struct transfer *arrived;
    bool stopping;
};

static void push_last(struct transfer **list, struct transfer *t)
{
    while (*list)
        list = &(*list)->loop.next;
    t->loop.next = NULL;
    *list = t;
}

/* A thread that waits for one transfer (transfer_call). */
struct transfer_waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
};

/* (2) */
static void hand_back(struct transfer *t)
{
    struct transfer_waiter *w = t->loop.waiter;
    if (!w) {
        t->ended(t);
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->has_ended = true;
    pthread_cond_signal(&w->ended); /* under the lock, since the waiter is gone when it wakes */
    pthread_mutex_unlock(&w->lock);
}

static void finish(struct transfer *t, CURLcode result)
{
    transfer_conclude(t, result);
    transfer_easy_close(t);
    hand_back(t);
}

static void refuse(struct transfer *t, enum code code)
{
    t->code = code;
    t->head = (struct transfer_head){0};
    hand_back(t);
}

static void collect_arrived(struct transfer_loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct transfer *t = l->arrived;
    l->arrived = NULL;
    pthread_mutex_unlock(&l->lock);
    while (t) {
        struct transfer *next = t->loop.next;
        push_last(&l->waiting, t);
        t = next;
    }
}

static void start_one(struct transfer_loop *l, struct transfer *t)
{
    t->wait_ms = 0;
    enum code rc = t->prepare ? t->prepare(t, &t->err) : OK;
    if (!rc && t->wait_ms) {
        t->loop.start_at_ns = clock_mono_ns() + t->wait_ms * 1000000u;
        push_last(&l->waiting, t);
        return;
    }
    t->loop.prepared = rc == OK;
    if (rc) {
        refuse(t, rc);
        return;
    }
    t->loop.share = l->share;
    transfer_easy_open(t);
    push_last(&l->running, t);
    l->n_running++;
    if (t->lane)
        t->lane->n_running++;
    curl_multi_add_handle(l->multi, t->loop.easy);
}

static bool has_room(const struct transfer_loop *l, const struct transfer *t)
{
    return l->n_running < l->max_in_flight &&
           (!t->lane || t->lane->max_in_flight == 0 || t->lane->n_running < t->lane->max_in_flight);
}

/* Start what is due, end what was cancelled, and return for how long nothing else will be due. */
static int start_due(struct transfer_loop *l)
{
    int wait_ms = l->waiting || l->running ? POLL_MS : IDLE_MS;
    struct transfer **at = &l->waiting;
    while (*at) {
        struct transfer *t = *at;
        uint64_t now = clock_mono_ns();
        enum code rc = remote_op_check(t->op, &t->err);
        bool is_due = now >= t->loop.start_at_ns && has_room(l, t);
        if (!rc && !is_due) {
            uint64_t left_ms =
                now < t->loop.start_at_ns ? (t->loop.start_at_ns - now) / 1000000 : POLL_MS;
            wait_ms = left_ms < (uint64_t)wait_ms ? (int)left_ms + 1 : wait_ms;
            at = &t->loop.next;
            continue;
        }
        *at = t->loop.next;
        if (rc)
            refuse(t, rc);
        else
            start_one(l, t);
    }
    return wait_ms;
}

static void remove_running(struct transfer_loop *l, struct transfer *t)
{
    struct transfer **at = &l->running;
    while (*at && *at != t)
        at = &(*at)->loop.next;
    if (*at)
        *at = t->loop.next;
    l->n_running--;
    if (t->lane)
        t->lane->n_running--;
    curl_multi_remove_handle(l->multi, t->loop.easy);
}

static void finish_ended(struct transfer_loop *l)
{
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(l->multi, &left))) {
        struct transfer *t;
        CURLcode result = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        remove_running(l, t);
        finish(t, result);
    }
}

/* End running transfers that were cancelled or whose time is over. */
static void end_cancelled(struct transfer_loop *l)
{
    struct transfer *next;
    for (struct transfer *t = l->running; t; t = next) {
        next = t->loop.next;
        struct err why;
        enum code rc = remote_op_check(t->op, &why);
        if (!rc)
            continue;
        remove_running(l, t);
        transfer_easy_close(t);
        t->err = why;
        refuse(t, rc);
    }
}

static bool is_stopping(struct transfer_loop *l)
{
    pthread_mutex_lock(&l->lock);
    bool stopping = l->stopping;
    pthread_mutex_unlock(&l->lock);
    return stopping;
}

static void *loop_main(void *arg)
{
    struct transfer_loop *l = arg;
    while (!is_stopping(l)) {
        int n_running;
        collect_arrived(l);
        int wait_ms = start_due(l);
        curl_multi_perform(l->multi, &n_running);
        finish_ended(l);
        end_cancelled(l);
        curl_multi_poll(l->multi, NULL, 0, wait_ms, NULL);
    }
    return NULL;
}

static void loop_free(struct transfer_loop *l)
{
    curl_multi_cleanup(l->multi);
    curl_share_cleanup(l->share);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

enum code transfer_loop_open(unsigned max_in_flight, struct transfer_loop **out_loop,
                             struct err *err)
{
    transfer_global_init();
    struct transfer_loop *l = mem_zalloc(sizeof(*l));
    l->max_in_flight = max_in_flight;
    l->multi = curl_multi_init();
    l->share = curl_share_init();
    if (!l->multi || !l->share)
        abort(); /* no memory */
    curl_share_setopt(l->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(l->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)max_in_flight * 2);
    pthread_mutex_init(&l->lock, NULL);
    int failed = pthread_create(&l->thread, NULL, loop_main, l);
    if (failed) {
        loop_free(l);
        return err_set(err, E_IO, "cannot start a thread for transfers: %s", strerror(failed));
    }
    *out_loop = l;
    return OK;
}

void transfer_loop_close(struct transfer_loop *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_mutex_unlock(&l->lock);
    curl_multi_wakeup(l->multi);
    pthread_join(l->thread, NULL);
    loop_free(l);
}

void transfer_start(struct transfer_loop *l, struct transfer *t, uint64_t delay_ms)
{
    t->loop.start_at_ns = clock_mono_ns() + delay_ms * 1000000u;
    pthread_mutex_lock(&l->lock);
    push_last(&l->arrived, t);
    pthread_mutex_unlock(&l->lock);
    curl_multi_wakeup(l->multi);
}

void transfer_call(struct transfer_loop *l, struct transfer *t, uint64_t delay_ms)
{
    struct transfer_waiter w = {.has_ended = false};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.ended, NULL);
    t->loop.waiter = &w;
    transfer_start(l, t, delay_ms);
    pthread_mutex_lock(&w.lock);
    while (!w.has_ended)
        pthread_cond_wait(&w.ended, &w.lock);
    pthread_mutex_unlock(&w.lock);
    t->loop.waiter = NULL;
    pthread_cond_destroy(&w.ended);
    pthread_mutex_destroy(&w.lock);
}
