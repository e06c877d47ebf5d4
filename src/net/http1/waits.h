/* How long a connection may wait for its client, which the reaper (reaper.c) looks at. Threads: the connection's. */
#ifndef MURR_NET_HTTP1_WAITS_H
#define MURR_NET_HTTP1_WAITS_H

#include <stdint.h>

struct conn;

/* From since_ns (clock_mono_ns) until deadline_ns. */
void conn_waits_until(struct conn *c, uint64_t since_ns, uint64_t deadline_ns);

/* timeout_ms from then on, or from now. */
void conn_waits_since(struct conn *c, uint64_t since_ns);
void conn_waits(struct conn *c);

/* It does not wait, since we work. */
void conn_is_served(struct conn *c);

#endif
