#include "source/iceberg/vended.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>

/*
 * Credentials of a grant are numbered. A chain asks for credentials when it has none, and again when
 * those that it got are about to end or were refused. So:
 *
 * (1) A loan that has not seen the newest credentials gets them, if they have not ended.
 * (2) One that has wants others: the catalog is asked. The lock `renewing` is held meanwhile, and
 *     then (1) is looked at again, so that of ten chains that come together one asks.
 * (3) Only a catalog's answer with other keys, or a later end, counts as new credentials. If it
 *     gives the same again, they are handed on once more: it knows better than we do whether they
 *     hold.
 */
struct vended_grant {
    char *prefix;
    char *endpoint, *region; /* NULL: as configured. As in the first answer */
    enum s3_addressing addressing;
    struct credentials keys; /* anonymous: none were handed out */
    unsigned n_keys;         /* their number */
};

struct vended {
    vended_renew_fn renew;
    struct catalog *catalog;
    const char *table;
    pthread_mutex_t renewing;     /* (2); taken before `lock` */
    pthread_mutex_t lock;         /* guards the rest */
    struct vended_grant **grants; /* the longest prefix first */
    size_t n_grants;
};

struct vended *vended_new(vended_renew_fn renew, struct catalog *catalog, const char *table)
{
    struct vended *v = mem_zalloc(sizeof(*v));
    v->renew = renew;
    v->catalog = catalog;
    v->table = table;
    pthread_mutex_init(&v->renewing, NULL);
    pthread_mutex_init(&v->lock, NULL);
    return v;
}

void vended_free(struct vended *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n_grants; i++) {
        struct vended_grant *g = v->grants[i];
        free(g->prefix);
        free(g->endpoint);
        free(g->region);
        credentials_done(&g->keys);
        free(g);
    }
    free(v->grants);
    pthread_mutex_destroy(&v->renewing);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

/* -------------------------------------------------------------------------------------- update */

static char *copy_of(const char *text)
{
    return text ? mem_strdup(text) : NULL;
}

/* The grant of that prefix, which is added in its place. The lock is held. */
static struct vended_grant *grant_of(struct vended *v, const char *prefix)
{
    size_t at = 0;
    for (; at < v->n_grants && strlen(v->grants[at]->prefix) >= strlen(prefix); at++)
        if (strcmp(v->grants[at]->prefix, prefix) == 0)
            return v->grants[at];
    struct vended_grant *g = mem_zalloc(sizeof(*g));
    g->prefix = mem_strdup(prefix);
    v->grants = mem_realloc(v->grants, (v->n_grants + 1) * sizeof(*v->grants));
    memmove(v->grants + at + 1, v->grants + at, (v->n_grants - at) * sizeof(*v->grants));
    v->grants[at] = g;
    v->n_grants++;
    return g;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* (3) */
static bool are_same(const struct credentials *have, const struct vended_credentials *got)
{
    return same_text(have->access_key_id, got->access_key_id) &&
           same_text(have->secret_access_key, got->secret_access_key) &&
           same_text(have->session_token, got->session_token) &&
           have->expires_at_ms == got->expires_at_ms;
}

static void take_keys(struct vended_grant *g, const struct vended_credentials *got)
{
    if (!got->access_key_id || are_same(&g->keys, got))
        return;
    credentials_done(&g->keys);
    g->keys = (struct credentials){copy_of(got->access_key_id), copy_of(got->secret_access_key),
                                   copy_of(got->session_token), got->expires_at_ms};
    g->n_keys++;
}

void vended_update(struct vended *v, const struct catalog_answer *a)
{
    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < a->n_vended; i++) {
        const struct vended_credentials *got = &a->vended[i];
        size_t n_before = v->n_grants;
        struct vended_grant *g = grant_of(v, got->prefix);
        if (v->n_grants > n_before) {
            g->endpoint = copy_of(got->endpoint);
            g->region = copy_of(got->region);
            g->addressing = got->addressing;
        }
        take_keys(g, got);
    }
    pthread_mutex_unlock(&v->lock);
}

/* ---------------------------------------------------------------------------------------- find */

/* "s3a://b/x" and "s3n://b/x" as "s3://b/x", by what follows the scheme. */
static const char *after_scheme(const char *uri)
{
    bool is_s3 = strncmp(uri, "s3://", 5) == 0 || strncmp(uri, "s3a://", 6) == 0 ||
                 strncmp(uri, "s3n://", 6) == 0;
    return is_s3 ? strchr(uri, ':') : uri;
}

const struct vended_grant *vended_find(struct vended *v, const char *uri)
{
    const struct vended_grant *found = NULL;
    const char *path = after_scheme(uri);
    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < v->n_grants && !found; i++) {
        const char *prefix = after_scheme(v->grants[i]->prefix);
        if (strncmp(path, prefix, strlen(prefix)) == 0 || strcmp(v->grants[i]->prefix, "s3") == 0)
            found = v->grants[i];
    }
    pthread_mutex_unlock(&v->lock);
    return found;
}

/* --------------------------------------------------------------------------------------- lending */

/* (1) */
static bool take_newest(struct vended_loan *loan, struct credentials *out)
{
    const struct vended_grant *g = loan->grant;
    pthread_mutex_lock(&loan->vended->lock);
    bool has_ended = g->keys.expires_at_ms && g->keys.expires_at_ms <= clock_wall_ms();
    bool is_new = g->n_keys != loan->n_seen && !has_ended;
    if (is_new) {
        credentials_copy(&g->keys, out);
        loan->n_seen = g->n_keys;
    }
    pthread_mutex_unlock(&loan->vended->lock);
    return is_new;
}

/* (2), (3) */
must_use static enum code ask_again(struct vended_loan *loan, const struct remote_op *op,
                                    struct credentials *out, struct err *err)
{
    struct vended *v = loan->vended;
    AUTO(catalog_answer) struct catalog_answer fresh = {0};
    TRY(v->renew(v->catalog, v->table, op, &fresh, err));
    vended_update(v, &fresh);
    if (take_newest(loan, out))
        return OK;
    pthread_mutex_lock(&v->lock);
    credentials_copy(&loan->grant->keys, out);
    pthread_mutex_unlock(&v->lock);
    return OK;
}

static enum code get(void *arg, const struct remote_op *op, struct credentials *out,
                     struct err *err)
{
    struct vended_loan *loan = arg;
    struct vended *v = loan->vended;
    if (take_newest(loan, out))
        return OK;
    TRY(remote_op_lock(op, &v->renewing, err));
    enum code rc = take_newest(loan, out) ? OK : ask_again(loan, op, out, err);
    pthread_mutex_unlock(&v->renewing);
    return rc;
}

static void replace(char **value, const char *with)
{
    if (!with)
        return;
    free(*value);
    *value = mem_strdup(with);
}

static void put_place(const struct vended_grant *grant, struct s3_config *config)
{
    replace(&config->endpoint, grant->endpoint);
    replace(&config->region, grant->region);
    if (grant->addressing != S3_ADDRESSING_AUTO)
        config->addressing = grant->addressing;
    config->endpoint_is_foreign = config->endpoint_is_foreign || grant->endpoint;
}

bool vended_lend(struct vended *v, const struct vended_grant *grant, struct s3_config *config,
                 struct vended_loan *out_loan, struct credentials_origin *out_origin)
{
    *out_loan = (struct vended_loan){v, grant, 0};
    *out_origin = (struct credentials_origin){get, out_loan};
    pthread_mutex_lock(&v->lock);
    const struct vended_grant *of_table = v->grants[v->n_grants - 1]; /* the shortest prefix */
    if (of_table->prefix[0] == '\0')
        put_place(of_table, config);
    put_place(grant, config);
    bool has_keys = !credentials_are_anonymous(&grant->keys);
    pthread_mutex_unlock(&v->lock);
    return has_keys;
}
