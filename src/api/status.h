/* The one table of errors: what an enum code means to a client. */
#ifndef MURR_API_STATUS_H
#define MURR_API_STATUS_H

#include "base/err.h"

struct status {
    unsigned http;
    const char *name; /* "code" in the body of the answer */
};

/* OK is 200 and has no name. */
struct status status_of(enum code code);

/* What the routes say themselves, before there is an enum code. */
extern const struct status status_not_found;
extern const struct status status_method_not_allowed;
extern const struct status status_not_acceptable;
extern const struct status status_unsupported_type;
extern const struct status status_forbidden_host;
extern const struct status status_forbidden_origin;
extern const struct status status_read_only;
extern const struct status status_head_too_large;
extern const struct status status_not_implemented;
extern const struct status status_overloaded;

#endif
