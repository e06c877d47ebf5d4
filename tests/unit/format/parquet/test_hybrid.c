#include "format/parquet/hybrid.h"

#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { max_values = 4000 };

/* Random runs and packed groups, and the values they stand for. */
struct program {
    struct buf bytes;
    uint32_t values[max_values];
    size_t n;
};

static uint32_t random_value(unsigned width)
{
    uint32_t v = (uint32_t)random() ^ (uint32_t)random() << 16;
    return width == 32 ? v : v & ((1u << width) - 1);
}

static void add_run(struct program *p, unsigned width, size_t n)
{
    uint32_t value = random_value(width);
    build_uleb(&p->bytes, n << 1);
    buf_put(&p->bytes, &value, (width + 7) / 8);
    for (size_t i = 0; i < n; i++)
        p->values[p->n++] = value;
}

static void add_packed(struct program *p, unsigned width, size_t n_groups)
{
    build_uleb(&p->bytes, n_groups << 1 | 1);
    size_t at = p->bytes.len;
    buf_put_zeros(&p->bytes, n_groups * width);
    for (size_t i = 0; i < n_groups * 8; i++) {
        uint32_t value = random_value(width);
        p->values[p->n++] = value;
        for (unsigned b = 0; b < width; b++) {
            size_t bit = i * width + b;
            p->bytes.ptr[at + bit / 8] |= (uint8_t)((value >> b & 1) << (bit % 8));
        }
    }
}

static void make_program(struct program *p, unsigned width, unsigned seed)
{
    *p = (struct program){0};
    srandom(seed);
    while (p->n < max_values / 2)
        if (random() % 2)
            add_run(p, width, (size_t)random() % 100);
        else
            add_packed(p, width, (size_t)random() % 20);
}

static void check_next(struct pq_hybrid *h, const struct program *p, size_t *at, size_t n)
{
    uint32_t out[200];
    uint32_t same;
    size_t some;
    struct err err;
    assert_int_equal(pq_hybrid_same(h, n, &some, &same, &err), OK);
    if (some) {
        for (size_t i = 0; i < some; i++)
            assert_int_equal(p->values[*at + i], same);
    } else {
        pq_hybrid_packed(h, out, n, &some);
        assert_int_not_equal(some, 0);
        assert_memory_equal(out, p->values + *at, some * sizeof(*out));
    }
    *at += some;
}

static void random_programs_give_their_values_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 32; width++)
        for (unsigned seed = 0; seed < 20; seed++) {
            struct program p;
            make_program(&p, width, seed * 33 + width);
            struct pq_hybrid h;
            struct err err;
            assert_int_equal(pq_hybrid_init(&h, buf_view(&p.bytes), width, &err), OK);
            for (size_t at = 0; at < p.n;) {
                size_t most = seed % 2 ? 7 : 200;
                size_t n = 1 + (size_t)random() % most;
                check_next(&h, &p, &at, n < p.n - at ? n : p.n - at);
            }
            uint32_t same;
            size_t some;
            assert_int_equal(pq_hybrid_same(&h, 1, &some, &same, &err), E_CORRUPT);
            buf_done(&p.bytes);
        }
}

static void random_programs_of_one_bit_give_bytes_and_their_sum(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 50; seed++) {
        struct program p;
        make_program(&p, 1, seed);
        struct pq_hybrid h;
        struct err err;
        assert_int_equal(pq_hybrid_init(&h, buf_view(&p.bytes), 1, &err), OK);
        for (size_t at = 0; at < p.n;) {
            uint8_t out[150];
            size_t n = 1 + (size_t)random() % 150;
            n = n < p.n - at ? n : p.n - at;
            size_t n_set, want = 0;
            assert_int_equal(pq_hybrid_bools(&h, out, n, &n_set, &err), OK);
            for (size_t i = 0; i < n; i++, at++) {
                assert_int_equal(out[i], p.values[at]);
                want += p.values[at];
            }
            assert_int_equal(n_set, want);
        }
        buf_done(&p.bytes);
    }
}

static enum code read_one(struct view bytes, unsigned width, uint32_t *out)
{
    struct pq_hybrid h;
    struct err err;
    size_t some;
    TRY(pq_hybrid_init(&h, bytes, width, &err));
    TRY(pq_hybrid_same(&h, 1, &some, out, &err));
    if (some == 0)
        pq_hybrid_packed(&h, out, 1, &some);
    return OK;
}

static void broken_runs_are_corrupt(void **state)
{
    (void)state;
    uint32_t v;
    assert_int_equal(read_one(view_of("", 0), 1, &v), E_CORRUPT);
    assert_int_equal(read_one(view_of("\x04", 1), 8, &v), E_CORRUPT);         /* no value */
    assert_int_equal(read_one(view_of("\x04\x02", 2), 1, &v), E_CORRUPT);     /* 2 in one bit */
    assert_int_equal(read_one(view_of("\x03", 1), 5, &v), E_CORRUPT);         /* no group */
    assert_int_equal(read_one(view_of("\x04\x01", 2), 33, &v), E_CORRUPT);    /* width */
    assert_int_equal(read_one(view_of("\0\x01\0\x01", 4), 8, &v), E_CORRUPT); /* runs of nothing */
    assert_int_equal(read_one(view_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11), 8, &v),
                     E_CORRUPT);
}

static void a_run_of_nothing_is_passed_over(void **state)
{
    (void)state;
    uint32_t v;
    assert_int_equal(read_one(view_of("\0\x01\x02\x07", 4), 8, &v), OK);
    assert_int_equal(v, 7);
}

static void a_huge_packed_run_ends_with_the_bytes(void **state)
{
    (void)state;
    struct pq_hybrid h;
    struct err err;
    uint8_t out[32];
    size_t n_set;
    struct view bytes = view_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\xAA\xAA", 11);
    assert_int_equal(pq_hybrid_init(&h, bytes, 1, &err), OK);
    assert_int_equal(pq_hybrid_bools(&h, out, 16, &n_set, &err), OK);
    assert_int_equal(n_set, 8);
    assert_int_equal(pq_hybrid_bools(&h, out, 1, &n_set, &err), E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_give_their_values_in_pieces_of_any_size),
        cmocka_unit_test(random_programs_of_one_bit_give_bytes_and_their_sum),
        cmocka_unit_test(broken_runs_are_corrupt),
        cmocka_unit_test(a_run_of_nothing_is_passed_over),
        cmocka_unit_test(a_huge_packed_run_ends_with_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
