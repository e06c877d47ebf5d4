/* The way to a REST catalog and to where its tokens are: requests, and retries of those whose fault may
 * pass. */
#ifndef MURR_SOURCE_ICEBERG_REST_CHANNEL_H
#define MURR_SOURCE_ICEBERG_REST_CHANNEL_H

#include "remote/retry.h"
#include "remote/transfer.h"
#include "source/iceberg_spec.h"

struct rest_channel {
    const struct catalog_spec *spec;
    struct transfer_loop *loop;
    struct transfer_options options;
    struct retry_policy retry;
    char *base; /* URL of the catalog, without '/' at the end and without "/v1" */
};

/* Borrows spec and loop until _done, and copies the URL. Fails E_INVALID for a bad one. */
must_use enum code rest_channel_init(struct rest_channel *c, const struct catalog_spec *spec,
                                     const char *url, struct transfer_loop *loop, struct err *err);
void rest_channel_done(struct rest_channel *c);

/*
 * Send a request, again after a delay where the fault may pass: 429, 500, 502, 503, 504, and broken or
 * stalled connections. The transfer has method, URL, headers, body and perhaps `prepare`; the rest is
 * filled here. OK with any status of the last answer.
 *
 * Fails     E_IO if there is no answer after all tries; as a transfer does.
 */
must_use enum code rest_send(struct rest_channel *c, struct transfer *t, const struct remote_op *op,
                             struct err *err);

#endif
