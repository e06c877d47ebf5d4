/* An HTTP server on loopback that answers what a test wrote down, and notes what it was asked. */
#ifndef MURR_TESTS_SCRIPTED_SERVER_H
#define MURR_TESTS_SCRIPTED_SERVER_H

#include "base/buf.h"

/* Answers to the path. The first that is not used up counts. */
struct scripted_answer {
    const char *path;
    unsigned status;
    const char *body;      /* "" for NULL; %BASE% becomes the address of the server */
    const char *header[2]; /* name and value, or NULL */
    unsigned n;            /* how often; 0: always */
};

struct scripted_server;

struct scripted_server *scripted_server_open(void);
void scripted_server_close(struct scripted_server *s);

/* "http://127.0.0.1:12345" */
const char *scripted_server_url(const struct scripted_server *s);

/* Begin a new script, which is copied, with nothing noted. */
void scripted_server_play(struct scripted_server *s, const struct scripted_answer *answers,
                          size_t n);

/*
 * What was asked since, a line each, and forget it: "GET /v1/config?warehouse=w", and then the body,
 * and the headers of these that came: authorization, if-none-match, x-iceberg-access-delegation,
 * x-test, each as " name=value". Lives until the next call.
 */
const char *scripted_server_asked(struct scripted_server *s);

#endif
