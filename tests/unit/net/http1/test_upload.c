/* Bodies that go to files, and answers that come later. */
#include "net/http1/deferred.h"
#include "net/http1/server.h"

#include "http_client.h"
#include "sample_rows.h"
#include "test.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_SMALL = 1000, MAX_LARGE = 8 << 20, MAX_ALL = 6 << 20, IN_MEMORY = 64 << 10 };

/* Requests that the handler deferred, for the tests to answer. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct kept {
        struct http_deferred *deferred;
        struct http_body body;
    } kept[64];
    size_t n;
} later = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static char *upload_dir;

static uint64_t sum_of(struct view bytes)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < bytes.len; i++)
        sum = (sum ^ bytes.ptr[i]) * 1099511628211u;
    return sum;
}

static void fill(struct http_response *res, unsigned status, struct view body)
{
    struct buf text = {0};
    buf_printf(&text, "%zu %016llx", body.len, (unsigned long long)sum_of(body));
    res->status = status;
    res->content_type = "text/plain";
    res->body_len = text.len;
    res->body = buf_detach(&text);
}

static unsigned status_of_body(enum code rc)
{
    return rc == OK ? 200 : rc == E_LIMIT ? 413 : rc == E_BUSY ? 429 : rc == E_NOSPACE ? 507 : 500;
}

static void answer(struct kept k)
{
    struct http_response res = {0};
    fill(&res, 200, k.body.bytes);
    http_answer(k.deferred, &res);
    if (k.body.release)
        k.body.release(k.body.owner);
}

/* "/later" is kept; "/at-once" is deferred and answered before the handler returns; all else is
 * answered. */
static void handler(void *app, const struct http_request *req, struct http_response *res)
{
    (void)app;
    bool at_once = strcmp(req->path, "/at-once") == 0;
    if (req->body_rc || !(at_once || strcmp(req->path, "/later") == 0)) {
        fill(res, status_of_body(req->body_rc), req->body);
        return;
    }
    struct kept k = {0};
    http_request_detach_body(req, &k.body);
    k.deferred = http_defer(req);
    if (at_once) {
        answer(k);
        return;
    }
    pthread_mutex_lock(&later.lock);
    assert_true(later.n < 64);
    later.kept[later.n++] = k;
    pthread_cond_broadcast(&later.more);
    pthread_mutex_unlock(&later.lock);
}

static struct kept take_kept(void)
{
    pthread_mutex_lock(&later.lock);
    while (later.n == 0)
        pthread_cond_wait(&later.more, &later.lock);
    struct kept k = later.kept[--later.n];
    pthread_mutex_unlock(&later.lock);
    return k;
}

static struct http_rule rule(void *app, const char *method, const char *path)
{
    (void)app;
    (void)method;
    bool small = strcmp(path, "/small") == 0;
    return (struct http_rule){small ? MAX_SMALL : MAX_LARGE, !small, false};
}

static struct http_server *open_patient(int64_t timeout_ms)
{
    const struct http_config config = {.host = "127.0.0.1",
                                       .threads = 2,
                                       .rule = rule,
                                       .upload_dir = upload_dir,
                                       .max_upload_bytes = MAX_ALL,
                                       .upload_memory_bytes = IN_MEMORY,
                                       .max_answer_bytes = 1 << 30,
                                       .max_connections = 50,
                                       .max_upload_files = 50,
                                       .timeout_ms = timeout_ms,
                                       .idle_timeout_ms = timeout_ms};
    struct http_server *s;
    struct err err;
    assert_ok(http_server_open(&config, handler, NULL, &s, &err));
    return s;
}

static struct http_server *open_server(void)
{
    return open_patient(60000);
}

static int begin(void **state)
{
    upload_dir = temp_dir_new();
    signal(SIGXFSZ, SIG_IGN);
    *state = open_server();
    return 0;
}

static int end(void **state)
{
    http_server_close(*state);
    temp_dir_done(&upload_dir);
    return 0;
}

/* Bytes that differ from place to place. */
static struct view noise(size_t len, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, len);
    uint32_t x = 1;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(x >> 24);
    }
    return view_of(bytes, len);
}

static void assert_got(struct http_answer a, struct view body)
{
    char want[64];
    snprintf(want, sizeof(want), "%zu %016llx", body.len, (unsigned long long)sum_of(body));
    assert_int_equal(a.status, 200);
    assert_string_equal((const char *)a.body.ptr, want);
}

static unsigned status_of_put(struct http_server *s, const char *path, size_t len)
{
    AUTO(arena) struct arena arena = {0};
    return http_ask(http_server_port(s), "PUT", path, "", noise(len, &arena), &arena).status;
}

static void upload_of_any_length_arrives_whole(void **state)
{
    const size_t lengths[] = {0, 1, IN_MEMORY - 1, IN_MEMORY, IN_MEMORY + 1, 1 << 20, 5000001};
    const char *paths[] = {"/", "/at-once"};
    for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
        AUTO(arena) struct arena arena = {0};
        struct view body = noise(lengths[i / 2], &arena);
        assert_got(http_ask(http_server_port(*state), "PUT", paths[i % 2], "", body, &arena), body);
    }
}

static void upload_in_chunks_arrives_whole(void **state)
{
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf text = {0};
    struct view body = noise(1000003, &arena);
    buf_puts(&text, "PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < body.len;) {
        size_t n = body.len - at < 70001 ? body.len - at : 70001;
        buf_printf(&text, "%zx\r\n", n);
        buf_put(&text, body.ptr + at, n);
        buf_puts(&text, "\r\n");
        at += n;
    }
    buf_puts(&text, "0\r\n\r\n");
    int fd = http_dial(http_server_port(*state));
    http_send(fd, buf_view(&text));
    assert_got(http_receive(fd, &arena), body);
    close(fd);
}

static void upload_leaves_no_file(void **state)
{
    struct dir_names names;
    struct err err;
    assert_int_equal(status_of_put(*state, "/", 1 << 20), 200);
    assert_ok(dir_list(upload_dir, &names, &err));
    assert_int_equal(names.n, 0);
    dir_names_done(&names);
}

static void upload_dir_is_emptied_of_debris(void **state)
{
    (void)state;
    char dir[PATH_CAP], path[PATH_CAP];
    struct dir_names names;
    struct spool *spool;
    struct err err;
    assert_ok(path_format(dir, &err, "%s/debris", upload_dir));
    assert_ok(path_format(path, &err, "%s/old", dir));
    assert_ok(dir_make(dir, &err));
    assert_ok(file_replace(path, view_cstr("x"), &err));
    assert_ok(spool_open(dir, 1, 1, &spool, &err));
    assert_ok(dir_list(dir, &names, &err));
    assert_int_equal(names.n, 0);
    dir_names_done(&names);
    spool_close(spool);
    assert_ok(tree_remove(dir, &err));
}

static void upload_has_a_limit_by_path(void **state)
{
    assert_int_equal(status_of_put(*state, "/small", MAX_SMALL), 200);
    assert_int_equal(status_of_put(*state, "/small", MAX_SMALL + 1), 413);
    assert_int_equal(status_of_put(*state, "/", MAX_LARGE + 1), 413);
}

static void upload_too_large_is_refused_before_it_is_sent(void **state)
{
    AUTO(arena) struct arena arena = {0};
    int fd = http_dial(http_server_port(*state));
    http_send(fd, view_cstr("PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            "Expect: 100-continue\r\nContent-Length: 8388609\r\n\r\n"));
    assert_int_equal(http_receive(fd, &arena).status, 413);
    close(fd);
}

/* Another body has taken so much that this one does not fit. */
static void upload_beyond_the_sum_is_told_to_wait(void **state)
{
    AUTO(arena) struct arena arena = {0};
    struct view body = noise(4 << 20, &arena);
    int fd = http_dial(http_server_port(*state));
    http_send(fd, view_cstr("PUT /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            "Content-Length: 4194304\r\n\r\n"));
    http_send(fd, body);
    struct kept k = take_kept();
    assert_int_equal(status_of_put(*state, "/", 4 << 20), 429);
    assert_int_equal(status_of_put(*state, "/", 1 << 20), 200);
    assert_int_equal(status_of_put(*state, "/", IN_MEMORY), 200);
    answer(k);
    assert_got(http_receive(fd, &arena), body);
    close(fd);
    assert_int_equal(status_of_put(*state, "/", 4 << 20), 200);
}

/* A chunked body does not say how long it is: it meets the limit on its way, and is heard out. */
static void upload_that_grows_beyond_the_sum_is_told_to_wait(void **state)
{
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf text = {0};
    struct view body = noise(7 << 20, &arena);
    buf_printf(&text,
               "PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
               "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
               body.len);
    buf_put(&text, body.ptr, body.len);
    buf_puts(&text, "\r\n0\r\n\r\n");
    int fd = http_dial(http_server_port(*state));
    assert_true(http_send(fd, buf_view(&text)));
    assert_int_equal(http_receive(fd, &arena).status, 429);
    close(fd);
}

/* A file that may not grow is what a full disk looks like. */
static void upload_to_a_full_disk_is_answered(void **state)
{
    struct rlimit before, full;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full = before;
    full.rlim_cur = 1 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    unsigned status = status_of_put(*state, "/", 5 << 20);
    unsigned small = status_of_put(*state, "/", 500000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, 507);
    assert_int_equal(small, 200);
    assert_int_equal(status_of_put(*state, "/", 5 << 20), 200);
}

/* At once: not when it may be taken for slow, which is after any test's end. */
static void upload_that_breaks_off_gives_its_bytes_back(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct http_server *s = open_patient(3600000);
    for (int i = 0; i < 3; i++) {
        int fd = http_dial(http_server_port(s));
        http_send(fd, view_cstr("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"));
        http_send(fd, noise(4000000, &arena));
        close(fd);
        while (http_server_in_flight(s) > 0)
            usleep(1000);
    }
    assert_int_equal(status_of_put(s, "/", 5 << 20), 200);
    http_server_close(s);
}

/* Sends a body in steps of 100 ms; the longest that one took. */
static uint64_t send_in_steps(int fd, struct view body, size_t step)
{
    uint64_t longest_ns = 0, last_ns = clock_mono_ns();
    for (size_t at = 0; at < body.len; at += step) {
        if (!http_send(fd, view_of(body.ptr + at, step)))
            break;
        usleep(100000);
        uint64_t now_ns = clock_mono_ns();
        longest_ns = now_ns - last_ns > longest_ns ? now_ns - last_ns : longest_ns;
        last_ns = now_ns;
    }
    return longest_ns;
}

/* Twice the least rate, for more than twice the time that a request may take. A machine that kept
 * us from sending says nothing about the server. */
static void upload_that_moves_may_take_its_time(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    enum { STEPS = 22, STEP = 2 * HTTP_BODY_RATE / 10 };
    struct view body = noise(STEPS * STEP, &arena);
    struct http_server *s = open_patient(1000);
    struct http_answer got;
    uint64_t longest_ns;
    char head[120];
    snprintf(head, sizeof(head),
             "PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
             body.len);
    do {
        int fd = http_dial(http_server_port(s));
        http_send(fd, view_cstr(head));
        longest_ns = send_in_steps(fd, body, STEP);
        got = http_receive(fd, &arena);
        close(fd);
    } while (got.status != 200 && longest_ns > 300000000);
    assert_got(got, body);
    http_server_close(s);
}

/*
 * What came quickly buys no pause, and a few bytes now and then no time: this one was fast enough
 * for more minutes than any test may take.
 */
static void upload_that_comes_to_a_stop_is_closed(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20, PIECES = 48 };
    AUTO(arena) struct arena arena = {0};
    struct http_server *s = open_patient(1000);
    struct view piece = noise(PIECE, &arena);
    int fd = http_dial(http_server_port(s));
    http_send(fd, view_cstr("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n"));
    for (int i = 0; i < PIECES; i++)
        http_send(fd, piece);
    struct timeval soon = {.tv_usec = 100000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
    char byte;
    while (recv(fd, &byte, 1, 0) < 0 && (errno == EAGAIN || errno == EINTR))
        if (!http_send(fd, view_cstr("y")))
            break;
    close(fd);
    http_server_close(s);
}

/* ------------------------------------------------------------------------------ answers later */

struct client {
    unsigned port; /* the server may be closed before the thread gets its turn */
    const char *path;
    unsigned n, n_good;
    size_t len;
    pthread_t thread;
};

static void *run_client(void *arg)
{
    struct client *c = arg;
    for (unsigned i = 0; i < c->n; i++) {
        AUTO(arena) struct arena arena = {0};
        struct view body = noise(c->len + i, &arena);
        char want[64];
        struct http_answer a = http_ask(c->port, "PUT", c->path, "", body, &arena);
        snprintf(want, sizeof(want), "%zu %016llx", body.len, (unsigned long long)sum_of(body));
        c->n_good += a.status == 200 && strcmp((const char *)a.body.ptr, want) == 0;
    }
    return NULL;
}

static void start_client(struct client *c, struct http_server *s, const char *path, unsigned n,
                         size_t len)
{
    *c = (struct client){.port = http_server_port(s), .path = path, .n = n, .len = len};
    assert_int_equal(pthread_create(&c->thread, NULL, run_client, c), 0);
}

static void deferred_answers_come_from_another_thread(void **state)
{
    enum { CLIENTS = 8, REQUESTS = 40 };
    struct client clients[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        start_client(&clients[i], *state, i % 3 ? "/later" : "/at-once", REQUESTS,
                     i % 2 ? 10 : IN_MEMORY);
    for (unsigned i = 0; i < 5 * REQUESTS; i++)
        answer(take_kept());
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].n_good, REQUESTS);
    }
    assert_int_equal(later.n, 0);
}

/* The threads of the server are free for others meanwhile. */
static void deferred_requests_keep_nobody_waiting(void **state)
{
    (void)state;
    struct http_server *s = open_patient(1000);
    struct client clients[6];
    for (unsigned i = 0; i < 6; i++)
        start_client(&clients[i], s, "/later", 1, 100);
    struct kept kept[6];
    for (unsigned i = 0; i < 6; i++)
        kept[i] = take_kept();
    assert_int_equal(status_of_put(s, "/", 10), 200);
    usleep(1500000); /* longer than a client may take: it is we who take the time */
    for (unsigned i = 0; i < 6; i++)
        answer(kept[i]);
    for (unsigned i = 0; i < 6; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].n_good, 1);
    }
    http_server_close(s);
}

static void deferred_answer_to_a_client_that_has_gone_is_dropped(void **state)
{
    int fd = http_dial(http_server_port(*state));
    http_send(fd, view_cstr("PUT /later HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"));
    struct kept k = take_kept();
    close(fd);
    usleep(20000);
    answer(k);
    while (http_server_in_flight(*state) > 0)
        usleep(1000);
    assert_int_equal(status_of_put(*state, "/", 10), 200);
}

static void *answer_soon(void *arg)
{
    usleep(200000);
    answer(*(struct kept *)arg);
    return NULL;
}

static void drain_waits_for_deferred_requests(void **state)
{
    (void)state;
    struct http_server *s = open_server();
    struct client client;
    pthread_t answerer;
    start_client(&client, s, "/later", 1, 1 << 20);
    struct kept k = take_kept();
    assert_false(http_server_drain(s, 50));
    assert_int_equal(pthread_create(&answerer, NULL, answer_soon, &k), 0);
    assert_true(http_server_drain(s, 60000));
    pthread_join(answerer, NULL);
    pthread_join(client.thread, NULL);
    assert_int_equal(client.n_good, 1);
    http_server_close(s);
}

static void drain_waits_for_uploads(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct http_server *s = open_server();
    struct view body = noise(1 << 20, &arena);
    int fd = http_dial(http_server_port(s));
    http_send(fd, view_cstr("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"));
    http_send(fd, view_of(body.ptr, body.len / 2));
    while (http_server_in_flight(s) == 0)
        usleep(1000);
    assert_false(http_server_drain(s, 50));
    http_send(fd, view_of(body.ptr + body.len / 2, body.len - body.len / 2));
    assert_true(http_server_drain(s, 60000));
    assert_got(http_receive(fd, &arena), body);
    close(fd);
    http_server_close(s);
}

/* The server is gone when the answers come, and the bodies are still there. */
static void close_cuts_deferred_requests_off(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct http_server *s = open_server();
        struct client clients[3];
        struct kept kept[3];
        for (unsigned i = 0; i < 3; i++)
            start_client(&clients[i], s, "/later", 1, i == 2 ? 1 << 20 : 5);
        for (unsigned i = 0; i < 3; i++)
            kept[i] = take_kept();
        if (round % 2)
            answer(kept[0]);
        http_server_close(s);
        for (unsigned i = round % 2; i < 3; i++)
            answer(kept[i]);
        for (unsigned i = 0; i < 3; i++)
            pthread_join(clients[i].thread, NULL);
        assert_int_equal(later.n, 0); /* no request was handed over twice */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload_of_any_length_arrives_whole),
        cmocka_unit_test(upload_in_chunks_arrives_whole),
        cmocka_unit_test(upload_leaves_no_file),
        cmocka_unit_test(upload_dir_is_emptied_of_debris),
        cmocka_unit_test(upload_has_a_limit_by_path),
        cmocka_unit_test(upload_too_large_is_refused_before_it_is_sent),
        cmocka_unit_test(upload_beyond_the_sum_is_told_to_wait),
        cmocka_unit_test(upload_that_grows_beyond_the_sum_is_told_to_wait),
        cmocka_unit_test(upload_to_a_full_disk_is_answered),
        cmocka_unit_test(upload_that_breaks_off_gives_its_bytes_back),
        cmocka_unit_test(upload_that_moves_may_take_its_time),
        cmocka_unit_test(upload_that_comes_to_a_stop_is_closed),
        cmocka_unit_test(deferred_answers_come_from_another_thread),
        cmocka_unit_test(deferred_requests_keep_nobody_waiting),
        cmocka_unit_test(deferred_answer_to_a_client_that_has_gone_is_dropped),
        cmocka_unit_test(drain_waits_for_deferred_requests),
        cmocka_unit_test(drain_waits_for_uploads),
        cmocka_unit_test(close_cuts_deferred_requests_off),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
