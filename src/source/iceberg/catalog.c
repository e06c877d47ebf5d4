#include "source/iceberg/catalog.h"

#include "base/mem.h"
#include "source/iceberg/rest.h"

#include <pthread.h>

/*
 * Every table opens its catalog for itself. Those of one configuration and one loop get the same,
 * so that a thousand tables ask for one token and not for a thousand.
 */
struct catalog {
    const struct catalog_spec *spec;
    struct transfer_loop *loop;
    struct rest_catalog *rest;
    unsigned n_users;
    struct catalog *next;
};

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and n_users */
static struct catalog *open_catalogs;

must_use static enum code catalog_new(const struct catalog_spec *spec, struct transfer_loop *loop,
                                      struct catalog **out, struct err *err)
{
    struct catalog *c = mem_zalloc(sizeof(*c));
    c->spec = spec;
    c->loop = loop;
    enum code rc = rest_open(spec, loop, &c->rest, err);
    if (rc) {
        free(c);
        return err_in(err, rc, "catalog %s", spec->name);
    }
    *out = c;
    return OK;
}

/* The lock is held. */
must_use static enum code find_or_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                                       struct catalog **out, struct err *err)
{
    struct catalog *c = open_catalogs;
    while (c && (c->spec != spec || c->loop != loop))
        c = c->next;
    if (!c) {
        TRY(catalog_new(spec, loop, &c, err));
        c->next = open_catalogs;
        open_catalogs = c;
    }
    c->n_users++;
    *out = c;
    return OK;
}

enum code catalog_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                       struct catalog **out_catalog, struct err *err)
{
    pthread_mutex_lock(&open_lock);
    enum code rc = find_or_open(spec, loop, out_catalog, err);
    pthread_mutex_unlock(&open_lock);
    return rc;
}

void catalog_close(struct catalog *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&open_lock);
    bool is_last = --c->n_users == 0;
    struct catalog **at = &open_catalogs;
    while (is_last && *at != c)
        at = &(*at)->next;
    if (is_last)
        *at = c->next;
    pthread_mutex_unlock(&open_lock);
    if (is_last) {
        rest_close(c->rest);
        free(c);
    }
}

enum code catalog_ask(struct catalog *c, const struct catalog_question *q,
                      const struct remote_op *op, struct catalog_answer *out, bool *out_is_same,
                      struct err *err)
{
    *out_is_same = false;
    return rest_ask(c->rest, q, op, out, out_is_same, err);
}

enum code catalog_renew(struct catalog *c, const char *table, const struct remote_op *op,
                        struct catalog_answer *out, struct err *err)
{
    return rest_renew(c->rest, table, op, out, err);
}
