#include "engine/table/setbacks.h"

#include "test.h"

#include <stdio.h>

static void note(struct setbacks *s, const char *label, uint64_t fingerprint, enum code code)
{
    const struct publication p = {.label = (char *)label, .fingerprint = fingerprint};
    const struct err why = {"why"};
    setbacks_note(s, &p, code, &why);
}

static void the_newest_refused_is_told(void **state)
{
    (void)state;
    struct setbacks s = {0};
    assert_null(setbacks_newest_refused(&s));
    note(&s, "2026-11-23", 3, E_CORRUPT);
    note(&s, "2026-11-22", 2, E_REFUSED);
    note(&s, "2026-11-21", 1, E_REFUSED);
    assert_string_equal(setbacks_newest_refused(&s)->label, "2026-11-22");
    setbacks_forget(&s, 2);
    assert_string_equal(setbacks_newest_refused(&s)->label, "2026-11-21");
    setbacks_done(&s);
}

static void tries_are_counted_and_old_ones_go(void **state)
{
    (void)state;
    struct setbacks s = {0};
    for (uint64_t i = 1; i <= 68; i++)
        note(&s, "x", i, E_INVALID);
    assert_int_equal(s.n, 64);
    assert_null(setbacks_find(&s, 4));
    note(&s, "x", 68, E_INVALID);
    assert_int_equal(setbacks_find(&s, 68)->n_tries, 2);
    setbacks_forget_unseen(&s); /* all are new */
    assert_int_equal(s.n, 64);
    setbacks_find(&s, 7)->is_seen = true;
    setbacks_forget_unseen(&s);
    assert_int_equal(s.n, 1);
    assert_non_null(setbacks_find(&s, 7));
    setbacks_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_refused_is_told),
        cmocka_unit_test(tries_are_counted_and_old_ones_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
