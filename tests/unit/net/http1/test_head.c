#include "net/http1/head.h"

#include "test.h"
#include "base/buf.h"

#include <stdio.h>

/* What a head comes to: 0 for a good one, 400 or 501, and 1 for one that has not ended. */
static unsigned verdict(struct view text, struct arena *arena, struct http_head *out)
{
    struct err err;
    size_t seen = 0;
    switch (head_scan(text, &seen)) {
    case HEAD_PARTIAL:
        return 1;
    case HEAD_MALFORMED:
        return 400;
    case HEAD_WHOLE:
        break;
    }
    enum code rc = head_parse(arena_strndup(arena, text.ptr, seen), seen, arena, out, &err);
    return rc == OK ? 0 : rc == E_UNSUPPORTED ? 501 : 400;
}

/* Fed one byte at a time, a head ends at the same byte, or is refused by then. */
static unsigned verdict_bytewise(struct view text, struct arena *arena, struct http_head *out)
{
    size_t seen = 0;
    for (size_t len = 0; len <= text.len; len++) {
        switch (head_scan(view_of(text.ptr, len), &seen)) {
        case HEAD_PARTIAL:
            break;
        case HEAD_MALFORMED:
            return 400;
        case HEAD_WHOLE:
            assert_int_equal(seen, len);
            return verdict(view_of(text.ptr, len), arena, out);
        }
    }
    return 1;
}

static unsigned verdict_of(const char *text)
{
    AUTO(arena) struct arena arena = {0};
    struct http_head head;
    unsigned whole = verdict(view_cstr(text), &arena, &head);
    assert_int_equal(verdict_bytewise(view_cstr(text), &arena, &head), whole);
    return whole;
}

static struct http_head parsed(const char *text, struct arena *arena)
{
    struct http_head head;
    assert_int_equal(verdict(view_cstr(text), arena, &head), 0);
    return head;
}

static void head_is_taken_apart(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    struct http_head h =
        parsed("POST /a%20b?c=d&e HTTP/1.1\r\nhOST: x:8080\r\nX-Tag:\t two words \t\r\n"
               "X-Tag: second\r\nEmpty:\r\nContent-Length: 007\r\n"
               "Expect: 100-Continue\r\n\r\n",
               &arena);
    assert_string_equal(h.method, "POST");
    assert_string_equal(h.path, "/a%20b");
    assert_string_equal(h.query, "c=d&e");
    assert_string_equal(h.host, "x:8080");
    assert_string_equal(head_field(&h, "x-tag"), "two words");
    assert_string_equal(head_field(&h, "EMPTY"), "");
    assert_null(head_field(&h, "X"));
    assert_int_equal(h.n_fields, 6);
    assert_int_equal(h.body_bytes, 7);
    assert_true(h.asks_to_send && h.keeps_alive && !h.is_chunked);
}

static void head_of_many_fields_keeps_them_all(void **state)
{
    (void)state;
    AUTO(arena) struct arena arena = {0};
    AUTO(buf) struct buf text = {0};
    buf_puts(&text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "f%d: %d\r\n", i, i);
    buf_puts(&text, "\r\n");
    struct http_head h = parsed(buf_cstr(&text), &arena);
    assert_int_equal(h.n_fields, 1001);
    assert_string_equal(head_field(&h, "f777"), "777");
}

static void head_takes_the_forms_of_a_target(void **state)
{
    (void)state;
    const struct {
        const char *target, *path, *query, *host;
    } cases[] = {{"/", "/", "", "x"},
                 {"/?", "/", "", "x"},
                 {"//a/../b?c?d", "//a/../b", "c?d", "x"},
                 {"http://y:80/a?b", "/a", "b", "y:80"},
                 {"HTTPS://[::1]:443", "/", "", "[::1]:443"},
                 {"http://y?b", "/", "b", "y"},
                 {"http://y/", "/", "", "y"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO(arena) struct arena arena = {0};
        char text[200];
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].target);
        struct http_head h = parsed(text, &arena);
        assert_string_equal(h.path, cases[i].path);
        assert_string_equal(h.query, cases[i].query);
        assert_string_equal(h.host, cases[i].host);
    }
    assert_int_equal(verdict_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
}

static void head_says_whether_the_connection_stays(void **state)
{
    (void)state;
    const struct {
        const char *version, *field;
        bool stays;
    } cases[] = {{"1.1", "", true},
                 {"1.1", "Connection: close\r\n", false},
                 {"1.1", "Connection: x, CLOSE , y\r\n", false},
                 {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
                 {"1.1", "Connection: closed\r\n", true},
                 {"1.0", "", false},
                 {"1.0", "Connection: Keep-Alive\r\n", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO(arena) struct arena arena = {0};
        char text[200];
        snprintf(text, sizeof(text), "GET / HTTP/%s\r\nHost: x\r\n%s\r\n", cases[i].version,
                 cases[i].field);
        assert_int_equal(parsed(text, &arena).keeps_alive, cases[i].stays);
    }
}

#define GET "GET / HTTP/1.1\r\nHost: x\r\n"
static void head_that_two_could_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    const struct {
        unsigned status;
        const char *text;
    } cases[] = {
        {0, GET "\r\n"},
        {0, "\r\n" GET "\r\n"},
        {400, "\r\n\r\n" GET "\r\n"},
        {400, " " GET "\r\n"},
        {400, "GET / HTTP/1.1\nHost: x\n\n"},
        {400, "GET / HTTP/1.1\rHost: x\r\r"},
        {400, GET "a: b\rc: d\r\n\r\n"},
        {400, GET "a: b\nc: d\r\n\r\n"},
        {400, GET "a: b\x01\r\n\r\n"},
        {400, GET "a: b\x7f\r\n\r\n"},
        {400, GET " a: b\r\n\r\n"},
        {400, GET "a: b\r\n c\r\n\r\n"},
        {400, GET "a: b\r\n\tc\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"},
        {400, GET ": b\r\n\r\n"},
        {400, GET "a\r\n\r\n"},
        {400, GET "a : b\r\n\r\n"},
        {400, GET "a\t: b\r\n\r\n"},
        {400, GET "a b: c\r\n\r\n"},
        {400, GET "\xc3\xbc: c\r\n\r\n"},
        {0, GET "a: \xc3\xbc\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"},
        {400, "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET /\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET a HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "/ HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, " / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET /\r\n\r\n"},
        {400, "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
        {400, "GET / HTTP/1.2\r\nHost: x\r\n\r\n"},
        {400, "GET / http/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {0, "GET / HTTP/1.0\r\n\r\n"},
        {400, GET "Host: x\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {400, "GET http://y/ HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, GET "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
        {400, GET "Content-Length: 1\r\ncontent-length: 1\r\n\r\n"},
        {400, GET "Content-Length: 1, 1\r\n\r\n"},
        {400, GET "Content-Length: +1\r\n\r\n"},
        {400, GET "Content-Length: -1\r\n\r\n"},
        {400, GET "Content-Length: 0x1\r\n\r\n"},
        {400, GET "Content-Length: 1.0\r\n\r\n"},
        {400, GET "Content-Length: 1 1\r\n\r\n"},
        {400, GET "Content-Length:\r\n\r\n"},
        {400, GET "Content-Length : 1\r\n\r\n"},
        {400, GET "Content-Length: 99999999999999999999\r\n\r\n"},
        {400, GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, GET "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
        {400, GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, GET "Transfer-Encoding: chunked, chunked\r\n\r\n"},
        {400, GET "Transfer-Encoding:\r\n\r\n"},
        {400, GET "Transfer-Encoding: ,chunked\r\n\r\n"},
        {0, GET "Transfer-Encoding: CHUNKED\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {501, GET "Transfer-Encoding: gzip\r\n\r\n"},
        {501, GET "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        {501, GET "Transfer-Encoding: identity\r\n\r\n"},
        {501, GET "Transfer-Encoding: xchunked\r\n\r\n"},
        {501, GET "Transfer-Encoding: chunked;q=1\r\n\r\n"},
        {1, GET "\r"},
        {1, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (verdict_of(cases[i].text) != cases[i].status)
            fail_msg("%u instead of %u: %s", verdict_of(cases[i].text), cases[i].status,
                     cases[i].text);
}

/* A NUL ends no head, wherever it stands. */
static void head_with_a_nul_is_refused(void **state)
{
    (void)state;
    static const char text[] = GET "Content-Length: 1\r\n\r\n";
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        AUTO(arena) struct arena arena = {0};
        struct http_head head;
        char *copy = arena_strndup(&arena, text, sizeof(text) - 1);
        copy[at] = '\0';
        assert_int_equal(verdict(view_of(copy, sizeof(text) - 1), &arena, &head), 400);
    }
}

static void head_cut_anywhere_is_none_yet(void **state)
{
    (void)state;
    static const char text[] = GET "Content-Length: 1\r\n\r\n";
    AUTO(arena) struct arena arena = {0};
    struct http_head head;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(verdict(view_of(text, len), &arena, &head), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_taken_apart),
        cmocka_unit_test(head_of_many_fields_keeps_them_all),
        cmocka_unit_test(head_takes_the_forms_of_a_target),
        cmocka_unit_test(head_says_whether_the_connection_stays),
        cmocka_unit_test(head_that_two_could_read_in_two_ways_is_refused),
        cmocka_unit_test(head_with_a_nul_is_refused),
        cmocka_unit_test(head_cut_anywhere_is_none_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
