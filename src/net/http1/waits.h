/* The deadline of a connection that waits for its client; the reaper (reaper.c) enforces it.
 *
 * Threads   the connection's. */
#ifndef MURR_NET_HTTP1_WAITS_H
#define MURR_NET_HTTP1_WAITS_H

#include <stdint.h>

struct conn;

/* From since_ns (clock_mono_ns) until deadline_ns. */
void conn_waits_until(struct conn *c, uint64_t since_ns, uint64_t deadline_ns);

/* From that time, or from now, for timeout_ms. */
void conn_waits_since(struct conn *c, uint64_t since_ns);
void conn_waits(struct conn *c);

/* No deadline: we are working, and the client waits for us. */
void conn_is_served(struct conn *c);

#endif
