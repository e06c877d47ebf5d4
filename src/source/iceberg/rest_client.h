/*
 * A client of a REST catalog: one request and its answer, with everything between them.
 *
 *     answer                                      then
 *     200, 304                                    done
 *     401, 419; an expired signature              once more, with a new token or new credentials
 *     429, 500, 502, 503, 504, broken, stalled    again after a delay, at least that of
 *                                                 Retry-After, within the budget
 *     301, 302, 307, 308 on the same host         there, a few times
 *     any other                                   the caller decides; rest_refused makes the error
 *
 * A token or signature goes to the configured host alone.
 *
 * Threads   any; each call waits.
 */
#ifndef MURR_SOURCE_ICEBERG_REST_CLIENT_H
#define MURR_SOURCE_ICEBERG_REST_CLIENT_H

#include "remote/identity/credentials.h"
#include "remote/sigv4.h"
#include "source/iceberg/rest_auth.h"
#include "source/iceberg/rest_channel.h"

struct rest_client {
    struct rest_channel channel;
    struct rest_auth auth;
    const char *service;            /* to sign for; "": requests are not signed */
    char *region;                   /* to sign for */
    struct credentials_chain *keys; /* to sign with; NULL: not signed */
};

/* Borrows spec and loop until _done. Sends nothing. Fails E_INVALID for a bad URL or region. */
must_use enum code rest_client_init(struct rest_client *c, const struct catalog_spec *spec,
                                    struct transfer_loop *loop, struct err *err);
void rest_client_done(struct rest_client *c);

struct rest_request {
    const char *path; /* below the base, encoded: "/v1/config"; or a URL of the same origin */
    struct sig_pair query[2];
    size_t n_query;
    const char *headers; /* "Name: value\n" each */
    const char *token;   /* instead of the catalog's; NULL: that */
};

/* Zeroed memory is empty. */
struct rest_response {
    int status;
    struct buf body;
    char etag[160];
    bool token_refused; /* the request's own token was, so that of the catalog was used */
};

void rest_response_done(struct rest_response *r);

/*
 * Send a GET and get its answer, whatever its status is after the table above.
 *
 * Fails     E_IO if there is no answer after all tries; E_LIMIT if it is too long; E_INVALID for a
 *           redirect that is not followed; as getting a token or credentials does; E_TIMEOUT,
 *           E_CANCELLED.
 */
must_use enum code rest_get(struct rest_client *c, const struct rest_request *req,
                            const struct remote_op *op, struct rest_response *out, struct err *err);

/* The error for an answer that is neither 200 nor 304: E_IO. */
enum code rest_refused(const struct rest_response *r, struct err *err);

#endif
