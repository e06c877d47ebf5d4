#include "base/arena.h"

#include "test.h"

static uint8_t *use(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0xAA, size);
}

static void allocations_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    struct arena a = {0};
    uint8_t *parts[300];
    for (size_t i = 0; i < 300; i++) {
        parts[i] = arena_alloc(&a, i);
        assert_int_equal((uintptr_t)parts[i] % 16, 0);
        memset(parts[i], (int)i, i);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(parts[i][k], (uint8_t)i);
    arena_done(&a);
}

static void the_total_counts_what_was_handed_out_since_the_reset(void **state)
{
    (void)state;
    struct arena a = {0};
    use(&a, 1);
    assert_int_equal(a.total, 16);
    use(&a, 100000);
    assert_int_equal(a.total, 100016);
    arena_reset(&a);
    assert_int_equal(a.total, 0);
    use(&a, 17);
    assert_int_equal(a.total, 32);
    arena_done(&a);
}

static void one_allocation_may_be_larger_than_any_chunk_before(void **state)
{
    (void)state;
    struct arena a = {0};
    char *small = arena_strndup(&a, "small", 5);
    use(&a, 1 << 20);
    use(&a, 5 << 20);
    assert_string_equal(small, "small");
    arena_done(&a);
}

/* The same round of work takes no memory from malloc the second time. */
static void a_reset_keeps_the_largest_chunk(void **state)
{
    (void)state;
    struct arena a = {0};
    use(&a, 64);
    uint8_t *large = use(&a, 1 << 16);
    arena_reset(&a);
    assert_ptr_equal(use(&a, 1 << 15), large);
    assert_ptr_equal(use(&a, 1 << 15), large + (1 << 15));
    arena_done(&a);
}

static void an_empty_arena_can_be_reset_and_ended(void **state)
{
    (void)state;
    struct arena a = {0};
    arena_reset(&a);
    arena_done(&a);
    arena_done(&a);
    assert_null(a.chunk);
}

static void zalloc_zeroes_memory_that_was_used_before(void **state)
{
    (void)state;
    struct arena a = {0};
    uint8_t *first = use(&a, 512);
    arena_reset(&a);
    uint8_t *again = arena_zalloc(&a, 512);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 512; i++)
        assert_int_equal(again[i], 0);
    arena_done(&a);
}

static void strndup_copies_bytes_and_ends_them(void **state)
{
    (void)state;
    struct arena a = {0};
    char text[] = "feature";
    use(&a, 4000); /* what comes next is not zero already */
    arena_reset(&a);
    char *copy = arena_strndup(&a, text, 4);
    text[0] = 'X';
    assert_string_equal(copy, "feat");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    assert_memory_equal(arena_strndup(&a, "a\0b", 3), "a\0b", 4);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_do_not_overlap),
        cmocka_unit_test(the_total_counts_what_was_handed_out_since_the_reset),
        cmocka_unit_test(one_allocation_may_be_larger_than_any_chunk_before),
        cmocka_unit_test(a_reset_keeps_the_largest_chunk),
        cmocka_unit_test(an_empty_arena_can_be_reset_and_ended),
        cmocka_unit_test(zalloc_zeroes_memory_that_was_used_before),
        cmocka_unit_test(strndup_copies_bytes_and_ends_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
