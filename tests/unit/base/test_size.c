#include "base/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_bytes(const char *text, uint64_t want)
{
    struct err err;
    uint64_t bytes = 1;
    assert_int_equal(size_parse(view_cstr(text), &bytes, &err), OK);
    assert_true(bytes == want);
}

static void size_knows_decimal_and_binary_units(void **state)
{
    (void)state;
    assert_bytes("4096", 4096);
    assert_bytes("64MB", 64000000);
    assert_bytes("16MiB", 16u << 20);
    assert_bytes("1GiB", 1u << 30);
    assert_bytes("1 gib", 1u << 30);
    assert_bytes("2TB", 2000000000000);
    assert_bytes("7kB", 7000);
    assert_bytes("7KiB", 7168);
    assert_bytes("0", 0);
}

static void size_refuses_what_is_not_one(void **state)
{
    (void)state;
    const char *bad[] = {
        "", "MB", "1.5GB", "-1", "1Mi", "1 GiB x", "18446744073709551616", "99999999TiB"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t bytes = 77;
        assert_int_equal(size_parse(view_cstr(bad[i]), &bytes, NULL), E_INVALID);
        assert_true(bytes == 77);
    }
}

static void size_prints_what_it_reads(void **state)
{
    (void)state;
    const uint64_t sizes[] = {0,         1, 1000, 1024, 16u << 20, 1ull << 40, (1ull << 40) + 1024,
                              UINT64_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char text[SIZE_CAP];
        assert_bytes(size_format(sizes[i], text), sizes[i]);
    }
    char text[SIZE_CAP];
    assert_string_equal(size_format(16u << 20, text), "16MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_knows_decimal_and_binary_units),
        cmocka_unit_test(size_refuses_what_is_not_one),
        cmocka_unit_test(size_prints_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
