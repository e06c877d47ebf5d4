/*
 * The one table of errors: what an enum code means to a client, by protocol. gRPC's codes are those
 * of https://grpc.io/docs/guides/status-codes/.
 */
#ifndef MURR_API_STATUS_H
#define MURR_API_STATUS_H

#include "base/err.h"

struct status {
    unsigned http;
    unsigned grpc;
    const char *name; /* "code" in the body of an HTTP answer */
};

/* OK has no name. */
struct status status_of(enum code code);

#endif
