#include "remote/op.h"

#include "base/clock.h"

enum code remote_op_check(const struct remote_op *op, struct err *err)
{
    if (op->cancelled && atomic_load_explicit(op->cancelled, memory_order_relaxed))
        return err_set(err, E_CANCELLED, "stopped");
    if (op->deadline_ns && clock_mono_ns() >= op->deadline_ns)
        return err_set(err, E_TIMEOUT, "there was no answer in time");
    return op->parent ? remote_op_check(op->parent, err) : OK;
}
