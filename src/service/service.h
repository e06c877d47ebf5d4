/*
 * What can be asked of Murr, whatever the protocol: read, write, list, status. A protocol parses requests, calls this,
 * and frames what comes back.
 *
 *     service_admit(...)            the one way in: may this be done, to this table?
 *     service_read(admitted, ...)   and the others take what it gave out
 *
 * Here are the limits, counts, times and the draining that all protocols share.
 *
 * Threads   any.
 */
#ifndef MURR_SERVICE_SERVICE_H
#define MURR_SERVICE_SERVICE_H

#include "base/arena.h"
#include "base/metrics.h"
#include "engine/registry.h"

struct service;

struct service_config {
    struct registry *registry; /* outlives the service's use, but see service_free */
    size_t max_keys;           /* of one read */
    size_t max_columns;        /* of one read */
    bool read_only;
};

struct service *service_new(const struct service_config *config);
/* Writes that are still under way use it to their end: close the registry first. NULL is fine. */
void service_free(struct service *s);

bool service_is_read_only(const struct service *s);

/* From now on it should get no new work, and says so to those who ask; what comes is done all the same. */
void service_set_draining(struct service *s);
bool service_is_draining(const struct service *s);

/* A request has begun, or is answered; of both as many. */
void service_enter(struct service *s);
void service_leave(struct service *s);
/* Requests that have begun and are not answered. */
unsigned service_in_flight(const struct service *s);

/* What somebody wants to do, from the least to the most. */
enum service_action {
    ACTION_OBSERVE, /* how the process and its tables are */
    ACTION_LIST,    /* which tables there are, and their schemas */
    ACTION_READ,    /* rows of a table */
    ACTION_WRITE,   /* rows of a table, and their deletion */
    ACTION_MANAGE,  /* to create, drop and compact a table; to accept what a guard refused */
};
static inline bool action_changes(enum service_action action)
{
    return action >= ACTION_WRITE;
}

/* Leave to do one thing, once. */
struct admitted {
    struct service *service;
    enum service_action action;
    struct view table; /* borrowed; empty where the action is of none */
};

/*
 * Every call begins here. Before its body is read, so that nobody sends gigabytes in vain.
 *
 * Fails E_READONLY where the server, or the table, takes no changes. That there is no such table is said later.
 */
must_use enum code service_admit(struct service *s, enum service_action action, struct view table,
                                 struct admitted *out, struct err *err);

/* The schema of a table: a snapshot of it, which the caller unrefs. Fails E_NOTFOUND while nothing is loaded. */
must_use enum code service_schema(const struct admitted *a, struct snapshot **out_snapshot,
                                  struct err *err);

/* A table that has data, for service_list. */
struct listed_table {
    const char *name;
    const struct schema *schema;
};

/* All tables that have data, those of the configuration first, in its order. They live in the arena, their schemas as
 * long as the list is held. */
struct table_list {
    struct listed_table *tables;
    size_t n;
    struct snapshot **held;
};
void service_list(const struct admitted *a, struct arena *arena, struct table_list *out);
void table_list_done(struct table_list *list);

/* The state of every table, in the same order, in the arena. */
const struct table_status *service_status(const struct admitted *a, struct arena *arena,
                                          size_t *out_n);

/* Take a partition that a guard refused (registry_accept). */
must_use enum code service_accept(const struct admitted *a, uint64_t fingerprint, struct err *err);

/* Append what the service has counted, of itself and of its tables. */
void service_put_metrics(const struct admitted *a, struct buf *out, enum metrics_format format);

#endif
