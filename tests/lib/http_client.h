/* A blocking HTTP/1.1 client for tests, one connection a request. */
#ifndef MURR_TESTS_HTTP_CLIENT_H
#define MURR_TESTS_HTTP_CLIENT_H

#include "base/arena.h"

struct http_answer {
    unsigned status;  /* 0: none came */
    const char *head; /* status line and headers, as they came; in the arena */
    struct view body; /* in the arena, NUL-terminated behind the view */
};

/* `headers` is "" or lines that end in \r\n. Waits at most 60 s. */
struct http_answer http_ask(unsigned port, const char *method, const char *path,
                            const char *headers, struct view body, struct arena *arena);

/* The same in steps: a connection (-1: refused), bytes as they are, and the answer, to the end of
 * the connection. */
int http_dial(unsigned port);
bool http_send(int fd, struct view bytes);
struct http_answer http_receive(int fd, struct arena *arena);

#endif
