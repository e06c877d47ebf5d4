/* A redis-server of our own on a private socket, without persistence, and the rows of the benchmark
 * table in it. */
#ifndef MURR_BENCH_REDIS_H
#define MURR_BENCH_REDIS_H

#include "bench_table.h"
#include "fetch.h"

#include <hiredis/hiredis.h>

enum { REDIS_FIELD_BYTES = 4, REDIS_VALUE_BYTES = 5 };

struct redis {
    redisContext *c;
    pid_t pid;
};

struct redis redis_start(void);
void redis_stop(struct redis *r);

/* The next reply, which is no error; the caller frees it. */
redisReply *redis_take_reply(struct redis *r);

/* Arguments of one command, with room for their bytes. */
struct redis_command {
    const char *argv[2 * FETCH_COLUMNS + 8];
    size_t lens[2 * FETCH_COLUMNS + 8];
    int argc;
    char key[BENCH_KEY_BYTES + 1];
    float packed[FETCH_COLUMNS];
    uint32_t fields[FETCH_COLUMNS];
    uint8_t values[FETCH_COLUMNS][REDIS_VALUE_BYTES];
};

void redis_begin(struct redis_command *c, const char *name, uint64_t row);
void redis_add(struct redis_command *c, const void *bytes, size_t len);

/* Make the command that stores a row. */
typedef void (*redis_set_fn)(struct redis_command *c, uint64_t row);

/* SET: ten floats packed in one string. */
void redis_set_packed(struct redis_command *c, uint64_t row);

/* Store rows 0 .. n_rows-1, pipelined by the thousand. Returns rows a second. */
double redis_fill(struct redis *r, uint64_t n_rows, redis_set_fn set);

#endif
