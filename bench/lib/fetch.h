/* Fetches over HTTP as a client makes them: requests ready to send, answers taken as they come,
 * values checked. */
#ifndef MURR_BENCH_FETCH_H
#define MURR_BENCH_FETCH_H

#include "base/buf.h"

#include <sys/types.h>

enum { FETCH_ANSWER_MAX = 1 << 20, FETCH_COLUMNS = 10 };

/* The form of the keys in a request; answers are Arrow. */
enum fetch_form { FETCH_JSON, FETCH_ARROW };

/* Random rows of the table "bench" and the bytes that ask for them. Zeroed memory is empty. */
struct fetch_request {
    uint64_t *rows;
    size_t n_keys;
    struct buf bytes;
};
void fetch_request_make(struct fetch_request *r, enum fetch_form form, size_t n_keys,
                        uint64_t n_rows, uint64_t *random);
void fetch_request_done(struct fetch_request *r);

/* An answer being received. */
struct fetch_answer {
    uint8_t bytes[FETCH_ANSWER_MAX];
    size_t len;
    size_t body; /* offset of the body; 0 while the head is incomplete */
    size_t end;  /* offset of the end */
};

void fetch_send(int fd, const void *bytes, size_t len);

/* Take what is there; true when the answer is whole. */
bool fetch_recv(int fd, struct fetch_answer *a);
void fetch_check(const struct fetch_answer *a, const struct fetch_request *r);

/* Send and receive; nanoseconds. */
uint64_t fetch_exchange(int fd, const struct fetch_request *r, struct fetch_answer *a);

/* The same, and check. */
uint64_t fetch_time(int fd, const struct fetch_request *r, struct fetch_answer *a);

/* Start `murr serve` for a data directory with a table "bench"; `source` NULL: from nowhere. The
 * log is build/bench/<name>.log. */
struct fetch_server {
    pid_t pid;
    unsigned port;
};
struct fetch_server fetch_server_start(const char *name, const char *data_dir, const char *source,
                                       const char *storage, unsigned threads);

/* Wait until a server with `storage: memory` serves from its copy. */
void fetch_server_settle(const char *name);

#endif
