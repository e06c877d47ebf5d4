/* A thread that closes connections of clients that are too slow. */
#ifndef MURR_NET_HTTP1_REAPER_H
#define MURR_NET_HTTP1_REAPER_H

#include "base/err.h"

struct http_server;

/* Fails E_IO. */
must_use enum code reaper_start(struct http_server *s, struct err *err);
/* Also where it was not started. */
void reaper_stop(struct http_server *s);

#endif
