/*
 * What Murr can do, independent of any protocol: read, write, list, status. A protocol parses
 * requests, calls the service, and frames the results.
 *
 *     service_admit(...)            decides whether the caller may do this to that table
 *     service_read(admitted, ...)   and all other calls take the `struct admitted` that it returned
 *
 * The service also has what all protocols share: limits, counters, timing and draining.
 *
 * Threads   any.
 */
#ifndef MURR_SERVICE_SERVICE_H
#define MURR_SERVICE_SERVICE_H

#include "base/arena.h"
#include "base/metrics.h"
#include "engine/spec/status.h"
#include "engine/store/snapshot.h"
#include "engine/write/write.h"

struct service;
struct registry;

struct service_config {
    struct registry *registry; /* borrowed */
    size_t max_keys;           /* of one read */
    size_t max_columns;        /* of one read */
    bool read_only;
};

struct service *service_new(const struct service_config *config);
/* Close the registry first: it ends the writes that still use the service. NULL is fine. */
void service_free(struct service *s);

bool service_is_read_only(const struct service *s);

/* Readiness fails from now on, so that load balancers send no new work. Requests that still come
 * are served. */
void service_set_draining(struct service *s);
bool service_is_draining(const struct service *s);

/* Call these when a request begins and when it is answered. */
void service_enter(struct service *s);
void service_leave(struct service *s);
/* Requests that have begun and are not answered yet. */
unsigned service_in_flight(const struct service *s);

/* What a caller wants to do. Each action includes more rights than the one before. */
enum service_action {
    ACTION_OBSERVE, /* the state of the process and its tables */
    ACTION_LIST,    /* the tables and their schemas */
    ACTION_READ,    /* rows of a table */
    ACTION_WRITE,   /* rows of a table, and their deletion */
    ACTION_MANAGE,  /* to create, drop and compact a table; to accept what a guard refused */
};
static inline bool action_changes(enum service_action action)
{
    return action >= ACTION_WRITE;
}

/* Permission for one call. */
struct admitted {
    struct service *service;
    enum service_action action;
    struct view table; /* borrowed; empty where the action is of none */
};

/*
 * Every call begins here. Call it before you read the body, so that no client sends gigabytes in
 * vain.
 *
 * Borrows   `table`, for as long as `out` is used.
 * Fails     E_READONLY if the server or the table takes no changes. It does not check that the
 *           table exists.
 */
must_use enum code service_admit(struct service *s, enum service_action action, struct view table,
                                 struct admitted *out, struct err *err);

/* The schema of a table: a snapshot of it, which the caller unrefs. Fails E_NOTFOUND while nothing
 * is loaded. */
must_use enum code service_schema(const struct admitted *a, struct snapshot **out_snapshot,
                                  struct err *err);

/* A table that has data, for service_list. */
struct listed_table {
    const char *name;
    const struct schema *schema;
};

/* All tables that have data: first those of the configuration, in its order. Names live in the
 * arena, schemas until table_list_done. */
struct table_list {
    struct listed_table *tables;
    size_t n;
    struct snapshot **held;
};
void service_list(const struct admitted *a, struct arena *arena, struct table_list *out);
void table_list_done(struct table_list *list);

/* The state of every table, in the same order. Lives in the arena. */
const struct table_status *service_status(const struct admitted *a, struct arena *arena,
                                          size_t *out_n);

/* Take a partition that a guard refused (registry_accept). */
must_use enum code service_accept(const struct admitted *a, uint64_t fingerprint, struct err *err);

/* Append the counters of the service and of all tables. */
void service_put_metrics(const struct admitted *a, struct buf *out, enum metrics_format format);

#endif
