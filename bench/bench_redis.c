/*
 * bench-redis: the same rows in Redis and in Murr, on this machine, in turn, 1,000 random keys x 10 float32 a
 * request over one connection.
 *
 *   mget    a key holds its ten floats packed in one string; one MGET a request
 *   hmget   Feast's layout: a hash a key, a field a feature (4 bytes of a hash of its name) whose value is a protobuf
 *           of the float, and the time of the row; one HMGET a key, pipelined
 *
 * redis-server runs on a private socket without persistence and is read by hiredis. Every value is checked.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "fetch.h"
#include "redis.h"

#include <stdio.h>
#include <unistd.h>

enum { N_KEYS = 1000, ROUNDS = 300 };

static uint64_t used_memory(struct redis *r)
{
    redisReply *reply = redisCommand(r->c, "INFO memory");
    const char *at = reply ? strstr(reply->str, "used_memory:") : NULL;
    uint64_t bytes = at ? strtoull(at + 12, NULL, 10) : 0;
    freeReplyObject(reply);
    return bytes;
}

/* ----------------------------------------------------------------------------------- layouts */

static uint32_t field_name(size_t column)
{
    char name[32];
    snprintf(name, sizeof(name), "bench:f%zu", column);
    return (uint32_t)hash_checksum(view_cstr(name));
}

static void set_hash(struct redis_command *c, uint64_t row)
{
    redis_begin(c, "HSET", row);
    for (size_t i = 0; i < FETCH_COLUMNS; i++) {
        float value = bench_value(row, i);
        c->fields[i] = field_name(i);
        c->values[i][0] = 6 << 3 | 5; /* field 6 of feast.types.Value, 32 bits */
        memcpy(&c->values[i][1], &value, sizeof(value));
        redis_add(c, &c->fields[i], REDIS_FIELD_BYTES);
        redis_add(c, c->values[i], REDIS_VALUE_BYTES);
    }
    redis_add(c, "_ts:bench", 9);
    redis_add(c, "\x08\x80\xf8\xb5\xa4\x06", 6);
}

/* -------------------------------------------------------------------------------------- reads */

/* Values as columns, which is what a client of either wants: out[column * N_KEYS + key]. */
static uint64_t time_mget(struct redis *r, const uint64_t *rows, float *out)
{
    static char keys[N_KEYS][BENCH_KEY_BYTES + 1];
    const char *argv[1 + N_KEYS] = {"MGET"};
    size_t lens[1 + N_KEYS] = {4};
    for (size_t i = 0; i < N_KEYS; i++) {
        bench_key(rows[i], keys[i]);
        argv[1 + i] = keys[i];
        lens[1 + i] = BENCH_KEY_BYTES;
    }
    uint64_t start = clock_mono_ns();
    redisAppendCommandArgv(r->c, 1 + N_KEYS, argv, lens);
    redisReply *reply = redis_take_reply(r);
    for (size_t i = 0; i < N_KEYS && i < reply->elements; i++)
        for (size_t c = 0; c < FETCH_COLUMNS; c++)
            memcpy(&out[c * N_KEYS + i], reply->element[i]->str + c * 4, 4);
    uint64_t ns = clock_mono_ns() - start;
    freeReplyObject(reply);
    return ns;
}

static uint64_t time_hmget(struct redis *r, const uint64_t *rows, float *out)
{
    static struct redis_command commands[N_KEYS];
    for (size_t i = 0; i < N_KEYS; i++) {
        redis_begin(&commands[i], "HMGET", rows[i]);
        for (size_t c = 0; c < FETCH_COLUMNS; c++) {
            commands[i].fields[c] = field_name(c);
            redis_add(&commands[i], &commands[i].fields[c], REDIS_FIELD_BYTES);
        }
        redis_add(&commands[i], "_ts:bench", 9);
    }
    uint64_t start = clock_mono_ns();
    for (size_t i = 0; i < N_KEYS; i++)
        redisAppendCommandArgv(r->c, commands[i].argc, commands[i].argv, commands[i].lens);
    for (size_t i = 0; i < N_KEYS; i++) {
        redisReply *reply = redis_take_reply(r);
        for (size_t c = 0; c < FETCH_COLUMNS; c++)
            memcpy(&out[c * N_KEYS + i], reply->element[c]->str + 1, 4);
        freeReplyObject(reply);
    }
    return clock_mono_ns() - start;
}

typedef uint64_t (*read_fn)(struct redis *r, const uint64_t *rows, float *out);

/* Redis and Murr in turn. Prints a line; returns the ratio of the medians. */
static double bench_layout(const char *name, uint64_t n_rows, redis_set_fn set, read_fn read,
                           int fd, struct figures *figures)
{
    struct redis r = redis_start();
    uint64_t empty = used_memory(&r), random = 11;
    double rate = redis_fill(&r, n_rows, set);
    double row_bytes = (double)(used_memory(&r) - empty) / (double)n_rows;
    struct samples redis_times = {0}, murr_times = {0};
    struct fetch_request request = {0};
    struct fetch_answer *answer = mem_zalloc(sizeof(*answer));
    float *out = mem_alloc(N_KEYS * FETCH_COLUMNS * sizeof(*out));
    for (int round = 0; round < ROUNDS; round++) {
        fetch_request_make(&request, FETCH_JSON, N_KEYS, n_rows, &random);
        uint64_t redis_ns = read(&r, request.rows, out);
        for (size_t c = 0; c < FETCH_COLUMNS; c++)
            bench_check_values(request.rows, N_KEYS, out + c * N_KEYS, c);
        fetch_request_make(&request, FETCH_JSON, N_KEYS, n_rows, &random);
        uint64_t murr_ns = fetch_time(fd, &request, answer);
        if (round < ROUNDS / 10)
            continue;
        samples_add(&redis_times, redis_ns);
        samples_add(&murr_times, murr_ns);
    }
    double redis_us = samples_us(&redis_times, 0.5), murr_us = samples_us(&murr_times, 0.5);
    printf("%-8s %10.0f %10.0f %8.1f %12.0f %10.0f\n", name, redis_us, murr_us, redis_us / murr_us,
           rate, row_bytes);
    figures_add(figures, redis_us, "redis.p50_us.%s", name);
    figures_add(figures, murr_us, "redis.murr_p50_us.%s", name);
    figures_add(figures, redis_us / murr_us, "redis.ratio_%s", name);
    figures_add(figures, rate, "redis.rows_per_s.%s", name);
    figures_add(figures, row_bytes, "redis.bytes_per_row.%s", name);
    samples_done(&redis_times);
    samples_done(&murr_times);
    fetch_request_done(&request);
    free(answer);
    free(out);
    redis_stop(&r);
    return redis_us / murr_us;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const struct bench_table table = {n_rows, FETCH_COLUMNS, false};
    char dir[4096];
    bench_table_make(&table, dir);
    struct figures *figures = figures_new("redis");
    struct fetch_server murr = fetch_server_start("redis-murr", dir, NULL, "memory", 0);
    fetch_server_settle("redis-murr");
    int fd = child_connect(murr.pid, murr.port);
    printf("%llu rows, %d keys x %d float32, p50\n", (unsigned long long)n_rows, N_KEYS,
           FETCH_COLUMNS);
    printf("%-8s %10s %10s %8s %12s %10s\n", "layout", "redis us", "murr us", "ratio",
           "fill rows/s", "bytes/row");
    bench_layout("mget", n_rows, redis_set_packed, time_mget, fd, figures);
    bench_layout("hmget", n_rows, set_hash, time_hmget, fd, figures);
    close(fd);
    child_stop(murr.pid);
    figures_save(figures);
    return 0;
}
