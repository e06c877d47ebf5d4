#include "remote/identity/credentials.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "remote/op.h"
#include "remote/identity/find.h"

#include <pthread.h>
#include <string.h>

/*
 * A cache over the search of find.c. credentials_try runs at each attempt of each request, on the
 * thread of the transfer loop; a search runs a few times an hour.
 *
 * (1) Only the searching thread waits for anything, and never with the lock held.
 * (2) A request that waits fails when a search fails that ended after the request began to wait. A
 *     failure before that may be over by now, so `n_failed` is compared with its value at the
 *     beginning.
 * (3) Valid credentials are not given up for nothing: a failed refresh keeps them, and so does a
 *     later search that finds no identity.
 * (4) Credentials that are found but have already expired count as a failure. Otherwise they would
 *     be searched for in a loop while our clock, or the issuer's, is wrong.
 */

static const int64_t early_ms = 5 * 60 * 1000;
static const int64_t pause_ms = 1000; /* after a refresh that failed */

/* How often credentials_reread was called. */
static _Atomic unsigned n_rereads;

struct credentials_chain {
    const struct s3_config *config;
    char *region;
    struct credentials_origin origin; /* get NULL: the search */
    _Atomic bool stop;

    pthread_mutex_t lock; /* guards the rest */
    bool is_known;        /* `current` was found, and not refused since */
    struct credentials current;
    int64_t refresh_at_ms; /* wall clock; 0: never */
    unsigned n_rereads;    /* the count when the latest search began */
    unsigned n_failed;     /* failed searches (2) */
    enum code failed_code; /* of the latest failed search */
    struct err failed_err;
    bool is_searching;
    bool is_joinable; /* `searcher` was started and not joined yet */
    pthread_t searcher;
};

struct credentials_chain *credentials_chain_new(const struct s3_config *config, const char *region,
                                                const struct credentials_origin *origin)
{
    struct credentials_chain *chain = mem_zalloc(sizeof(*chain));
    chain->config = config;
    chain->region = mem_strdup(region);
    chain->origin = origin ? *origin : (struct credentials_origin){0};
    pthread_mutex_init(&chain->lock, NULL);
    return chain;
}

void credentials_chain_free(struct credentials_chain *chain)
{
    if (!chain)
        return;
    atomic_store(&chain->stop, true);
    if (chain->is_joinable)
        pthread_join(chain->searcher, NULL);
    credentials_done(&chain->current);
    pthread_mutex_destroy(&chain->lock);
    free(chain->region);
    free(chain);
}

/* Whether `current` can be used. The lock is held. */
static bool is_valid(const struct credentials_chain *chain, int64_t now_ms)
{
    const struct credentials *c = &chain->current;
    return chain->is_known && (c->expires_at_ms == 0 || now_ms < c->expires_at_ms);
}

static int64_t refresh_time(const struct credentials *c, int64_t now_ms)
{
    int64_t life = c->expires_at_ms - now_ms;
    int64_t early = life > 2 * early_ms ? early_ms : life / 10;
    return c->expires_at_ms == 0 ? 0 : c->expires_at_ms - early;
}

/* Keep the outcome of a search. The lock is held. */
static void note_failure(struct credentials_chain *chain, enum code rc, const struct err *err)
{
    chain->n_failed++;
    chain->failed_code = rc;
    chain->failed_err = *err;
    chain->refresh_at_ms = clock_wall_ms() + pause_ms;
    if (is_valid(chain, clock_wall_ms()))
        log_warn("cannot refresh credentials; the old ones are used until they expire",
                 log_str("error", err->msg));
}

static void note_success(struct credentials_chain *chain, const struct credentials *take_fresh)
{
    credentials_done(&chain->current);
    chain->current = *take_fresh;
    chain->is_known = true;
    chain->refresh_at_ms = refresh_time(take_fresh, clock_wall_ms());
}

/* (4) */
must_use static enum code check_life(const struct credentials *fresh, struct err *err)
{
    int64_t left_ms = fresh->expires_at_ms - clock_wall_ms();
    if (fresh->expires_at_ms == 0 || left_ms > 0)
        return OK;
    return err_set(err, E_INVALID,
                   "the credentials that were issued expired %lld s ago by this machine's clock",
                   (long long)(-left_ms / 1000));
}

static void *search_main(void *arg)
{
    struct credentials_chain *chain = arg;
    struct credentials fresh = {0};
    struct remote_op op = {.cancelled = &chain->stop};
    struct identity_search search = {chain->config, chain->region, &op};
    struct err err;
    const struct credentials_origin *origin = &chain->origin;
    enum code rc = origin->get ? origin->get(origin->arg, &op, &fresh, &err)
                               : credentials_find(&search, &fresh, &err);
    pthread_mutex_lock(&chain->lock);
    if (!rc && credentials_are_anonymous(&fresh) && !credentials_are_anonymous(&chain->current))
        rc = err_set(&err, E_IO, "there are no credentials any longer"); /* (3) */
    if (!rc)
        rc = check_life(&fresh, &err);
    if (rc)
        credentials_done(&fresh);
    if (rc)
        note_failure(chain, rc, &err);
    else
        note_success(chain, &fresh);
    chain->is_searching = false;
    pthread_mutex_unlock(&chain->lock);
    return NULL;
}

/* The lock is held. */
must_use static enum code start_search(struct credentials_chain *chain, struct err *err)
{
    if (chain->is_searching)
        return OK;
    chain->n_rereads = atomic_load(&n_rereads);
    if (chain->is_joinable)
        pthread_join(chain->searcher, NULL); /* is_searching is false, so it is about to return */
    int failed = pthread_create(&chain->searcher, NULL, search_main, chain);
    chain->is_joinable = chain->is_searching = failed == 0;
    return failed ? err_set(err, E_IO, "cannot start a thread: %s", strerror(failed)) : OK;
}

/* There are no valid credentials: search, or fail by (2). The lock is held. */
must_use static enum code wait_for_search(struct credentials_chain *chain,
                                          struct credentials_wait *wait, struct err *err)
{
    if (wait->is_waiting && chain->n_failed != wait->n_failed_before)
        return err_set(err, chain->failed_code, "credentials: %s", chain->failed_err.msg);
    if (!wait->is_waiting)
        *wait = (struct credentials_wait){true, chain->n_failed};
    return start_search(chain, err);
}

enum code credentials_try(struct credentials_chain *chain, struct credentials_wait *wait,
                          struct credentials *out_copy, bool *out_ready, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&chain->lock);
    int64_t now_ms = clock_wall_ms();
    *out_ready = is_valid(chain, now_ms);
    if (!*out_ready) {
        rc = wait_for_search(chain, wait, err);
    } else {
        bool is_due = chain->refresh_at_ms && now_ms >= chain->refresh_at_ms;
        if (is_due || chain->n_rereads != atomic_load(&n_rereads))
            rc = start_search(chain, err);
        credentials_copy(&chain->current, out_copy);
        *wait = (struct credentials_wait){0};
    }
    pthread_mutex_unlock(&chain->lock);
    if (rc && *out_ready)
        credentials_done(out_copy);
    return rc;
}

void credentials_reread(void)
{
    atomic_fetch_add(&n_rereads, 1);
}

void credentials_refused(struct credentials_chain *chain, const struct credentials *refused)
{
    pthread_mutex_lock(&chain->lock);
    const struct credentials *now = &chain->current;
    bool same = now->access_key_id && refused->access_key_id &&
                strcmp(now->access_key_id, refused->access_key_id) == 0 &&
                strcmp(now->session_token ? now->session_token : "",
                       refused->session_token ? refused->session_token : "") == 0;
    if (same)
        chain->is_known = false;
    pthread_mutex_unlock(&chain->lock);
}
