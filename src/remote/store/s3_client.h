/*
 * The S3 client: requests to one bucket. It addresses and signs them, repeats those whose fault may
 * pass, and follows the bucket to its region.
 *
 *     answer                                        then
 *     200, 206, complete                            done
 *     500 502 503 504 429, 400 RequestTimeout,      again, after a delay, within the budget; a
 *     broken, stalled, short, another range         range from its first missing byte
 *     403 RequestTimeTooSkewed                      again, with the server's clock
 *     ExpiredToken                                  again, with new credentials
 *     301, 307, 400, 403 with another region        again, in that region
 *     404 for a range, 412, 416, another ETag       E_CHANGED
 *     404                                           E_NOTFOUND
 *     any other                                     E_IO with the server's message
 */
#ifndef MURR_REMOTE_STORE_S3_CLIENT_H
#define MURR_REMOTE_STORE_S3_CLIENT_H

#include "remote/identity/credentials.h"
#include "remote/store/object_store.h"
#include "remote/retry.h"
#include "remote/sigv4.h"
#include "remote/transfer.h"

struct s3_client {
    const struct s3_config *config;
    struct transfer_loop *loop;
    struct transfer_options options;
    struct transfer_lane lane;
    struct credentials_chain *credentials;
    struct retry_policy retry;
    char *endpoint;                 /* "": AWS */
    _Atomic int64_t clock_offset_s; /* the server's clock minus ours */
    pthread_mutex_t lock;           /* guards region */
    char region[64];
};

/* Borrows config, what `origin` points to (identity.h; it may be NULL) and loop until _done. Sends
 * nothing. Fails E_INVALID for a bad endpoint or region. */
must_use enum code s3_client_init(struct s3_client *c, const struct s3_config *config,
                                  const struct credentials_origin *origin,
                                  struct transfer_loop *loop, struct err *err);
void s3_client_done(struct s3_client *c);

/* A batch: requests that one caller waits for together. */
struct s3_batch {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t n_left;
};

void s3_batch_init(struct s3_batch *b);
/* Wait until all requests of the batch have ended. */
void s3_batch_wait(struct s3_batch *b);
void s3_batch_done(struct s3_batch *b);

struct s3_request {
    struct transfer transfer; /* first: a transfer is cast back to its request */

    /* Set by the caller. */
    const char *key;          /* NULL: the bucket itself */
    struct sig_pair query[8]; /* views into texts of the caller */
    size_t n_query;

    /* Set when the request has ended; the answer is in `transfer`. */
    enum code code;
    struct err err;

    /* Only the client. */
    struct s3_client *client;
    struct s3_batch *batch;
    struct credentials signed_with;
    struct credentials_wait credentials_wait;
    char signed_for[64];                   /* region */
    unsigned n_failed;                     /* attempts in a row that brought no byte */
    unsigned n_moved, n_clocks, n_expired; /* attempts again for these reasons, each bounded */
    uint64_t n_received_before;
};

/* Borrows client, method, key and op. `method` is GET or HEAD. */
void s3_request_init(struct s3_request *r, struct s3_client *client, const char *method,
                     const char *key, const struct remote_op *op);
void s3_request_done(struct s3_request *r);

/* Send it as part of the batch. Returns at once. */
void s3_request_send(struct s3_request *r, struct s3_batch *b);

/* Send it, wait, and return its code. */
must_use enum code s3_request_run(struct s3_request *r, struct err *err);

#endif
