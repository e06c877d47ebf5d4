#include "net/http1/chunked.h"

#include "test.h"
#include "base/buf.h"
#include "base/mem.h"

/* Read `text` in steps of `step` bytes; the body goes to `out`, what follows it to `rest`. */
static enum chunked_progress read_in_steps(struct view text, size_t step, struct buf *out,
                                           struct view *rest)
{
    struct chunked c = {0};
    buf_reset(out);
    for (size_t at = 0; at < text.len; at += step) {
        struct view piece, in = view_of(text.ptr + at, step < text.len - at ? step : text.len - at);
        enum chunked_progress progress;
        while ((progress = chunked_next(&c, &in, &piece)) == CHUNKED_PIECE)
            buf_put(out, piece.ptr, piece.len);
        *rest = view_of(in.ptr, (size_t)(text.ptr + text.len - in.ptr));
        if (progress != CHUNKED_MORE)
            return progress;
    }
    return CHUNKED_MORE;
}

/* Whole and byte by byte. */
static enum chunked_progress read_both(const char *text, struct buf *out, struct view *rest)
{
    AUTO(buf) struct buf bytewise = {0};
    struct view t = view_cstr(text);
    *rest = (struct view){0};
    enum chunked_progress slow = read_in_steps(t, 1, &bytewise, rest);
    enum chunked_progress fast = read_in_steps(t, t.len + !t.len, out, rest);
    assert_int_equal(slow, fast);
    assert_true(view_eq(buf_view(&bytewise), buf_view(out)));
    return fast;
}

static void chunked_body_is_put_together(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    struct view rest;
    assert_int_equal(read_both("3\r\nabc\r\n0A\r\n\r\n23456789\r\n0\r\n\r\nGET /", &out, &rest),
                     CHUNKED_END);
    assert_true(view_eq_cstr(buf_view(&out), "abc\r\n23456789"));
    assert_true(view_eq_cstr(rest, "GET /"));
}

static void chunked_body_may_have_extensions_and_trailers(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    struct view rest;
    const char *text = "1;a=\"b;c\";d\r\nx\r\n0;e\r\nHost: y\r\nContent-Length: 5\r\n\r\n";
    assert_int_equal(read_both(text, &out, &rest), CHUNKED_END);
    assert_true(view_eq_cstr(buf_view(&out), "x"));
    assert_int_equal(rest.len, 0);
}

static void chunked_body_that_is_malformed_is_refused(void **state)
{
    (void)state;
    const char *const texts[] = {
        "\r\n",          "g\r\n",           "+1\r\nx\r\n",       "-1\r\nx\r\n",
        "0x1\r\nx\r\n",  " 1\r\nx\r\n",     "1 \r\nx\r\n",       "1\nx\r\n",
        "1\rx\r\n",      "1\r\nx0\r\n\r\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r0\r\n\r\n",
        "1;\nx\r\n",     "1;a\rb\r\nx\r\n", "1,1\r\nx\r\n",      "0\r\n x: y\r\n\r\n",
        "0\r\n: y\r\n",  "0\r\nx : y\r\n",  "0\r\nx\r\n\r\n",    "0\r\nx: y\n\r\n",
        "0\r\n\r\r\n\n", "0\n\n",           "0\r\n\n",           "1111111111111111\r\n",
        "1;\x01\r\n",    "0\r\na: \x01\r\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO(buf) struct buf out = {0};
        struct view rest;
        if (read_both(texts[i], &out, &rest) != CHUNKED_MALFORMED)
            fail_msg("taken: %s", texts[i]);
    }
}

static void chunked_body_cut_anywhere_is_not_whole(void **state)
{
    (void)state;
    static const char text[] = "3;x\r\nabc\r\n0\r\na: b\r\n\r\n";
    AUTO(buf) struct buf out = {0};
    struct view rest;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(read_in_steps(view_of(text, len), 1000, &out, &rest), CHUNKED_MORE);
}

/* Extensions and trailers are not data: nobody counts them, so they have a limit of their own. */
static void chunked_lines_have_a_limit(void **state)
{
    (void)state;
    AUTO(buf) struct buf text = {0}, out = {0};
    struct view rest;
    buf_puts(&text, "0\r\n");
    for (int i = 0; i < 2000; i++)
        buf_puts(&text, "a: b\r\n");
    assert_int_equal(read_in_steps(buf_view(&text), 100, &out, &rest), CHUNKED_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunked_body_is_put_together),
        cmocka_unit_test(chunked_body_may_have_extensions_and_trailers),
        cmocka_unit_test(chunked_body_that_is_malformed_is_refused),
        cmocka_unit_test(chunked_body_cut_anywhere_is_not_whole),
        cmocka_unit_test(chunked_lines_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
