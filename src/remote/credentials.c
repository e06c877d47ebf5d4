#include "remote/credentials.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "remote/credentials_priv.h"

#include <pthread.h>

static const int64_t early_ms = 5 * 60 * 1000;
static const int64_t pause_ms = 1000; /* between refreshes in the background that failed */

struct credentials_chain {
    const struct s3_config *config;
    char *region;

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    bool is_known; /* `current` has been fetched at least once */
    struct credentials current;
    int64_t refresh_at_ms; /* wall clock; 0: never */
    bool is_fetching;
    bool is_fetching_beside; /* `fetcher` is to be joined */
    pthread_t fetcher;
};

void credentials_done(struct credentials *c)
{
    free(c->access_key_id);
    free(c->secret_access_key);
    free(c->session_token);
    *c = (struct credentials){0};
}

static char *copy_or_null(const char *s)
{
    return s ? mem_strdup(s) : NULL;
}

void credentials_copy(const struct credentials *from, struct credentials *out)
{
    *out = (struct credentials){copy_or_null(from->access_key_id),
                                copy_or_null(from->secret_access_key),
                                copy_or_null(from->session_token), from->expires_at_ms};
}

struct credentials_chain *credentials_chain_new(const struct s3_config *config, const char *region)
{
    struct credentials_chain *chain = mem_zalloc(sizeof(*chain));
    chain->config = config;
    chain->region = mem_strdup(region);
    pthread_mutex_init(&chain->lock, NULL);
    pthread_cond_init(&chain->changed, NULL);
    return chain;
}

void credentials_chain_free(struct credentials_chain *chain)
{
    if (!chain)
        return;
    if (chain->is_fetching_beside)
        pthread_join(chain->fetcher, NULL);
    credentials_done(&chain->current);
    pthread_cond_destroy(&chain->changed);
    pthread_mutex_destroy(&chain->lock);
    free(chain->region);
    free(chain);
}

/* Whether the ones we have are still good. The lock is held. */
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

/* Ask the chain, without the lock, and put what it says in place. is_fetching has been set by the caller. */
must_use static enum code fetch(struct credentials_chain *chain, struct err *err)
{
    struct credentials fresh = {0};
    enum code rc = credentials_find(chain->config, chain->region, &fresh, err);
    pthread_mutex_lock(&chain->lock);
    int64_t now_ms = clock_wall_ms();
    if (!rc && credentials_are_anonymous(&fresh) && !credentials_are_anonymous(&chain->current))
        rc = err_set(err, E_IO, "there are none any more"); /* we do not become nobody */
    if (rc) {
        chain->refresh_at_ms = now_ms + pause_ms;
    } else {
        credentials_done(&chain->current);
        chain->current = fresh;
        chain->is_known = true;
        chain->refresh_at_ms = refresh_time(&fresh, now_ms);
    }
    chain->is_fetching = false;
    pthread_cond_broadcast(&chain->changed);
    pthread_mutex_unlock(&chain->lock);
    return rc;
}

static void *fetch_beside(void *arg)
{
    struct err err;
    if (fetch(arg, &err))
        log_warn("cannot refresh credentials; the old ones serve until they expire",
                 log_str("error", err.msg));
    return NULL;
}

/* The lock is held. */
static void start_fetch_beside(struct credentials_chain *chain)
{
    if (chain->is_fetching)
        return;
    if (chain->is_fetching_beside)
        pthread_join(chain->fetcher, NULL); /* it has ended: it is fetching no more */
    chain->is_fetching = true;
    chain->is_fetching_beside = pthread_create(&chain->fetcher, NULL, fetch_beside, chain) == 0;
    chain->is_fetching = chain->is_fetching_beside;
}

enum code credentials_get(struct credentials_chain *chain, struct credentials *out_copy,
                          struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&chain->lock);
    while (!rc && !is_valid(chain, clock_wall_ms())) {
        if (chain->is_fetching) {
            pthread_cond_wait(&chain->changed, &chain->lock);
            continue;
        }
        chain->is_fetching = true;
        pthread_mutex_unlock(&chain->lock);
        rc = fetch(chain, err);
        pthread_mutex_lock(&chain->lock);
    }
    if (!rc) {
        if (chain->refresh_at_ms && clock_wall_ms() >= chain->refresh_at_ms)
            start_fetch_beside(chain);
        credentials_copy(&chain->current, out_copy);
    }
    pthread_mutex_unlock(&chain->lock);
    return rc ? err_in(err, rc, "credentials") : OK;
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
