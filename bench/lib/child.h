/* Processes that a benchmark starts and stops: servers to measure against. */
#ifndef MURR_BENCH_CHILD_H
#define MURR_BENCH_CHILD_H

#include <sys/types.h>

/* Start a program with its output in build/bench/<name>.log. argv ends with NULL. */
pid_t child_start(const char *name, const char *const *argv);

/* SIGTERM and wait. */
void child_stop(pid_t pid);

/* A connection to a port of 127.0.0.1, tried until the program behind it listens; TCP_NODELAY is
 * on. */
int child_connect(pid_t pid, unsigned port);

/* A port of 127.0.0.1 that nobody listens on now. */
unsigned child_free_port(void);

#endif
