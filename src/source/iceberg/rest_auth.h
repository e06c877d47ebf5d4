/*
 * Who we are to a REST catalog: a bearer token from the configuration, from a file, or got by
 * OAuth2's client credentials.
 *
 * A token of OAuth2 is kept until a tenth of its life, at most five minutes, is left. Then it is
 * renewed, and if that fails it is used until it ends.
 *
 * Threads   any. One of them gets a token, while others that need one wait.
 */
#ifndef MURR_SOURCE_ICEBERG_REST_AUTH_H
#define MURR_SOURCE_ICEBERG_REST_AUTH_H

#include "source/iceberg/rest_channel.h"

#include <pthread.h>

struct rest_auth {
    struct rest_channel *channel;
    pthread_mutex_t lock;               /* guards the rest, and is held while a token is got */
    char *url;                          /* of tokens */
    char *token;                        /* of OAuth2; NULL: none yet */
    int64_t expires_at_ms, renew_at_ms; /* wall clock; 0: never */
};

/* Borrows the channel until _done. */
void rest_auth_init(struct rest_auth *a, struct rest_channel *channel);
void rest_auth_done(struct rest_auth *a);

/* Get tokens from there, as the catalog says. Fails E_INVALID unless that is the host of the catalog
 * or of the configured oauth2_server_uri: it gets our secret. */
must_use enum code rest_auth_move(struct rest_auth *a, const char *url, struct err *err);

/*
 * The token to send, which the caller frees; NULL if the configuration has nothing of the kind.
 *
 * Cost      nothing, the reading of a small file, or a request.
 * Fails     as reading the file, or as the request does, with what the server says.
 */
must_use enum code rest_auth_token(struct rest_auth *a, const struct remote_op *op,
                                   char **out_token, struct err *err);

/* The catalog does not take the token: get another one the next time. Whether there may be one. */
bool rest_auth_refuse(struct rest_auth *a, const char *token);

#endif
