/*
 * Checks of URLs that a catalog hands out: where to go on, where tokens are, where a store is. A
 * catalog that was taken over, or that a stranger may edit, must not lead us to the services of our
 * machine or network, nor get our secrets from us:
 *
 *     any URL                     http or https; never a link-local address; never http if the
 *                                 catalog itself is https
 *     one that gets a secret      besides, the scheme, host and port of one that was configured
 */
#ifndef MURR_SOURCE_ICEBERG_HANDED_OUT_H
#define MURR_SOURCE_ICEBERG_HANDED_OUT_H

#include "base/err.h"
#include "base/view.h"

/* `what` is the name of the URL, and `catalog` the URL of the catalog. Fails E_INVALID. */
must_use enum code handed_out_check(const char *what, const char *url, const char *catalog,
                                    struct err *err);

/* Whether two URLs lead to the same scheme, host and port. False for what is not a URL. */
bool url_same_origin(const char *a, const char *b);

#endif
