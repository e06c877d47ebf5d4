/* A thread that serves connections, by a libmicrohttpd that has no thread of its own. */
#ifndef MURR_NET_LOOP_H
#define MURR_NET_LOOP_H

#include "base/err.h"

struct loop;
struct MHD_Daemon;

/* A socket has become a connection, or could not; called by the loop's thread. */
typedef void (*loop_added_fn)(void *app);

/* Takes the daemon, started with MHD_USE_EPOLL and without threads, also when it fails. Fails E_IO. */
must_use enum code loop_start(struct MHD_Daemon *take_daemon, loop_added_fn added, void *app,
                              struct loop **out, struct err *err);

/* Takes the socket, which does not block. Any thread. */
void loop_add(struct loop *l, int take_fd);

/* Make it look again, after MHD_resume_connection. Any thread. */
void loop_wake(struct loop *l);

/* Stop the thread, then close all connections. None may be suspended. NULL is fine. */
void loop_stop(struct loop *l);

#endif
