#include "remote/op.h"

#include "base/clock.h"

#include <time.h>

enum code remote_op_check(const struct remote_op *op, struct err *err)
{
    if (op->cancelled && atomic_load_explicit(op->cancelled, memory_order_relaxed))
        return err_set(err, E_CANCELLED, "stopped");
    if (op->deadline_ns && clock_mono_ns() >= op->deadline_ns)
        return err_set(err, E_TIMEOUT, "there was no answer in time");
    return op->parent ? remote_op_check(op->parent, err) : OK;
}

/* Cancellation wakes nobody, so it is looked at every 50 ms. */
enum code remote_op_lock(const struct remote_op *op, pthread_mutex_t *lock, struct err *err)
{
    for (;;) {
        struct timespec until;
        TRY(remote_op_check(op, err));
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 50000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_mutex_timedlock(lock, &until) == 0)
            return OK;
    }
}
