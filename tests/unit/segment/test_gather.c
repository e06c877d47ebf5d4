/* Segments against a plain array of rows: what was put in comes out, and nothing else. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sample_check.h"
#include "sample_stack.h"
#include "segment/gather.h"
#include "segment/verify.h"

static void check_column(const struct sample *s, const struct column *c, size_t field,
                         const struct view *keys, size_t n, struct column_sizes sizes)
{
    for (size_t i = 0; i < n; i++)
        check_cell(s, c, field, i, sample_find(s, keys[i]));
    check_totals(c, sizes);
}

static void check_columns(const struct sample *s, const struct seg_set *set,
                          const struct view *keys, size_t n)
{
    struct err err;
    struct arena arena = {0};
    struct seg_rows rows = rows_alloc(&arena, n);
    const struct seg_stack stack = seg_stack_of(set);
    seg_find(set, keys, NULL, &rows);
    size_t n_absent = 0;
    for (size_t i = 0; i < n; i++)
        n_absent += sample_find(s, keys[i]) < 0;
    assert_int_equal(rows.n_absent, n_absent);
    size_t n_fields = s->schema.n_fields;
    size_t *fields = arena_alloc(&arena, n_fields * sizeof(*fields));
    struct column *columns = arena_alloc(&arena, n_fields * sizeof(*columns));
    struct column_sizes *sizes = arena_zalloc(&arena, n_fields * sizeof(*sizes));
    for (size_t f = 0; f < n_fields; f++) {
        const struct type *type = &s->schema.fields[f].type;
        fields[f] = f;
        if (type_is_variable(type))
            assert_ok(seg_sizes(&stack, &rows, &f, 1, &sizes[f], &err));
        columns[f] = column_alloc(&arena, type, n, sizes[f]);
    }
    seg_gather(&stack, &rows, fields, n_fields, columns);
    for (size_t f = 0; f < n_fields; f++)
        check_column(s, &columns[f], f, keys, n, sizes[f]);
    arena_done(&arena);
}

/* A request: present keys, repeated ones, absent ones. */
static void check_requests(const struct sample *s, const struct seg_set *set, struct random *random)
{
    static const char absent[] = "no such key, and longer than any";
    for (unsigned round = 0; round < 4; round++) {
        size_t n = round == 0 ? 0 : 1 + random_below(random, 400);
        struct view *keys = mem_alloc((n + 1) * sizeof(*keys));
        for (size_t i = 0; i < n; i++)
            keys[i] = s->n == 0 || random_below(random, 5) == 0
                          ? view_of(absent, random_below(random, sizeof(absent)))
                          : s->keys[random_below(random, s->n)];
        check_columns(s, set, keys, n);
        free(keys);
    }
}

/* Read the set's rows ahead from now on; by io_uring, or as where the kernel refuses it. */
static void read_set_ahead(struct sample_set *set, const char *dir, bool with_uring)
{
    struct rlimit limit;
    int *fds = mem_alloc(set->n_segments * sizeof(*fds));
    for (size_t i = 0; i < set->n_segments; i++) {
        char path[PATH_CAP];
        snprintf(path, sizeof(path), "%s/%08zu.seg", dir, i);
        assert_true((fds[i] = open(path, O_RDONLY)) >= 0);
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = {with_uring ? limit.rlim_cur : 0, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    seg_set_check_pages(&set->set, set->segments, &set->range);
    seg_set_read_ahead(&set->set, set->segments, fds);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    free(fds);
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct random random = random_init("gather");
    for (unsigned round = 0; round < 60; round++) {
        struct err err;
        char *dir = temp_dir_new();
        struct schema schema;
        sample_schema(&schema, &random);
        struct sample sample;
        sample_init(&sample, &schema, random_below(&random, round < 50 ? 40 : 1500),
                    round % 3 ? 4 : 0, &random);
        struct sample_set set;
        uint32_t n_parts = 1 + (uint32_t)random_below(&random, 4);
        sample_set_init(&set, &sample, dir, round % 2, n_parts,
                        1 + (uint32_t)random_below(&random, 3), random_next(&random));
        check_requests(&sample, &set.set, &random);
        read_set_ahead(&set, dir, round % 4 < 2);
        check_requests(&sample, &set.set, &random);
        for (size_t i = 0; i < set.n_segments; i++) {
            assert_ok(seg_verify_checksums(set.segments[i], &err));
            assert_ok(seg_verify_rows(set.segments[i], &err));
        }
        sample_set_done(&set);
        sample_done(&sample);
        schema_done(&schema);
        temp_dir_done(&dir);
    }
}

/*
 * Two 16-byte keys with the same XXH3-64, for a known seed. For 9 to 16 bytes the hash is a
 * function of len + swap(lo) + hi + fold(lo * hi) with lo and hi the two halves, each XORed with a
 * constant: with lo = 0, hi = x and with lo = swap(x), hi = 0 the sum is the same.
 */
static void colliding_keys(uint64_t seed, uint64_t x, uint8_t a[16], uint8_t b[16])
{
    uint64_t s[4];
    memcpy(s, XXH3_kSecret + 24, sizeof(s));
    uint64_t flip_lo = (s[0] ^ s[1]) + seed, flip_hi = (s[2] ^ s[3]) - seed;
    uint64_t a_lo = flip_lo, a_hi = flip_hi ^ x;
    uint64_t b_lo = flip_lo ^ __builtin_bswap64(x), b_hi = flip_hi;
    memcpy(a, &a_lo, 8);
    memcpy(a + 8, &a_hi, 8);
    memcpy(b, &b_lo, 8);
    memcpy(b + 8, &b_hi, 8);
}

static void keys_with_equal_hashes_are_told_apart(void **state)
{
    (void)state;
    enum { N_PAIRS = 20 };
    const uint64_t hash_seed = 77;
    struct random random = random_init("extras");
    struct err err;
    char *dir = temp_dir_new();
    struct schema schema = {0};
    schema_add_plain(&schema, view_cstr("id"), DT_UTF8, false);
    schema_add_plain(&schema, view_cstr("v"), DT_INT64, true);
    schema_add_key(&schema, 0);
    struct sample sample;
    sample_init(&sample, &schema, 100, 0, &random);
    static uint8_t pairs[N_PAIRS * 2][16];
    for (size_t i = 0; i < N_PAIRS; i++) {
        colliding_keys(hash_seed, random_next(&random), pairs[2 * i], pairs[2 * i + 1]);
        struct view a = view_of(pairs[2 * i], 16), b = view_of(pairs[2 * i + 1], 16);
        assert_true(hash_key(a, hash_seed) == hash_key(b, hash_seed));
        sample.keys[i] = a;
        sample.keys[50 + i] = b;
        sample.vectors[0].views[i] = a;
        sample.vectors[0].views[50 + i] = b;
    }
    struct sample_set set;
    sample_set_init(&set, &sample, dir, false, 2, 1, hash_seed);
    assert_int_equal(set.set.blocks[0].n_extras + set.set.blocks[1].n_extras, N_PAIRS);
    check_columns(&sample, &set.set, sample.keys, sample.n);
    for (size_t i = 0; i < 2; i++)
        assert_ok(seg_verify_rows(set.segments[i], &err));
    sample_set_done(&set);
    sample_done(&sample);
    schema_done(&schema);
    temp_dir_done(&dir);
}

/* A key of so many bytes, then columns of 4 bytes, some with nulls: these are gathered four at a
 * time. */
static void neighbouring_columns_are_read_back(void **state)
{
    (void)state;
    struct random random = random_init("neighbours");
    static const enum dtype types[] = {DT_FLOAT32, DT_INT32, DT_UINT32};
    for (size_t n_columns = 3; n_columns < 14; n_columns++) {
        char *dir = temp_dir_new();
        struct schema schema = {0};
        schema_add_plain(&schema, view_cstr("id"), DT_INT64, false);
        schema_add_key(&schema, 0);
        for (size_t i = 0; i < n_columns; i++) {
            char name[32];
            snprintf(name, sizeof(name), "c%zu", i);
            schema_add_plain(&schema, view_cstr(name), types[i % 3], i % 2);
        }
        struct sample sample;
        sample_init(&sample, &schema, 300, 0, &random);
        struct sample_set set;
        sample_set_init(&set, &sample, dir, false, 2, 2, random_next(&random));
        check_requests(&sample, &set.set, &random);
        sample_set_done(&set);
        sample_done(&sample);
        schema_done(&schema);
        temp_dir_done(&dir);
    }
}

/* Empty blocks have no row to compare with; what stands in for one must not be taken for key 0. */
static void no_key_is_found_in_an_empty_block(void **state)
{
    (void)state;
    struct random random = random_init("empty");
    char *dir = temp_dir_new();
    struct schema schema = {0};
    schema_add_plain(&schema, view_cstr("id"), DT_INT32, false);
    schema_add_plain(&schema, view_cstr("v"), DT_INT32, true);
    schema_add_key(&schema, 0);
    struct sample sample;
    sample_init(&sample, &schema, 2, 0, &random);
    struct sample_set set;
    sample_set_init(&set, &sample, dir, false, 4, 8, 1);
    assert_true(set.set.has_empty_blocks);
    uint32_t ids[500] = {0};
    struct view keys[500];
    for (uint32_t i = 0; i < 500; i++) {
        ids[i] = i;
        keys[i] = view_of(&ids[i], sizeof(ids[i]));
    }
    check_columns(&sample, &set.set, keys, 500);
    sample_set_done(&set);
    sample_done(&sample);
    schema_done(&schema);
    temp_dir_done(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbouring_columns_are_read_back),
        cmocka_unit_test(no_key_is_found_in_an_empty_block),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(keys_with_equal_hashes_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
