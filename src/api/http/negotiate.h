/* Which form of an answer a client wants, by its Accept header (RFC 9110, 12.5.1). */
#ifndef MURR_API_HTTP_NEGOTIATE_H
#define MURR_API_HTTP_NEGOTIATE_H

#include <stdbool.h>

enum accepted {
    ACCEPTS_JSON,
    ACCEPTS_ARROW,       /* application/vnd.apache.arrow.stream */
    ACCEPTS_OCTETS,      /* the same stream, called application/octet-stream */
    ACCEPTS_OPENMETRICS, /* of /metrics */
    ACCEPTS_PROMETHEUS,
};

/*
 * The form for an answer with rows: the one with the highest q; among equals the one named more
 * exactly, then the one named first, then JSON. No header, or an empty one: JSON. Parameters other
 * than q are ignored. False: none of them is acceptable.
 */
bool negotiate_rows(const char *accept, enum accepted *out);

/* The same between the two texts of /metrics; Prometheus' own where neither is asked for. */
enum accepted negotiate_metrics(const char *accept);

/* Whether a Content-Type header names that type, whatever its parameters. NULL names none. */
bool negotiate_is_type(const char *content_type, const char *type);

#endif
