/* Percent-encoding as S3 signs and lists it: everything but A-Z a-z 0-9 - . _ ~ as %XX. */
#ifndef MURR_REMOTE_URI_H
#define MURR_REMOTE_URI_H

#include "base/buf.h"

/* Append the encoded bytes, with '/' kept: a path. */
void uri_put_path(struct buf *out, struct view bytes);

/* Append the encoded bytes, '/' encoded too: a name or value of a query. */
void uri_put_value(struct buf *out, struct view bytes);

/* Append the decoded bytes; '+' is a space, and a '%' that begins no %XX stays what it is. */
void uri_put_decoded(struct buf *out, struct view text);

/* An absolute URL taken apart; views into it. */
struct uri {
    struct view scheme; /* "http" or "https" */
    struct view host;   /* with brackets where it is an IPv6 address */
    struct view port;   /* without ':'; empty: the default of the scheme */
    struct view path;   /* what follows, with its '/' and query; may be empty */
};

/* Fails E_INVALID, without the URL in the message, when it is not http:// or https:// and a host. */
must_use enum code uri_parse(const char *url, struct uri *out_uri, struct err *err);

/* Whether the host is an IP address or a name without a dot: nothing that a bucket can be put in front of. */
bool uri_host_is_bare(struct view host);

#endif
