#include "redis.h"

#include "base/clock.h"
#include "base/mem.h"
#include "bench.h"
#include "child.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIPELINE = 1000 };
static const char socket_path[] = "build/bench/redis.sock";

struct redis redis_start(void)
{
    unlink(socket_path);
    const char *const server[] = {"redis-server", "--port",      "0",  "--unixsocket",
                                  socket_path,    "--save",      "",   "--appendonly",
                                  "no",           "--daemonize", "no", NULL};
    struct redis r = {.pid = child_start("redis", server)};
    for (int tries = 0; tries < 500; tries++) {
        r.c = redisConnectUnix(socket_path);
        if (r.c && !r.c->err)
            return r;
        redisFree(r.c);
        usleep(10000);
    }
    bench_fail("redis-server did not start; see build/bench/redis.log");
}

void redis_stop(struct redis *r)
{
    redisFree(r->c);
    child_stop(r->pid);
}

redisReply *redis_take_reply(struct redis *r)
{
    redisReply *reply;
    if (redisGetReply(r->c, (void **)&reply) != REDIS_OK)
        bench_fail("redis: %s", r->c->errstr);
    if (reply->type == REDIS_REPLY_ERROR)
        bench_fail("redis: %s", reply->str);
    return reply;
}

void redis_add(struct redis_command *c, const void *bytes, size_t len)
{
    c->argv[c->argc] = bytes;
    c->lens[c->argc++] = len;
}

void redis_begin(struct redis_command *c, const char *name, uint64_t row)
{
    c->argc = 0;
    bench_key(row, c->key);
    redis_add(c, name, strlen(name));
    redis_add(c, c->key, BENCH_KEY_BYTES);
}

void redis_set_packed(struct redis_command *c, uint64_t row)
{
    redis_begin(c, "SET", row);
    for (size_t i = 0; i < FETCH_COLUMNS; i++)
        c->packed[i] = bench_value(row, i);
    redis_add(c, c->packed, sizeof(c->packed));
}

double redis_fill(struct redis *r, uint64_t n_rows, redis_set_fn set)
{
    struct redis_command c;
    uint64_t start = clock_mono_ns();
    for (uint64_t first = 0; first < n_rows; first += PIPELINE) {
        uint64_t n = n_rows - first < PIPELINE ? n_rows - first : PIPELINE;
        for (uint64_t i = 0; i < n; i++) {
            set(&c, first + i);
            redisAppendCommandArgv(r->c, c.argc, c.argv, c.lens);
        }
        for (uint64_t i = 0; i < n; i++)
            freeReplyObject(redis_take_reply(r));
    }
    return (double)n_rows / ((double)(clock_mono_ns() - start) / 1e9);
}
