/* Which path does what. */
#ifndef MURR_API_HTTP_ROUTES_H
#define MURR_API_HTTP_ROUTES_H

#include "api/http/handlers.h"

enum {
    ROUTE_ADMIN = 1, /* also on the admin port, and answered when all connections are in use */
    ROUTE_SPOOL = 2, /* the body may go to a file */
};

/* In patterns {} is one path segment, handed to the handler decoded; it is the name of a table. */
struct route {
    const char *method;
    const char *pattern;
    handler_fn run;
    enum service_action action;
    unsigned flags;
};

extern const struct route routes[];
extern const size_t n_routes;

/* Have the route that fits answer; or say why none does. Sets call->route, to n_routes where there
 * is none. */
void routes_run(struct call *call, bool is_admin);

/* The route of a request whose body has not come; NULL: none. */
const struct route *routes_find(const char *method, const char *path);

#endif
