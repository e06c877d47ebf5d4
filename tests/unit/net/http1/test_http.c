#include "net/http1/server.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static _Atomic bool is_held, may_go;

/* Keeps the thread of the connection until the test lets it go. */
static void hold(void)
{
    atomic_store(&is_held, true);
    while (!atomic_load(&may_go))
        usleep(1000);
}

/* The handler answers with what it was asked; "/held" when it is let go. */
static void echo(void *app, const struct http_request *req, struct http_response *res)
{
    (void)app;
    struct buf out = {0};
    const char *tag = http_request_header(req, "x-tag");
    if (strcmp(req->path, "/held") == 0)
        hold();
    buf_printf(&out, "%s %s%s%s body=%zu", req->method, req->path,
               http_request_query(req, "verbose") ? " verbose" : "", tag ? tag : "", req->body.len);
    res->status = req->body_rc ? 413 : 200;
    res->content_type = "text/plain";
    res->headers[res->n_headers].name = "X-Echo";
    res->headers[res->n_headers++].value = "yes";
    res->body_len = out.len;
    res->body = buf_detach(&out);
}

static const struct http_config small = {.host = "127.0.0.1",
                                         .threads = 2,
                                         .max_body_bytes = 1000,
                                         .max_answer_bytes = 1 << 30,
                                         .max_connections = 50,
                                         .timeout_ms = 60000,
                                         .idle_timeout_ms = 60000,
                                         .max_upload_files = 100};

static int open_server(void **state)
{
    struct err err;
    struct http_server *s;
    if (http_server_open(&small, echo, NULL, &s, &err)) {
        print_error("%s\n", err.msg);
        return -1;
    }
    *state = s;
    return 0;
}

static int close_server(void **state)
{
    http_server_close(*state);
    return 0;
}

static int dial(const struct http_server *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)http_server_port(s))};
    struct timeval patience = {.tv_sec = 60};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What comes until the text `until` is in it, or the connection ends. */
static char *receive(int fd, const char *until)
{
    static char answer[65536];
    size_t len = 0;
    ssize_t n;
    do {
        n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        answer[len] = '\0';
    } while (n > 0 && !(until && strstr(answer, until)));
    return answer;
}

/* A request that says "Connection: close". */
static char *ask(const struct http_server *s, const char *request)
{
    int fd = dial(s);
    send_text(fd, request);
    char *answer = receive(fd, NULL);
    close(fd);
    return answer;
}

static void http_answers_a_request(void **state)
{
    const char *answer = ask(*state, "POST /a%20b?verbose HTTP/1.1\r\nHost: x\r\nConnection: "
                                     "close\r\nX-Tag:  t\r\nContent-Length: 3\r\n\r\nabc");
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer, "X-Echo: yes\r\n"));
    assert_non_null(strstr(answer, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\nPOST /a%20b verboset body=3"));
}

static void http_answers_head_without_a_body(void **state)
{
    const char *answer = ask(*state, "HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer, "Content-Length: 13\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void http_keeps_a_connection_for_many_requests(void **state)
{
    int fd = dial(*state);
    for (int i = 0; i < 20; i++) {
        char request[100], want[40];
        snprintf(request, sizeof(request),
                 "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", i);
        snprintf(want, sizeof(want), "POST /%d body=2", i);
        send_text(fd, request);
        assert_non_null(strstr(receive(fd, want), "200 OK"));
    }
    close(fd);
}

static void http_takes_a_body_byte_by_byte(void **state)
{
    int fd = dial(*state);
    const char *request = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    for (const char *p = request; *p; p++) {
        send_text(fd, (const char[]){*p, 0});
        usleep(500);
    }
    assert_non_null(strstr(receive(fd, "body="), "body=5"));
    close(fd);
}

static void http_takes_a_chunked_body(void **state)
{
    const char *answer =
        ask(*state,
            "POST /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    assert_non_null(strstr(answer, "body=7"));
}

static void put_filler(char *out, size_t n)
{
    memset(out, 'x', n);
    out[n] = '\0';
}

static void http_refuses_a_body_above_the_limit(void **state)
{
    char request[5000], filler[2001];
    put_filler(filler, 1000);
    snprintf(request, sizeof(request),
             "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n%s",
             filler);
    assert_non_null(strstr(ask(*state, request), "body=1000"));
    put_filler(filler, 1001);
    snprintf(request, sizeof(request),
             "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1001\r\n\r\n%s",
             filler);
    assert_non_null(strstr(ask(*state, request), "HTTP/1.1 413 "));
    snprintf(request, sizeof(request),
             "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
             "chunked\r\n\r\n3e9\r\n%s\r\n0\r\n\r\n",
             filler);
    assert_non_null(strstr(ask(*state, request), "HTTP/1.1 413 "));
}

static void http_refuses_a_large_body_before_it_is_sent(void **state)
{
    int fd = dial(*state);
    send_text(fd,
              "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
    assert_non_null(strstr(receive(fd, "body="), "HTTP/1.1 413 "));
    close(fd);
    fd = dial(*state);
    send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n");
    assert_non_null(strstr(receive(fd, "body="), "HTTP/1.1 413 "));
    close(fd);
}

static void http_invites_a_client_that_asks_to_go_on(void **state)
{
    int fd = dial(*state);
    send_text(fd,
              "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_non_null(strstr(receive(fd, "\r\n\r\n"), "HTTP/1.1 100 "));
    send_text(fd, "ab");
    assert_non_null(strstr(receive(fd, "body="), "body=2"));
    close(fd);
}

static void http_refuses_headers_without_end(void **state)
{
    int fd = dial(*state);
    char line[1100] = "X: ";
    put_filler(line + 3, 1000);
    strcat(line, "\r\n");
    send_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 200; i++)
        if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
            break;
    const char *answer = receive(fd, NULL);
    assert_non_null(strstr(answer, "HTTP/1.1 431 "));
    close(fd);
}

/* Until the server ends a connection to which `drip` is sent every 100 ms. */
static void drip_until_closed(const struct http_server *s, const char *start, const char *drip)
{
    int fd = dial(s);
    struct timeval soon = {.tv_usec = 100000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
    send_text(fd, start);
    char byte;
    while (recv(fd, &byte, 1, 0) < 0 && (errno == EAGAIN || errno == EINTR))
        if (send(fd, drip, strlen(drip), MSG_NOSIGNAL) < 0)
            break;
    close(fd);
}

static void http_closes_on_a_client_that_drips(void **state)
{
    (void)state;
    struct http_config config = small;
    struct http_server *s;
    struct err err;
    config.timeout_ms = 1000;
    assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
    drip_until_closed(s, "GET / HTTP/1.1\r\nHost: x\r\nX: ", "y");
    drip_until_closed(s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", "y");
    drip_until_closed(s, "", "");
    http_server_close(s);
}

static void http_reads_what_is_percent_encoded(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct view out;
    assert_true(http_percent_decode(view_cstr("a%20b%2Fc%c3%BC+"), &arena, &out));
    assert_true(view_eq_cstr(out, "a b/c\xc3\xbc+"));
    assert_false(http_percent_decode(view_cstr("a%2"), &arena, &out));
    assert_false(http_percent_decode(view_cstr("a%"), &arena, &out));
    assert_false(http_percent_decode(view_cstr("%zz"), &arena, &out));
    assert_false(http_percent_decode(view_cstr("a%00"), &arena, &out));
}

static void http_says_that_a_port_is_taken(void **state)
{
    struct http_config same = small;
    struct http_server *second;
    struct err err;
    char want[100];
    same.port = http_server_port(*state);
    snprintf(want, sizeof(want), "cannot listen on 127.0.0.1:%u: Address already in use",
             same.port);
    assert_int_equal(http_server_open(&same, echo, NULL, &second, &err), E_EXISTS);
    assert_string_equal(err.msg, want);
    same.host = "no.such.host.invalid";
    assert_int_equal(http_server_open(&same, echo, NULL, &second, &err), E_NOTFOUND);
}

static void http_listens_on_localhost(void **state)
{
    (void)state;
    struct http_config config = small;
    struct http_server *s;
    struct err err;
    config.host = "localhost";
    config.threads = 1;
    assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
    assert_non_null(
        strstr(ask(s, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "200 OK"));
    http_server_close(s);
}

/* The thread of this connection does nothing else until let_go. */
static void hold_thread_of(int fd)
{
    atomic_store(&is_held, false);
    atomic_store(&may_go, false);
    send_text(fd, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!atomic_load(&is_held))
        usleep(1000);
}

static void let_go(void)
{
    atomic_store(&may_go, true);
}

static void *ask_slowly(void *server)
{
    int fd = dial(server);
    static _Atomic int answered;
    hold_thread_of(fd);
    char text[500] = "";
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    bool whole = n > 0 && strstr(text, "/held") && strstr(text, "Connection: close");
    close(fd);
    atomic_store(&answered, whole);
    return whole ? &answered : NULL;
}

static void http_drain_waits_for_requests_in_flight(void **state)
{
    (void)state;
    struct http_server *s;
    struct err err;
    pthread_t client;
    void *answered;
    assert_int_equal(http_server_open(&small, echo, NULL, &s, &err), OK);
    int idle = dial(s);
    atomic_store(&is_held, false);
    assert_int_equal(pthread_create(&client, NULL, ask_slowly, s), 0);
    while (!atomic_load(&is_held))
        usleep(1000);
    assert_false(http_server_drain(s, 10));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)http_server_port(s))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_not_equal(connect(late, (struct sockaddr *)&to, sizeof(to)), 0);
    close(late);
    let_go();
    assert_true(http_server_drain(s, 60000));
    pthread_join(client, &answered);
    assert_non_null(answered);
    http_server_close(s);
    close(idle);
}

static void *drain(void *server)
{
    return http_server_drain(server, 60000) ? server : NULL;
}

static void http_drain_answers_a_client_that_has_just_connected(void **state)
{
    (void)state;
    struct http_server *s;
    struct err err;
    pthread_t drainer;
    void *drained;
    assert_int_equal(http_server_open(&small, echo, NULL, &s, &err), OK);
    int fd = dial(s);
    assert_int_equal(pthread_create(&drainer, NULL, drain, s), 0);
    usleep(20000);
    send_text(fd, "GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
    pthread_join(drainer, &drained);
    assert_non_null(drained);
    const char *answer = receive(fd, NULL);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_non_null(strstr(answer, "GET /last"));
    http_server_close(s);
    close(fd);
}

/* The one that has waited longest of the peer that has most goes in favour of one that comes. */
static void http_makes_room_for_a_client_that_comes(void **state)
{
    (void)state;
    struct http_config config = small;
    struct http_server *s;
    struct err err;
    char text[100];
    config.host =
        "localhost"; /* so on two sockets, where there is IPv6: the limit is one for both */
    config.max_connections = 2;
    assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
    int silent = dial(s), half = dial(s);
    usleep(1000);
    send_text(half, "GET /half HTTP/1.1\r\nHost: x\r\n");
    usleep(100000);
    int third = dial(s);
    send_text(third, "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(receive(third, "GET /3"), "200 OK"));
    assert_int_equal(recv(silent, text, sizeof(text), 0), 0);
    send_text(half, "\r\n");
    assert_non_null(strstr(receive(half, "GET /half"), "200 OK"));
    close(silent);
    close(half);
    close(third);
    http_server_close(s);
}

static struct http_rule probes_are_probes(void *app, const char *method, const char *path)
{
    (void)app;
    (void)method;
    return (struct http_rule){.max_bytes = 1000, .is_probe = strcmp(path, "/probe") == 0};
}

/* Nobody can be told to go while all are being served. */
static void http_answers_probes_when_all_connections_are_in_use(void **state)
{
    (void)state;
    struct http_config config = small;
    struct http_server *s;
    struct err err;
    config.max_connections = 1;
    config.rule = probes_are_probes;
    assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
    int busy = dial(s);
    hold_thread_of(busy); /* the first thread: the next client goes to the second */
    int probe = dial(s);
    send_text(probe, "GET /probe HTTP/1.1\r\nHost: x\r\n\r\n");
    char *answer = receive(probe, NULL);
    assert_non_null(strstr(answer, "200 OK"));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    close(probe);
    let_go();
    receive(busy, "/held");
    hold_thread_of(busy);
    int skip = dial(s); /* its turn is the first thread's */
    int other = dial(s);
    send_text(other, "GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(receive(other, NULL), "HTTP/1.1 503 "));
    close(other);
    close(skip);
    let_go();
    receive(busy, "/held");
    close(busy);
    http_server_close(s);
}

static void http_says_how_long_a_connection_may_be_idle(void **state)
{
    (void)state;
    struct http_config config = small;
    struct http_server *s;
    struct err err;
    char byte;
    config.timeout_ms = 600;
    config.idle_timeout_ms = 3000;
    assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
    int fd = dial(s);
    for (int i = 0; i < 2; i++) {
        send_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        char *answer = receive(fd, "body=0");
        assert_non_null(strstr(answer, "Connection: keep-alive\r\nKeep-Alive: timeout=3\r\n"));
        usleep(1200000); /* longer than a request may take */
    }
    send_text(fd, "G");
    assert_int_equal(recv(fd, &byte, 1, 0), 0); /* this one has begun, and does not end */
    close(fd);
    http_server_close(s);
}

static void http_takes_a_head_of_64_kib(void **state)
{
    AUTO(buf) struct buf text = {0};
    const size_t rest = sizeof("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: \r\n\r\n") - 1;
    for (size_t more = 0; more < 2; more++) {
        buf_reset(&text);
        buf_puts(&text, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ");
        for (size_t i = 0; i < HTTP_HEAD_MAX - rest + more; i++)
            buf_put_u8(&text, 'x');
        buf_puts(&text, "\r\n\r\n");
        assert_non_null(
            strstr(ask(*state, buf_cstr(&text)), more ? "HTTP/1.1 431 " : "HTTP/1.1 200 "));
    }
}

static void http_answers_requests_that_come_together(void **state)
{
    const char *answer = ask(*state, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
                                     "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
                                     "POST /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n");
    const char *second = strstr(strstr(answer, "POST /1 body=1"), "GET /2 body=0");
    assert_non_null(strstr(second, "POST /3 body=1"));
}

static void http_refuses_once_what_is_malformed(void **state)
{
    const char *answer = ask(*state, "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"
                                     "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 400 Bad Request\r\n"));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_null(strstr(answer, "/hidden"));
}

static void http_shares_connections_out(void **state)
{
    (void)state;
    enum { N = 10 };
    struct http_server *s;
    struct err err;
    int fds[N];
    assert_int_equal(http_server_open(&small, echo, NULL, &s, &err), OK);
    for (size_t i = 0; i < N; i++) {
        fds[i] = dial(s);
        send_text(fds[i], "GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(receive(fds[i], "body=0"), "GET /first"));
    }
    hold_thread_of(fds[0]);
    for (size_t i = 1; i < N; i += 2) {
        send_text(fds[i], "GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(receive(fds[i], "body=0"), "GET /second"));
    }
    let_go();
    for (size_t i = 0; i < N; i++)
        close(fds[i]);
    http_server_close(s);
}

/* As many as a loop asks the kernel for. */
static void http_answers_many_requests_at_once(void **state)
{
    (void)state;
    enum { N = 128 };
    struct http_config config = small;
    struct http_server *s;
    struct err err;
    int fds[N];
    config.threads = 1;
    config.max_connections = N + 1;
    assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
    int holder = dial(s);
    for (size_t i = 0; i < N; i++) {
        fds[i] = dial(s);
        send_text(fds[i], "GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(receive(fds[i], "body=0"), "GET /first"));
    }
    hold_thread_of(holder);
    for (size_t i = 0; i < N; i++)
        send_text(fds[i], "GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    let_go();
    for (size_t i = 0; i < N; i++) {
        assert_non_null(strstr(receive(fds[i], "body=0"), "GET /second"));
        close(fds[i]);
    }
    close(holder);
    http_server_close(s);
}

/* Until nobody listens any more. */
static void *come_and_go(void *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(*(const in_port_t *)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int failed = 0; !failed;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        failed = connect(fd, (struct sockaddr *)&to, sizeof(to));
        close(fd);
    }
    return NULL;
}

static void http_stops_while_clients_come(void **state)
{
    (void)state;
    struct http_config config = small;
    config.threads = 4;
    for (int i = 0; i < 200; i++) {
        struct http_server *s;
        struct err err;
        pthread_t clients;
        assert_int_equal(http_server_open(&config, echo, NULL, &s, &err), OK);
        in_port_t port = (in_port_t)http_server_port(s);
        assert_int_equal(pthread_create(&clients, NULL, come_and_go, &port), 0);
        usleep((useconds_t)(i % 20) * 20);
        assert_true(http_server_drain(s, 60000));
        http_server_close(s);
        pthread_join(clients, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_answers_a_request),
        cmocka_unit_test(http_answers_head_without_a_body),
        cmocka_unit_test(http_keeps_a_connection_for_many_requests),
        cmocka_unit_test(http_takes_a_body_byte_by_byte),
        cmocka_unit_test(http_takes_a_chunked_body),
        cmocka_unit_test(http_refuses_a_body_above_the_limit),
        cmocka_unit_test(http_refuses_a_large_body_before_it_is_sent),
        cmocka_unit_test(http_invites_a_client_that_asks_to_go_on),
        cmocka_unit_test(http_refuses_headers_without_end),
        cmocka_unit_test(http_closes_on_a_client_that_drips),
        cmocka_unit_test(http_reads_what_is_percent_encoded),
        cmocka_unit_test(http_says_that_a_port_is_taken),
        cmocka_unit_test(http_listens_on_localhost),
        cmocka_unit_test(http_drain_waits_for_requests_in_flight),
        cmocka_unit_test(http_drain_answers_a_client_that_has_just_connected),
        cmocka_unit_test(http_makes_room_for_a_client_that_comes),
        cmocka_unit_test(http_answers_probes_when_all_connections_are_in_use),
        cmocka_unit_test(http_says_how_long_a_connection_may_be_idle),
        cmocka_unit_test(http_takes_a_head_of_64_kib),
        cmocka_unit_test(http_answers_requests_that_come_together),
        cmocka_unit_test(http_refuses_once_what_is_malformed),
        cmocka_unit_test(http_shares_connections_out),
        cmocka_unit_test(http_answers_many_requests_at_once),
        cmocka_unit_test(http_stops_while_clients_come),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
