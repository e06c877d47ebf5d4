#include "net/http1/waits.h"

#include "base/clock.h"
#include "net/http1/state.h"

void conn_waits_until(struct conn *c, uint64_t since_ns, uint64_t deadline_ns)
{
    atomic_store_explicit(&c->since_ns, since_ns, memory_order_relaxed);
    atomic_store_explicit(&c->deadline_ns, deadline_ns, memory_order_relaxed);
}

void conn_waits_since(struct conn *c, uint64_t since_ns)
{
    conn_waits_until(c, since_ns, since_ns + (uint64_t)c->server->config.timeout_ms * 1000000);
}

void conn_waits(struct conn *c)
{
    conn_waits_since(c, clock_mono_ns());
}

void conn_is_served(struct conn *c)
{
    conn_waits_until(c, 0, 0);
}
