/* An op: the bounds of a call to a store, its deadline and cancellation, and where its bytes are
 * counted. */
#ifndef MURR_REMOTE_OP_H
#define MURR_REMOTE_OP_H

#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory sets no bounds. All is borrowed until the call, or the read that it starts, has
 * ended. */
struct remote_op {
    const struct remote_op *parent; /* its bounds hold as well; or NULL */
    const _Atomic bool *cancelled;  /* once any thread sets it, the call soon ends, E_CANCELLED */
    uint64_t deadline_ns;           /* by clock_mono_ns; E_TIMEOUT after it. 0: none */
    _Atomic uint64_t *n_read_bytes; /* counts bytes of objects from the store; or NULL */
};

/* E_CANCELLED or E_TIMEOUT once a bound is reached, else OK. */
must_use enum code remote_op_check(const struct remote_op *op, struct err *err);

/* Take a lock that others hold while they wait for a machine. On failure it is not held. */
must_use enum code remote_op_lock(const struct remote_op *op, pthread_mutex_t *lock,
                                  struct err *err);

static inline void remote_op_count(const struct remote_op *op, uint64_t n_bytes)
{
    if (op->n_read_bytes)
        atomic_fetch_add_explicit(op->n_read_bytes, n_bytes, memory_order_relaxed);
}

#endif
