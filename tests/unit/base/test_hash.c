#include "test.h"

#include "base/hash.h"

static void hasher_gives_the_hash_of_every_length(void **state)
{
    (void)state;
    uint8_t bytes[600];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 167 + 13);
    static const uint64_t seeds[] = {0, 1, 0x9E3779B97F4A7C15u, UINT64_MAX};
    for (size_t s = 0; s < 4; s++) {
        struct key_hasher hasher;
        key_hasher_init(&hasher, seeds[s]);
        for (size_t len = 0; len <= sizeof(bytes); len++)
            assert_true(key_hasher_hash(&hasher, view_of(bytes, len)) ==
                        hash_key(view_of(bytes, len), seeds[s]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hasher_gives_the_hash_of_every_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
