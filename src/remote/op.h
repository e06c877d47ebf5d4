/* How far a call to a store may go: until when, until who says stop, and where its bytes are counted. */
#ifndef MURR_REMOTE_OP_H
#define MURR_REMOTE_OP_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory: no bound. Everything is borrowed until the call, or the read it starts, has ended. */
struct remote_op {
    const struct remote_op *parent; /* ends when this one does */
    const _Atomic bool *cancelled; /* set it from any thread: the call ends soon with E_CANCELLED */
    uint64_t deadline_ns;          /* clock_mono_ns; then E_TIMEOUT. 0: none */
    _Atomic uint64_t *n_read_bytes; /* counts bytes of objects that came from the store */
};

/* E_CANCELLED or E_TIMEOUT when it is over, else OK. */
must_use enum code remote_op_check(const struct remote_op *op, struct err *err);

static inline void remote_op_count(const struct remote_op *op, uint64_t n_bytes)
{
    if (op->n_read_bytes)
        atomic_fetch_add_explicit(op->n_read_bytes, n_bytes, memory_order_relaxed);
}

#endif
