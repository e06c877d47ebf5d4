/* A thread that waits for sockets (epoll) and for calls from other threads. */
#ifndef MURR_NET_LOOP_H
#define MURR_NET_LOOP_H

#include "base/err.h"

#include <stdbool.h>

struct loop;

/* Both run on the loop's thread, with the pointer that loop_watch or loop_call was given. */
struct loop_calls {
    void (*ready)(void *what);  /* its socket can be read or written, or has failed */
    void (*called)(void *what); /* loop_call */
};

/* Fails E_IO. */
must_use enum code loop_start(struct loop_calls calls, struct loop **out, struct err *err);

/* Let the loop's thread call `called` with `what`, soon. Threads: any; after loop_stop it has no
 * effect. */
void loop_call(struct loop *l, void *what);

/*
 * Change the events (EPOLLIN, EPOLLOUT) of a socket that we wait for; 0: none. After a change to 0
 * `ready` is not called. Returns false if the kernel is out of memory. Threads: the loop's.
 */
must_use bool loop_watch(struct loop *l, int fd, void *what, unsigned before, unsigned events);

/* End the thread. No call comes any more. NULL is fine. */
void loop_stop(struct loop *l);
/* After loop_stop. NULL is fine. */
void loop_free(struct loop *l);

#endif
