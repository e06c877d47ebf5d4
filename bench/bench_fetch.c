/*
 * bench-fetch: reads over HTTP, Arrow out, from a real `murr serve`.
 *
 *   latency     one connection, 1,000 keys x 10 float32, keys as JSON and as Arrow; in turn with a loopback echo
 *               that moves as many bytes each way and with the floor of a read in process (lib/floor.h)
 *   throughput  1 to 64 connections at once, 1 and 2 server threads
 *
 * The floor of a fetch is the floor of the read plus the echo. For latency the client has one core, server and echo have
 * another: otherwise the scheduler keeps the echo beside the client, where nobody has to wake a sleeping core. Every
 * value is checked.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "fetch.h"
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { N_KEYS = 1000, ROUNDS = 3000 };

/* This thread, and what it starts, on one core; -1: on any. Where there is one core only, nothing is done. */
static void pin(int cpu)
{
    cpu_set_t set;
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    CPU_ZERO(&set);
    for (int i = 0; i < n_cpus; i++)
        if (cpu < 0 || cpu == i)
            CPU_SET(i, &set);
    if (n_cpus > 1)
        sched_setaffinity(0, sizeof(set), &set);
}

enum { CLIENT_CPU = 0, SERVER_CPU = 1 };

/* ------------------------------------------------------------------------------------- echo */

struct echo {
    int client, server;
    size_t request_bytes, answer_bytes;
    pthread_t thread;
};

static void *echo_main(void *arg)
{
    struct echo *e = arg;
    pin(SERVER_CPU);
    uint8_t *bytes = mem_zalloc(FETCH_ANSWER_MAX);
    for (;;) {
        size_t left = e->request_bytes;
        while (left) {
            ssize_t n = recv(e->server, bytes, left, 0);
            if (n <= 0) {
                free(bytes);
                return NULL;
            }
            left -= (size_t)n;
        }
        fetch_send(e->server, bytes, e->answer_bytes);
    }
}

/* Two ends of a loopback TCP connection, one of them answering. */
static void echo_start(struct echo *e, size_t request_bytes, size_t answer_bytes)
{
    unsigned port = child_free_port();
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 1) < 0)
        bench_fail("listen: %s", strerror(errno));
    *e = (struct echo){.request_bytes = request_bytes, .answer_bytes = answer_bytes};
    e->client = child_connect(0, port);
    e->server = accept(listener, NULL, NULL);
    setsockopt(e->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    close(listener);
    pthread_create(&e->thread, NULL, echo_main, e);
}

static void echo_stop(struct echo *e)
{
    shutdown(e->client, SHUT_RDWR);
    pthread_join(e->thread, NULL);
    close(e->client);
    close(e->server);
}

static uint64_t echo_time(const struct echo *e, const struct fetch_request *r,
                          struct fetch_answer *a)
{
    uint64_t start = clock_mono_ns();
    fetch_send(e->client, r->bytes.ptr, e->request_bytes);
    for (size_t left = e->answer_bytes; left;) {
        ssize_t n = recv(e->client, a->bytes, left, 0);
        if (n <= 0)
            bench_fail("the echo ended");
        left -= (size_t)n;
    }
    return clock_mono_ns() - start;
}

/* ---------------------------------------------------------------------------------- in turn */

static void report_latency(const char *form, uint64_t n_rows, const struct echo *echo,
                           struct samples *fetch, struct samples *echoes, struct samples *floors,
                           struct figures *figures)
{
    char count[24];
    bench_count_name(n_rows, count);
    double p50 = samples_us(fetch, 0.5), echo_us = samples_us(echoes, 0.5);
    double floor_us = samples_us(floors, 0.5), ratio = p50 / (echo_us + floor_us);
    printf("%8s %-6s %8.1f %8.1f %8.1f %8.1f %8.2f   (%zu and %zu bytes)\n", count, form, floor_us,
           echo_us, p50, samples_us(fetch, 0.99), ratio, echo->request_bytes, echo->answer_bytes);
    figures_add(figures, p50, "fetch.p50_us.%s.%s", form, count);
    figures_add(figures, samples_us(fetch, 0.99), "fetch.p99_us.%s.%s", form, count);
    figures_add(figures, ratio, "fetch.ratio_floor.%s.%s", form, count);
    if (strcmp(form, "json") != 0)
        return;
    figures_add(figures, echo_us, "fetch.echo_us.%s", count);
    figures_add(figures, floor_us, "fetch.floor_us.%s", count);
    figures_add(figures, ratio, "fetch.ratio_floor.%s", count);
    if (n_rows == 10000000)
        figures_add(figures, ratio, "fetch.ratio_floor");
}

static void bench_latency(int fd, enum fetch_form form, uint64_t n_rows, const struct floor *floor,
                          struct figures *figures)
{
    struct samples fetch = {0}, echoes = {0}, floors = {0};
    struct fetch_request r = {0};
    struct fetch_answer *a = mem_zalloc(sizeof(*a));
    float *out = mem_alloc(N_KEYS * FETCH_COLUMNS * sizeof(*out));
    uint64_t random = 7, rows[N_KEYS];
    struct echo echo;
    fetch_request_make(&r, form, N_KEYS, n_rows, &random);
    fetch_time(fd, &r, a);
    echo_start(&echo, r.bytes.len, a->end);
    for (int round = 0; round < ROUNDS; round++) {
        fetch_request_make(&r, form, N_KEYS, n_rows, &random);
        uint64_t fetch_ns = fetch_time(fd, &r, a), echo_ns = echo_time(&echo, &r, a);
        for (size_t i = 0; i < N_KEYS; i++)
            rows[i] = bench_random(&random) % n_rows;
        uint64_t floor_ns = floor_time(floor, rows, N_KEYS, out);
        if (round < ROUNDS / 10)
            continue; /* warming up */
        samples_add(&fetch, fetch_ns);
        samples_add(&echoes, echo_ns);
        samples_add(&floors, floor_ns);
    }
    report_latency(form == FETCH_JSON ? "json" : "arrow", n_rows, &echo, &fetch, &echoes, &floors,
                   figures);
    echo_stop(&echo);
    samples_done(&fetch);
    samples_done(&echoes);
    samples_done(&floors);
    fetch_request_done(&r);
    free(out);
    free(a);
}

/* ------------------------------------------------------------------------------ throughput */

struct client {
    int fd;
    struct fetch_request request;
    struct fetch_answer *answer;
    uint64_t sent_ns;
};

static void client_send(struct client *c, uint64_t n_rows, uint64_t *random)
{
    fetch_request_make(&c->request, FETCH_JSON, N_KEYS, n_rows, random);
    c->answer->len = c->answer->body = c->answer->end = 0;
    c->sent_ns = clock_mono_ns();
    fetch_send(c->fd, c->request.bytes.ptr, c->request.bytes.len);
}

static void bench_connections(const struct fetch_server *server, unsigned threads, size_t n,
                              uint64_t n_rows, struct figures *figures)
{
    enum { REQUESTS = 6000 };
    struct client *clients = mem_zalloc(n * sizeof(*clients));
    struct pollfd *polls = mem_zalloc(n * sizeof(*polls));
    struct samples times = {0};
    uint64_t random = n, start = clock_mono_ns();
    for (size_t i = 0; i < n; i++) {
        clients[i].fd = child_connect(server->pid, server->port);
        clients[i].answer = mem_zalloc(sizeof(struct fetch_answer));
        polls[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        client_send(&clients[i], n_rows, &random);
    }
    for (size_t done = 0; done < REQUESTS;) {
        poll(polls, n, -1);
        for (size_t i = 0; i < n && done < REQUESTS; i++) {
            if (!(polls[i].revents & POLLIN) || !fetch_recv(clients[i].fd, clients[i].answer))
                continue;
            samples_add(&times, clock_mono_ns() - clients[i].sent_ns);
            if (done % 16 == 0)
                fetch_check(clients[i].answer, &clients[i].request);
            client_send(&clients[i], n_rows, &random);
            done++;
        }
    }
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    printf("%7u %12zu %12.0f %10.1f %10.1f %10.1f\n", threads, n, REQUESTS / seconds,
           REQUESTS * (double)N_KEYS / seconds / 1e6, samples_us(&times, 0.5),
           samples_us(&times, 0.99));
    figures_add(figures, REQUESTS / seconds, "fetch.requests_per_s.t%u.c%zu", threads, n);
    for (size_t i = 0; i < n; i++) {
        close(clients[i].fd);
        fetch_request_done(&clients[i].request);
        free(clients[i].answer);
    }
    samples_done(&times);
    free(clients);
    free(polls);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const struct bench_table table = {n_rows, FETCH_COLUMNS, false};
    char dir[4096];
    bench_table_make(&table, dir);
    struct figures *figures = figures_new("fetch");
    struct floor floor = floor_make(n_rows, FETCH_COLUMNS, true);
    pin(SERVER_CPU);
    struct fetch_server server = fetch_server_start("fetch-server", dir, NULL, "memory", 1);
    pin(CLIENT_CPU);
    fetch_server_settle("fetch-server");
    int fd = child_connect(server.pid, server.port);
    printf("%8s %-6s %8s %8s %8s %8s %8s\n", "rows", "keys", "floor us", "echo us", "p50 us",
           "p99 us", "ratio");
    bench_latency(fd, FETCH_JSON, n_rows, &floor, figures);
    bench_latency(fd, FETCH_ARROW, n_rows, &floor, figures);
    close(fd);
    child_stop(server.pid);
    floor_done(&floor);
    pin(-1);
    printf("%7s %12s %12s %10s %10s %10s\n", "threads", "connections", "requests/s", "M keys/s",
           "p50 us", "p99 us");
    for (unsigned threads = 1; threads <= 2; threads++) {
        server = fetch_server_start("fetch-server", dir, NULL, "memory", threads);
        fetch_server_settle("fetch-server");
        for (size_t n = 1; n <= 64; n *= 4)
            bench_connections(&server, threads, n, n_rows, figures);
        child_stop(server.pid);
    }
    figures_save(figures);
    return 0;
}
