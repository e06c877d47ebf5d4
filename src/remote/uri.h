/* URIs: percent-encoding as S3 signs and lists it (everything except A-Z a-z 0-9 - . _ ~ as %XX),
 * and taking a URL apart. */
#ifndef MURR_REMOTE_URI_H
#define MURR_REMOTE_URI_H

#include "base/buf.h"

/* Append the encoded bytes, with '/' kept: a path. */
void uri_put_path(struct buf *out, struct view bytes);

/* Append the encoded bytes, '/' encoded too: a name or value of a query. */
void uri_put_value(struct buf *out, struct view bytes);

/* Append the decoded bytes. '+' becomes a space; a '%' without two hexadecimal digits is kept. */
void uri_put_decoded(struct buf *out, struct view text);

/* The parts of an absolute URL, as views into it. */
struct uri {
    struct view scheme; /* "http" or "https" */
    struct view host;   /* with brackets if it is an IPv6 address */
    struct view port;   /* without ':'; empty: the scheme's default */
    struct view path;   /* the rest, with '/' and query; may be empty */
};

/* Fails E_INVALID if it is not http:// or https:// and a host. The message leaves out the URL,
 * which may hold a secret. */
must_use enum code uri_parse(const char *url, struct uri *out_uri, struct err *err);

/* Whether the host is an IP address or a name without a dot, so that "bucket." cannot be put in
 * front of it. */
bool uri_host_is_bare(struct view host);

#endif
