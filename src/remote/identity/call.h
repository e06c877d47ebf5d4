/* A small HTTP request for credentials, which blocks. */
#ifndef MURR_REMOTE_IDENTITY_CALL_H
#define MURR_REMOTE_IDENTITY_CALL_H

#include "base/buf.h"
#include "remote/identity/identity.h"

/* A small request outside the transfer loop. */
struct identity_call {
    const char *method;
    const char *url;
    const char *headers; /* "Name: value\n" each */
    struct view body;
    int64_t timeout_ms;
    unsigned tries;
    bool no_proxy;
};

/* Call, and get the body of an answer with status 200. Fails E_IO if nobody answers or the server
 * is in trouble, after all tries; E_INVALID for any other status. */
must_use enum code identity_call(const struct identity_search *s, const struct identity_call *call,
                                 struct buf *out_body, struct err *err);

#endif
