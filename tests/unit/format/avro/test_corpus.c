/* Avro files that others wrote: tests/lib/corpus.h. */
#include "avro_build.h"
#include "corpus.h"
#include "test.h"

/* How many records other readers find; -1: not known, any number will do. */
static int n_known(const char *file)
{
    static const struct {
        const char *name;
        int n;
    } known[] = {
        {"nested_records", 2},     {"simple_enum", 4},   {"simple_fixed", 2},
        {"timestamp_logical", 2},  {"zero_byte", 3},     {"avro-1279", 3},
        {"withUnion", 3},          {"weather", 5},       {"duckdb_v3_manifest_list", 2},
        {"manifest-list-v2-1", 1}, {"pre_gregorian", 5},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strstr(file, known[i].name))
            return known[i].n;
    return -1;
}

/* Dates before October 1582, which Impala refuses and which are sound in Avro. */
static bool is_read_all_the_same(const char *file)
{
    return strstr(file, "pre_gregorian_date") != NULL;
}

static bool check_file(const char *file, const char *expected)
{
    AUTO(buf) struct buf bytes = {0};
    struct avro_limits limits = avro_limits_default();
    struct err err = {""};
    size_t n = 0;
    corpus_read(file, &bytes);
    enum code rc = avro_read_all(buf_view(&bytes), &limits, &n, &err);
    bool wanted = strcmp(expected, "read") == 0 || is_read_all_the_same(file);
    bool right = wanted ? rc == OK && (n_known(file) < 0 || n == (size_t)n_known(file)) : rc != OK;
    if (!right)
        print_error("%s: expected %s, is %s, %zu records: %s\n", file, expected, code_name(rc), n,
                    err.msg);
    return right;
}

static void every_file_reads_as_its_manifest_says(void **state)
{
    (void)state;
    corpus_check("avro", check_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_reads_as_its_manifest_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
