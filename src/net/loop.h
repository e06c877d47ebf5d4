/* A thread that waits for sockets (epoll) and for what other threads ask of it. */
#ifndef MURR_NET_LOOP_H
#define MURR_NET_LOOP_H

#include "base/err.h"

#include <stdbool.h>

struct loop;

/* Both come from the loop's thread, with what loop_watch or loop_call was given. */
struct loop_calls {
    void (*ready)(void *what);  /* its socket can be read or written, or has failed */
    void (*called)(void *what); /* loop_call */
};

/* Fails E_IO. */
must_use enum code loop_start(struct loop_calls calls, struct loop **out, struct err *err);

/* Have `what` called by the loop's thread, soon. Threads: any, also after loop_stop, when it has no effect. */
void loop_call(struct loop *l, void *what);

/*
 * Wait for other events (EPOLLIN, EPOLLOUT) of a socket than before; 0 is none at all. After a change to 0 no call to
 * `ready` comes. False: the kernel has no memory for it. Threads: the loop's.
 */
must_use bool loop_watch(struct loop *l, int fd, void *what, unsigned before, unsigned events);

/* End the thread. No call comes any more. NULL is fine. */
void loop_stop(struct loop *l);
/* After loop_stop. NULL is fine. */
void loop_free(struct loop *l);

#endif
