#include "format/parquet/bits.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Bit by bit. */
static uint64_t naive(const uint8_t *in, size_t bit, unsigned width)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < width; i++)
        v |= (uint64_t)(in[(bit + i) / 8] >> ((bit + i) % 8) & 1) << i;
    return v;
}

static uint8_t *random_bytes(size_t n, unsigned seed)
{
    uint8_t *bytes = mem_alloc(n);
    srandom(seed);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(random() >> 5);
    return bytes;
}

static void unpacking_agrees_with_bit_by_bit_in_every_width(void **state)
{
    (void)state;
    for (unsigned width = 0; width <= 64; width++) {
        AUTO(ptr) uint8_t *in = random_bytes(4 * (size_t)width, width + 1);
        uint32_t narrow[32];
        uint64_t wide[32];
        if (width <= 32)
            bits_unpack32(in, width, narrow);
        bits_unpack32_wide(in, width, wide);
        for (unsigned i = 0; i < 32; i++) {
            uint64_t want = naive(in, (size_t)i * width, width);
            assert_true(wide[i] == want);
            assert_true(width > 32 || narrow[i] == want);
        }
    }
}

static void bits_become_bytes_from_any_start(void **state)
{
    (void)state;
    AUTO(ptr) uint8_t *in = random_bytes(5, 7);
    for (size_t first = 0; first < 40; first++)
        for (size_t n = 0; n <= 40 - first; n++) {
            uint8_t out[41];
            memset(out, 9, sizeof(out));
            bits_to_bytes(in, first, n, out);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(out[i], naive(in, first + i, 1));
            assert_int_equal(out[n], 9);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacking_agrees_with_bit_by_bit_in_every_width),
        cmocka_unit_test(bits_become_bytes_from_any_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
