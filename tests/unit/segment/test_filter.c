/* The filter names every segment that holds a key, and hardly any that does not. */
#include "test.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sample_rows.h"
#include "segment/filter.h"

static bool is_memory_scarce;

/* The C library's, but for what it says of memory. */
FILE *fopen(const char *path, const char *mode)
{
    static char scarce[] = "MemAvailable: 4 kB\n";
    if (is_memory_scarce && strcmp(path, "/proc/meminfo") == 0)
        return fmemopen(scarce, sizeof(scarce) - 1, "r");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopen(fd, mode);
}

static uint8_t ask(const struct seg_filter *f, uint64_t hash)
{
    uint64_t mixed = seg_filter_mix(hash);
    return seg_filter_get(seg_filter_line(f, mixed), mixed);
}

static void schema_of_ids(struct schema *schema)
{
    schema_add_plain(schema, view_cstr("id"), DT_INT64, false);
    schema_add_plain(schema, view_cstr("v"), DT_FLOAT32, false);
    schema_add_key(schema, 0);
}

/* All segments full, which is when it errs most. */
static void hardly_any_other_segment_is_named(void **state)
{
    (void)state;
    enum { N_ROWS = 20000, N_ASKED = 200000 };
    struct random random = random_init("filter");
    AUTO(schema) struct schema schema = {0};
    struct seg_filter f = {0};
    uint64_t seed = random_next(&random), n_named = 0;
    schema_of_ids(&schema);
    for (unsigned bit = 0; bit < SEG_FILTER_BITS; bit++) {
        char *dir = temp_dir_new();
        struct sample sample;
        struct sample_set set;
        sample_init(&sample, &schema, N_ROWS, 0, &random);
        sample_set_init(&set, &sample, dir, false, 1, 2, seed);
        if (!f.lines)
            seg_filter_init(&f, set.segments[0]->n_slots);
        assert_true(seg_filter_fits(&f, set.segments[0]->n_slots));
        seg_filter_add(&f, bit, set.segments[0]);
        for (size_t i = 0; i < sample.n; i++)
            assert_true(ask(&f, hash_key(sample.keys[i], seed)) >> bit & 1);
        sample_set_done(&set);
        sample_done(&sample);
        temp_dir_done(&dir);
    }
    for (unsigned i = 0; i < N_ASKED; i++) {
        uint64_t id = random_next(&random); /* a key of 20,000 in 2^64: practically none is there */
        n_named += (uint64_t)__builtin_popcount(ask(&f, hash_key(view_of(&id, sizeof(id)), seed)));
    }
    double one_in = (double)N_ASKED * SEG_FILTER_BITS / (double)(n_named + 1);
    printf("a segment is named for nothing once in %.0f keys\n", one_in);
    assert_true(one_in > 350 && one_in < 550);
    seg_filter_done(&f);
}

static void an_empty_segment_is_never_named(void **state)
{
    (void)state;
    struct random random = random_init("empty");
    AUTO(schema) struct schema schema = {0};
    struct seg_filter f;
    struct sample sample;
    struct sample_set set;
    char *dir = temp_dir_new();
    schema_of_ids(&schema);
    sample_init(&sample, &schema, 0, 0, &random);
    sample_set_init(&set, &sample, dir, false, 1, 3, 7);
    seg_filter_init(&f, 0);
    assert_true(seg_filter_fits(&f, 0));
    seg_filter_add(&f, 3, set.segments[0]);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(ask(&f, random_next(&random)), 0);
    sample_set_done(&set);
    sample_done(&sample);
    seg_filter_done(&f);
    temp_dir_done(&dir);
}

static void where_memory_is_scarce_all_keys_are_named(void **state)
{
    (void)state;
    enum { N_ROWS = 100000 };
    struct random random = random_init("filter");
    AUTO(schema) struct schema schema = {0};
    struct seg_filter f;
    struct key_hasher hasher;
    struct sample sample;
    struct sample_set set;
    char *dir = temp_dir_new();
    uint64_t seed = random_next(&random);
    schema_of_ids(&schema);
    sample_init(&sample, &schema, N_ROWS, 0, &random);
    sample_set_init(&set, &sample, dir, false, 1, 2, seed);
    is_memory_scarce = true;
    seg_filter_init(&f, set.segments[0]->n_slots);
    is_memory_scarce = false;
    seg_filter_add(&f, 3, set.segments[0]);
    key_hasher_init(&hasher, seed);
    for (size_t i = 0; i < N_ROWS; i++)
        assert_int_equal(ask(&f, key_hasher_hash(&hasher, sample.keys[i])), 1 << 3);
    seg_filter_done(&f);
    sample_set_done(&set);
    sample_done(&sample);
    temp_dir_done(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hardly_any_other_segment_is_named),
        cmocka_unit_test(an_empty_segment_is_never_named),
        cmocka_unit_test(where_memory_is_scarce_all_keys_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
