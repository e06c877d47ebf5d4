#include "test.h"

#include "base/err.h"
#include "base/view.h"

enum { MSG_MAX = sizeof(((struct err *)0)->msg) - 1 };

/* So many times "é". */
static const char *accents(size_t n, char out[static 4096])
{
    for (size_t i = 0; i < n; i++)
        memcpy(out + 2 * i, "\xc3\xa9", 2);
    out[2 * n] = '\0';
    return out;
}

static void assert_ends_with(const char *text, const char *end)
{
    assert_true(strlen(text) >= strlen(end));
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

static void err_puts_circumstances_in_front(void **state)
{
    struct err err;
    (void)state;
    assert_int_equal(err_set(&err, E_CORRUPT, "checksum %d", 7), E_CORRUPT);
    assert_int_equal(err_in(&err, E_IO, "table %s", "t"), E_IO);
    assert_string_equal(err.msg, "table t: checksum 7");
    errno = ENOENT;
    assert_int_equal(err_errno(&err, E_IO, "cannot open %s", "x"), E_IO);
    assert_string_equal(err.msg, "cannot open x: No such file or directory");
    assert_int_equal(errno, ENOENT);
    err_write_in(NULL, "nobody asks");
}

static void err_cuts_between_characters(void **state)
{
    struct err err;
    char name[4096];
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        err_write(&err, "%.*s%s", (int)shift, "abc", accents(400, name));
        assert_true(strlen(err.msg) >= MSG_MAX - 1);
        assert_true(view_is_utf8(view_cstr(err.msg)));
    }
    err_write(&err, "%s", "\xf0\x9f\x98\x80");
    assert_string_equal(err.msg, "\xf0\x9f\x98\x80");
}

static void err_keeps_the_reason_behind_a_long_circumstance(void **state)
{
    struct err err;
    char name[4096];
    (void)state;
    for (size_t n = 100; n < 2000; n += 61) {
        err_write(&err, "it has no rows");
        err_write_in(&err, "partition %s", accents(n, name));
        assert_true(view_is_utf8(view_cstr(err.msg)));
        assert_ends_with(err.msg, ": it has no rows");
        errno = EACCES;
        err_write_errno(&err, "cannot open %s", accents(n, name));
        assert_true(view_is_utf8(view_cstr(err.msg)));
        assert_ends_with(err.msg, ": Permission denied");
    }
}

static void err_keeps_the_circumstance_before_a_long_reason(void **state)
{
    struct err err;
    char name[4096];
    (void)state;
    err_write(&err, "%s", accents(400, name));
    err_write_in(&err, "table t");
    assert_memory_equal(err.msg, "table t: \xc3\xa9", 11);
    assert_true(view_is_utf8(view_cstr(err.msg)));
    err_write_in(&err, "%s", accents(400, name));
    assert_non_null(strstr(err.msg, "...: table t: "));
    assert_true(view_is_utf8(view_cstr(err.msg)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_puts_circumstances_in_front),
        cmocka_unit_test(err_cuts_between_characters),
        cmocka_unit_test(err_keeps_the_reason_behind_a_long_circumstance),
        cmocka_unit_test(err_keeps_the_circumstance_before_a_long_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
