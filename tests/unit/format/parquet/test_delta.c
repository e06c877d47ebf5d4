#include "format/parquet/delta.h"

#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { per_block = 128, n_minis = 4, per_mini = per_block / n_minis };

static void put_packed(struct buf *to, const uint64_t *values, unsigned width)
{
    size_t at = to->len;
    buf_put_zeros(to, (size_t)per_mini * width / 8);
    for (size_t i = 0; i < per_mini; i++)
        for (unsigned b = 0; b < width; b++) {
            size_t bit = i * width + b;
            to->ptr[at + bit / 8] |= (uint8_t)((values[i] >> b & 1) << (bit % 8));
        }
}

static unsigned width_of(const uint64_t *values)
{
    uint64_t all = 0;
    for (size_t i = 0; i < per_mini; i++)
        all |= values[i];
    return all ? 64 - (unsigned)__builtin_clzll(all) : 0;
}

/* One block: differences from values[-1] on. Widths of unused miniblocks are garbage. */
static void put_block(struct buf *to, const uint64_t *values, size_t n)
{
    uint64_t diffs[per_block] = {0};
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        diffs[i] = values[i] - values[(ptrdiff_t)i - 1];
        least = (int64_t)diffs[i] < least ? (int64_t)diffs[i] : least;
    }
    build_zigzag(to, least);
    for (size_t i = 0; i < n; i++)
        diffs[i] -= (uint64_t)least;
    size_t n_used = (n + per_mini - 1) / per_mini;
    for (size_t m = 0; m < n_minis; m++)
        buf_put_u8(to, m < n_used ? (uint8_t)width_of(diffs + m * per_mini) : 0xEE);
    for (size_t m = 0; m < n_used; m++)
        put_packed(to, diffs + m * per_mini, width_of(diffs + m * per_mini));
}

static void encode(struct buf *to, const uint64_t *values, size_t n)
{
    build_uleb(to, per_block);
    build_uleb(to, n_minis);
    build_uleb(to, n);
    build_zigzag(to, n ? (int64_t)values[0] : 0);
    for (size_t i = 1; i < n; i += per_block)
        put_block(to, values + i, n - i < per_block ? n - i : per_block);
}

/* Numbers of up to `bits` bits and both signs: the differences wrap around where there are 64. */
static void random_values(uint64_t *out, size_t n, unsigned bits)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v = (uint64_t)random() ^ (uint64_t)random() << 21 ^ (uint64_t)random() << 42;
        out[i] = bits == 0 ? 5 : (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
    }
}

static void check(const uint64_t *values, size_t n, size_t piece)
{
    AUTO(buf) struct buf bytes = {0};
    encode(&bytes, values, n);
    buf_puts(&bytes, "tail");
    struct pq_delta d;
    struct err err;
    struct view tail;
    uint64_t out[1000];
    assert_int_equal(pq_delta_init(&d, buf_view(&bytes), &err), OK);
    for (size_t at = 0; at < n; at += piece) {
        size_t some = n - at < piece ? n - at : piece;
        assert_int_equal(pq_delta_tail(&d, &tail, &err), OK);
        assert_true(view_eq_cstr(tail, "tail"));
        assert_int_equal(pq_delta_read(&d, out, some, &err), OK);
        assert_memory_equal(out, values + at, some * sizeof(*out));
    }
    assert_int_equal(pq_delta_tail(&d, &tail, &err), OK);
    assert_true(view_eq_cstr(tail, "tail"));
    assert_int_equal(pq_delta_read(&d, out, 1, &err), E_CORRUPT);
}

static void values_come_back_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 32, 33, 128, 129, 130, 1000};
    static const size_t pieces[] = {1, 5, 32, 100, 1000};
    uint64_t values[1000];
    for (unsigned bits = 0; bits <= 64; bits++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
                random_values(values, sizes[s], bits);
                check(values, sizes[s], pieces[p]);
            }
}

static enum code read_n(struct view bytes, size_t n)
{
    struct pq_delta d;
    uint64_t out[1000];
    TRY(pq_delta_init(&d, bytes, NULL));
    return pq_delta_read(&d, out, n, NULL);
}

static void cut_anywhere_it_is_corrupt(void **state)
{
    (void)state;
    uint64_t values[300];
    random_values(values, 300, 40);
    AUTO(buf) struct buf bytes = {0};
    encode(&bytes, values, 300);
    /* The values behind the 300th need not be there: 21 of the last miniblock, of 41 bits or so. */
    for (size_t len = 0; len + 120 < bytes.len; len++) {
        AUTO(ptr) uint8_t *exact = mem_alloc(len);
        memcpy(exact, bytes.ptr, len);
        assert_int_equal(read_n(view_of(exact, len), 300), E_CORRUPT);
    }
}

static void no_more_values_come_than_were_announced(void **state)
{
    (void)state;
    /* 3 values of a block that has bytes for 128 */
    struct view bytes = view_of("\x80\x01\x04\x03\x00\x02\x00\x00\x00\x00", 10);
    assert_int_equal(read_n(bytes, 3), OK);
    assert_int_equal(read_n(bytes, 4), E_CORRUPT);
    assert_int_equal(read_n(bytes, 100), E_CORRUPT);
}

static void nonsense_in_the_header_is_corrupt(void **state)
{
    (void)state;
    assert_int_equal(read_n(view_of("\x80\x01\x00\x04\x00", 5), 1), E_CORRUPT); /* no miniblocks */
    assert_int_equal(read_n(view_of("\x00\x04\x04\x00", 4), 1), E_CORRUPT);     /* empty blocks */
    assert_int_equal(read_n(view_of("\x80\x01\x08\x04\x00", 5), 1), E_CORRUPT); /* 16 a miniblock */
    assert_int_equal(read_n(view_of("\xFF\xFF\xFF\xFF\x7F\x01\x04\x00", 8), 1), E_CORRUPT);
    /* A width of 65, in use. */
    assert_int_equal(read_n(view_of("\x80\x01\x04\x04\x00\x00\x41\0\0\0", 10), 2), E_CORRUPT);
}

static void a_huge_count_of_equal_values_costs_no_time_to_pass(void **state)
{
    (void)state;
    struct pq_delta d;
    struct view tail;
    AUTO(buf) struct buf bytes = {0};
    build_uleb(&bytes, 1u << 30);
    build_uleb(&bytes, 1);
    build_uleb(&bytes, UINT64_MAX);
    build_zigzag(&bytes, 0);
    for (int i = 0; i < 3; i++) {
        build_zigzag(&bytes, 0);
        buf_put_u8(&bytes, 0);
    }
    assert_int_equal(pq_delta_init(&d, buf_view(&bytes), NULL), OK);
    assert_int_equal(pq_delta_tail(&d, &tail, NULL), E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_in_pieces_of_any_size),
        cmocka_unit_test(cut_anywhere_it_is_corrupt),
        cmocka_unit_test(no_more_values_come_than_were_announced),
        cmocka_unit_test(nonsense_in_the_header_is_corrupt),
        cmocka_unit_test(a_huge_count_of_equal_values_costs_no_time_to_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
