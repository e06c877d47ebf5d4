/*
 * bench-fetch: reads over HTTP, Arrow out, from a real `murr serve`.
 *
 *   latency     one connection, 1,000 keys x 10 float32; in turn with a loopback echo that moves as many
 *               bytes each way, and with the same read in process
 *   throughput  1 to 64 connections at once
 *
 * The floor of a fetch is the in-process floor (bench-read measures it) plus the echo; the ratio given here
 * is against the in-process read plus the echo. Every value is checked.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "engine/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { N_COLUMNS = 10, N_KEYS = 1000, ROUNDS = 3000, MAX_ANSWER = 1 << 20 };

/* A request ready to send, and what its answer must hold. */
struct request {
    uint64_t rows[N_KEYS];
    struct buf bytes;
};

static void make_request(struct request *r, uint64_t n_rows, uint64_t *random)
{
    struct buf body = {0};
    buf_puts(&body, "{\"keys\": [");
    for (size_t i = 0; i < N_KEYS; i++) {
        char key[BENCH_KEY_BYTES + 1];
        r->rows[i] = bench_random(random) % n_rows;
        bench_key(r->rows[i], key);
        buf_printf(&body, "%s\"%s\"", i ? "," : "", key);
    }
    buf_puts(&body, "]}");
    buf_reset(&r->bytes);
    buf_printf(&r->bytes,
               "POST /v1/bench/_fetch HTTP/1.1\r\nHost: localhost\r\n"
               "Accept: application/vnd.apache.arrow.stream\r\nContent-Length: %zu\r\n\r\n",
               body.len);
    buf_put(&r->bytes, body.ptr, body.len);
    buf_done(&body);
}

static void send_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0)
            bench_fail("send: %s", strerror(errno));
        bytes += n;
        len -= (size_t)n;
    }
}

static void recv_all(int fd, uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t n = recv(fd, bytes, len, 0);
        if (n <= 0)
            bench_fail("the connection ended");
        bytes += n;
        len -= (size_t)n;
    }
}

/* An answer being received. */
struct answer {
    uint8_t bytes[MAX_ANSWER];
    size_t len;
    size_t body; /* offset of the body; 0 while the head is incomplete */
    size_t end;  /* offset of the end */
};

/* Take what is there; true when the answer is whole. */
static bool recv_some(int fd, struct answer *a)
{
    ssize_t n = recv(fd, a->bytes + a->len, sizeof(a->bytes) - 1 - a->len, 0);
    if (n <= 0)
        bench_fail("the connection ended");
    a->len += (size_t)n;
    if (a->body == 0) {
        a->bytes[a->len] = '\0';
        char *head = (char *)a->bytes, *end = strstr(head, "\r\n\r\n");
        if (!end)
            return false;
        const char *length = strcasestr(head, "content-length: ");
        if (strncmp(head, "HTTP/1.1 200", 12) != 0 || !length)
            bench_fail("answer: %.200s", head);
        a->body = (size_t)(end + 4 - head);
        a->end = a->body + strtoul(length + 16, NULL, 10);
        if (a->end >= sizeof(a->bytes))
            bench_fail("answer of %zu bytes", a->end);
    }
    return a->len >= a->end;
}

/* The stream has one batch of N_COLUMNS float columns, and ends with an 8-byte mark; its buffers are
 * 64-byte aligned, so the value buffers lie at equal distances before it. */
static void check_answer(const struct answer *a, const struct request *r)
{
    size_t bitmap = (N_KEYS / 8 + 63) / 64 * 64, values = (N_KEYS * 4 + 63) / 64 * 64;
    size_t at = a->end - 8 - N_COLUMNS * (bitmap + values);
    for (size_t c = 0; c < N_COLUMNS; c++, at += bitmap + values)
        for (size_t i = 0; i < N_KEYS; i++) {
            float got;
            memcpy(&got, a->bytes + at + bitmap + i * 4, 4);
            if (got != bench_value(r->rows[i], c))
                bench_fail("row %llu, column %zu: read %g", (unsigned long long)r->rows[i], c,
                           (double)got);
        }
}

static uint64_t time_fetch(int fd, const struct request *r, struct answer *a)
{
    a->len = a->body = a->end = 0;
    uint64_t start = clock_mono_ns();
    send_all(fd, r->bytes.ptr, r->bytes.len);
    while (!recv_some(fd, a)) {
    }
    uint64_t ns = clock_mono_ns() - start;
    check_answer(a, r);
    return ns;
}

/* ------------------------------------------------------------------------------------- echo */

struct echo {
    int fd;
    size_t request_bytes, answer_bytes;
};

static void *echo_main(void *arg)
{
    struct echo *e = arg;
    uint8_t *bytes = mem_zalloc(MAX_ANSWER);
    for (;;) {
        size_t left = e->request_bytes;
        while (left) {
            ssize_t n = recv(e->fd, bytes, left, 0);
            if (n <= 0) {
                free(bytes);
                return NULL;
            }
            left -= (size_t)n;
        }
        send_all(e->fd, bytes, e->answer_bytes);
    }
}

/* Two ends of a loopback TCP connection. */
static void tcp_pair(int fds[2])
{
    unsigned port = child_free_port();
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 1) < 0)
        bench_fail("listen: %s", strerror(errno));
    fds[0] = child_connect(0, port);
    fds[1] = accept(listener, NULL, NULL);
    setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    close(listener);
}

static uint64_t time_echo(int fd, const struct echo *e, const struct request *r, struct answer *a)
{
    uint64_t start = clock_mono_ns();
    send_all(fd, r->bytes.ptr, e->request_bytes);
    recv_all(fd, a->bytes, e->answer_bytes);
    return clock_mono_ns() - start;
}

/* ---------------------------------------------------------------------------------- in turn */

static uint64_t time_in_process(const struct snapshot *s, const struct projection *columns,
                                const struct request *r, struct arena *arena)
{
    static char text[N_KEYS][BENCH_KEY_BYTES + 1];
    static struct view keys[N_KEYS];
    struct ipc_stream stream;
    struct err err;
    size_t n_absent;
    for (size_t i = 0; i < N_KEYS; i++) {
        bench_key(r->rows[i], text[i]);
        keys[i] = view_of(text[i], BENCH_KEY_BYTES);
    }
    arena_reset(arena);
    uint64_t start = clock_mono_ns();
    bench_must(answer_read(s, (struct key_list){keys, N_KEYS}, columns, ANSWER_BYTES_MAX, arena,
                           &stream, &n_absent, NULL, &err),
               &err);
    uint64_t ns = clock_mono_ns() - start;
    ipc_stream_done(&stream);
    return ns;
}

static void bench_latency(int fd, const struct snapshot *s, uint64_t n_rows,
                          struct figures *figures)
{
    struct samples fetch = {0}, echo_times = {0}, read_times = {0};
    struct arena arena = {0}, columns_arena = {0};
    struct projection columns;
    struct err err;
    struct request r = {0};
    struct answer *a = mem_zalloc(sizeof(*a));
    uint64_t random = 7;
    bench_must(projection_resolve(snapshot_schema(s), NULL, 0, &columns_arena, &columns, &err),
               &err);
    make_request(&r, n_rows, &random);
    time_fetch(fd, &r, a);
    int pair[2];
    tcp_pair(pair);
    struct echo echo = {pair[1], r.bytes.len, a->end};
    pthread_t thread;
    pthread_create(&thread, NULL, echo_main, &echo);
    for (int round = 0; round < ROUNDS; round++) {
        make_request(&r, n_rows, &random);
        uint64_t fetch_ns = time_fetch(fd, &r, a);
        uint64_t echo_ns = time_echo(pair[0], &echo, &r, a);
        make_request(&r, n_rows, &random); /* rows that the fetch did not bring into the cache */
        uint64_t read_ns = time_in_process(s, &columns, &r, &arena);
        if (round < ROUNDS / 10)
            continue;
        samples_add(&fetch, fetch_ns);
        samples_add(&echo_times, echo_ns);
        samples_add(&read_times, read_ns);
    }
    double p50 = samples_us(&fetch, 0.5), echo_us = samples_us(&echo_times, 0.5);
    double read_us = samples_us(&read_times, 0.5);
    char count[24];
    bench_count_name(n_rows, count);
    printf("%s rows, %d keys, %d columns, Arrow, one connection\n", count, N_KEYS, N_COLUMNS);
    printf("  fetch p50 %.1f us, p99 %.1f us\n", p50, samples_us(&fetch, 0.99));
    printf("  echo of %zu and %zu bytes %.1f us, read in process %.1f us\n", echo.request_bytes,
           echo.answer_bytes, echo_us, read_us);
    printf("  ratio to (read in process + echo) %.2f\n", p50 / (echo_us + read_us));
    figures_add(figures, p50, "fetch.p50_us.%s", count);
    figures_add(figures, samples_us(&fetch, 0.99), "fetch.p99_us.%s", count);
    figures_add(figures, echo_us, "fetch.echo_us.%s", count);
    figures_add(figures, p50 / (echo_us + read_us), "fetch.ratio_read.%s", count);
    shutdown(pair[0], SHUT_RDWR);
    pthread_join(thread, NULL);
    close(pair[0]);
    close(pair[1]);
    samples_done(&fetch);
    samples_done(&echo_times);
    samples_done(&read_times);
    arena_done(&arena);
    arena_done(&columns_arena);
    buf_done(&r.bytes);
    free(a);
}

/* ------------------------------------------------------------------------------ throughput */

struct client {
    int fd;
    struct request request;
    struct answer *answer;
    uint64_t sent_ns;
};

static void client_send(struct client *c, uint64_t n_rows, uint64_t *random)
{
    make_request(&c->request, n_rows, random);
    c->answer->len = c->answer->body = c->answer->end = 0;
    c->sent_ns = clock_mono_ns();
    send_all(c->fd, c->request.bytes.ptr, c->request.bytes.len);
}

static void bench_connections(pid_t pid, unsigned port, size_t n, uint64_t n_rows,
                              struct figures *figures)
{
    enum { REQUESTS = 6000 };
    struct client *clients = mem_zalloc(n * sizeof(*clients));
    struct pollfd *polls = mem_zalloc(n * sizeof(*polls));
    struct samples times = {0};
    uint64_t random = n, start = clock_mono_ns();
    for (size_t i = 0; i < n; i++) {
        clients[i].fd = child_connect(pid, port);
        clients[i].answer = mem_zalloc(sizeof(struct answer));
        polls[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        client_send(&clients[i], n_rows, &random);
    }
    for (size_t done = 0; done < REQUESTS;) {
        poll(polls, n, -1);
        for (size_t i = 0; i < n && done < REQUESTS; i++) {
            if (!(polls[i].revents & POLLIN) || !recv_some(clients[i].fd, clients[i].answer))
                continue;
            samples_add(&times, clock_mono_ns() - clients[i].sent_ns);
            if (done % 16 == 0)
                check_answer(clients[i].answer, &clients[i].request);
            client_send(&clients[i], n_rows, &random);
            done++;
        }
    }
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    printf("  %3zu connections: %8.0f requests/s, %6.1f M keys/s, p50 %8.1f us, p99 %8.1f us\n", n,
           REQUESTS / seconds, REQUESTS * (double)N_KEYS / seconds / 1e6, samples_us(&times, 0.5),
           samples_us(&times, 0.99));
    figures_add(figures, REQUESTS / seconds, "fetch.requests_per_s.c%zu", n);
    for (size_t i = 0; i < n; i++) {
        close(clients[i].fd);
        buf_done(&clients[i].request.bytes);
        free(clients[i].answer);
    }
    samples_done(&times);
    free(clients);
    free(polls);
}

/* A configuration whose source is nowhere: the table serves from its data directory. */
static void write_config(const char *data_dir, unsigned port)
{
    FILE *f = fopen("build/bench/fetch.yml", "w");
    if (!f)
        bench_fail("cannot write build/bench/fetch.yml");
    fprintf(f,
            "server: { host: 127.0.0.1, port: %u, data_dir: %s }\n"
            "tables:\n  bench:\n    source: { local: { path: build/bench/nowhere } }\n"
            "    key: [user_id]\n    poll_interval: 1d\n",
            port, data_dir);
    fclose(f);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char dir[4096];
    struct err err;
    struct snapshot *s;
    bench_table_dir(n_rows, N_COLUMNS, dir);
    bench_table_make(dir, n_rows, N_COLUMNS);
    bench_must(snapshot_open_live(dir, "bench", STORAGE_MMAP, &s, &err), &err);
    unsigned port = child_free_port();
    write_config(dir, port);
    const char *const server[] = {"build/release/murr", "serve", "--config",
                                  "build/bench/fetch.yml", NULL};
    pid_t pid = child_start("fetch-server", server);
    int fd = child_connect(pid, port);
    struct figures *figures = figures_new("fetch");
    bench_latency(fd, s, n_rows, figures);
    close(fd);
    for (size_t n = 1; n <= 64; n *= 4)
        bench_connections(pid, port, n, n_rows, figures);
    child_stop(pid);
    figures_save(figures);
    snapshot_unref(s);
    return 0;
}
