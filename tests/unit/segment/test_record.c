#include "test.h"

#include "base/mem.h"
#include "segment/record.h"

#include <stdio.h>

/* Cells of 512 KiB each, with a key in front. */
static void make_schema(struct schema *s, size_t n_lists)
{
    struct type list = {.dtype = DT_LIST, .element = DT_FLOAT64, .list_size = TYPE_FIXED_MAX};
    schema_add_plain(s, view_cstr("key"), DT_UTF8, false);
    schema_add_key(s, 0);
    for (size_t i = 0; i < n_lists; i++) {
        char name[32];
        snprintf(name, sizeof(name), "v%zu", i);
        schema_add(s, view_cstr(name), &list, true);
    }
}

static void check(size_t n_lists, enum code wanted)
{
    struct err err = {0};
    AUTO(schema) struct schema schema = {0};
    AUTO(record_format) struct record_format format = {0};
    make_schema(&schema, n_lists);
    enum code rc = record_format_init(&format, &schema, &err);
    assert_string_equal(code_name(rc), code_name(wanted));
    assert_true(rc || format.key_offset > n_lists << 19);
}

/* 8,192 of them are 4 GiB, which 32 bits count from 0 again. */
static void cells_longer_than_a_record_are_refused(void **state)
{
    (void)state;
    check(2000, OK);
    check(2048, E_LIMIT);
    check(8192, E_LIMIT);
    check(8193, E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_longer_than_a_record_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
