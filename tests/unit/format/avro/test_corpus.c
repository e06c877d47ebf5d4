/*
 * Avro files that others wrote, from a corpus outside the repository: MURR_CORPUS, or
 * ../shared/corpus. Skipped where there is none.
 */
#include "base/file.h"
#include "build.h"
#include "test.h"

#include <stdio.h>

static char corpus_dir[512];

static bool corpus_read(const char *file, struct buf *out, struct err *err)
{
    const char *env = getenv("MURR_CORPUS");
    char path[2048];
    snprintf(corpus_dir, sizeof(corpus_dir), "%s", env ? env : "../shared/corpus");
    snprintf(path, sizeof(path), "%s/%s", corpus_dir, file);
    return file_read(path, (size_t)64 << 20, out, err) == OK;
}

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
    if (!corpus_read(file, &bytes, &err))
        fail_msg("%s", err.msg);
    enum code rc = read_all(buf_view(&bytes), &limits, &n, &err);
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
    AUTO(buf) struct buf manifest = {0};
    struct err err;
    if (!corpus_read("manifest.tsv", &manifest, &err)) {
        print_message("skipped: no corpus in %s\n", corpus_dir);
        skip();
    }
    size_t n = 0, n_wrong = 0;
    char *lines = (char *)(uintptr_t)buf_cstr(&manifest);
    for (char *line; (line = strsep(&lines, "\n"));) {
        char *file = strsep(&line, "\t"), *kind = strsep(&line, "\t");
        if (!kind || strcmp(kind, "avro") != 0)
            continue;
        for (int i = 0; i < 4; i++)
            strsep(&line, "\t");
        n_wrong += !check_file(file, strsep(&line, "\t"));
        n++;
    }
    print_message("%zu files\n", n);
    assert_true(n > 0);
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_reads_as_its_manifest_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
