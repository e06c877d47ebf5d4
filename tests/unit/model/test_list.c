#include "test.h"

#include "base/mem.h"
#include "model/half.h"
#include "model/list.h"

static struct view build(const struct list_builder *b, uint8_t **out_bytes)
{
    size_t len = list_built_bytes(b);
    *out_bytes = mem_alloc(len);
    list_built_write(b, *out_bytes);
    return view_of(*out_bytes, len);
}

static void numbers_and_nulls_come_back(void **state)
{
    (void)state;
    const struct type int32 = type_of(DT_INT32);
    const int32_t values[] = {1, -2, 3};
    AUTO(list_builder) struct list_builder b = {0};
    AUTO(ptr) uint8_t *bytes = NULL;
    list_add_fixed(&b, values, 2, 4);
    list_add_null(&b, 4);
    list_add_fixed(&b, values + 2, 1, 4);
    struct list_value l;
    assert_true(list_open(build(&b, &bytes), &int32, &l));
    assert_int_equal(l.n, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(list_is_valid(&l, i), i != 2);
    static const int32_t want[] = {1, -2, 0, 3};
    assert_memory_equal(l.elements.ptr, want, sizeof(want));
}

static void strings_come_back(void **state)
{
    (void)state;
    const struct type utf8 = type_of(DT_UTF8);
    AUTO(list_builder) struct list_builder b = {0};
    AUTO(ptr) uint8_t *bytes = NULL;
    list_add_bytes(&b, view_cstr("ab"));
    list_add_bytes(&b, view_cstr(""));
    list_add_null(&b, 0);
    list_add_bytes(&b, view_cstr("c"));
    struct list_value l;
    assert_true(list_open(build(&b, &bytes), &utf8, &l));
    assert_int_equal(l.n, 4);
    assert_true(view_eq_cstr(list_bytes(&l, 0), "ab"));
    assert_true(view_eq_cstr(list_bytes(&l, 1), ""));
    assert_false(list_is_valid(&l, 2));
    assert_true(view_eq_cstr(list_bytes(&l, 3), "c"));
}

static void an_empty_list_is_no_null(void **state)
{
    (void)state;
    const struct type int32 = type_of(DT_INT32);
    AUTO(list_builder) struct list_builder b = {0};
    AUTO(ptr) uint8_t *bytes = NULL;
    struct list_value l;
    struct view value = build(&b, &bytes);
    assert_int_equal(value.len, 4);
    assert_true(list_open(value, &int32, &l));
    assert_int_equal(l.n, 0);
}

/* Every prefix of a value is no value, nor is one with an end that goes back. */
static void damage_is_seen(void **state)
{
    (void)state;
    const struct type utf8 = type_of(DT_UTF8);
    AUTO(list_builder) struct list_builder b = {0};
    AUTO(ptr) uint8_t *bytes = NULL;
    list_add_bytes(&b, view_cstr("ab"));
    list_add_bytes(&b, view_cstr("c"));
    struct view value = build(&b, &bytes);
    struct list_value l;
    for (size_t len = 0; len < value.len; len++)
        assert_false(list_open(view_of(bytes, len), &utf8, &l));
    bytes[4] = 4;
    assert_false(list_open(value, &utf8, &l));
    bytes[4] = 2;
    assert_true(list_open(value, &utf8, &l));
    bytes[3] = 0x7F; /* two billion elements */
    assert_false(list_open(value, &utf8, &l));
}

static void halves_are_floats(void **state)
{
    (void)state;
    static const struct {
        uint16_t bits;
        float value;
    } halves[] = {{0, 0.0f},          {0x3C00, 1.0f}, {0xC000, -2.0f},
                  {0x7BFF, 65504.0f}, {1, 0x1p-24f},  {0x03FF, 1023 * 0x1p-24f},
                  {0x0400, 0x1p-14f}};
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
        assert_true(half_to_float(halves[i].bits) == halves[i].value);
    assert_true(half_to_float(0x7C00) > 3e38f);
    assert_true(half_to_float(0x7E00) != half_to_float(0x7E00));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_nulls_come_back), cmocka_unit_test(strings_come_back),
        cmocka_unit_test(an_empty_list_is_no_null),    cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(halves_are_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
