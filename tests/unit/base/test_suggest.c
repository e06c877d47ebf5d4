#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char *nearest(const char *word, const char *const *names)
{
    struct suggest s = suggest_init(view_cstr(word));
    for (; *names; names++)
        suggest_offer(&s, *names);
    return s.best;
}

static const char *const names[] = {"host", "port", "data_dir", "poll_interval", "parts", NULL};

static void suggest_finds_the_name_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("prot", names), "port");
    assert_string_equal(nearest("poll_intervall", names), "poll_interval");
    assert_string_equal(nearest("pollInterval", names), "poll_interval");
    assert_string_equal(nearest("datadir", names), "data_dir");
    assert_string_equal(nearest("part", names), "port"); /* as close as "parts"; the first wins */
}

static void suggest_is_silent_when_nothing_is_close(void **state)
{
    (void)state;
    assert_null(nearest("colour", names));
    assert_null(nearest("", names));
    char longest[200];
    memset(longest, 'p', sizeof(longest));
    longest[199] = '\0';
    assert_null(nearest(longest, names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggest_finds_the_name_that_was_meant),
        cmocka_unit_test(suggest_is_silent_when_nothing_is_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
