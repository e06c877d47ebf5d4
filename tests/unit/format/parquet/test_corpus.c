/*
 * Parquet files that others wrote, from a corpus outside the repository: MURR_CORPUS, or
 * ../shared/corpus. Skipped where there is none.
 */
#include "value_hash.h"
#include "whole_file.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char corpus_dir[512];

/* Its writer put checksums of something else into the page headers. */
static const char wrong_crc[] = "parquet/Parquet.jl/test/rowgroups/multiple_rowgroups.parquet";

static bool corpus_find(void)
{
    const char *env = getenv("MURR_CORPUS");
    snprintf(corpus_dir, sizeof(corpus_dir), "%s", env ? env : "../shared/corpus");
    char path[600];
    snprintf(path, sizeof(path), "%s/manifest.tsv", corpus_dir);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    fclose(f);
    return true;
}

static void corpus_read(const char *file, struct buf *out)
{
    char path[2048];
    struct err err;
    snprintf(path, sizeof(path), "%s/%s", corpus_dir, file);
    if (file_read(path, (size_t)1 << 30, out, &err))
        fail_msg("%s", err.msg);
}

static struct pq_limits test_limits(void)
{
    struct pq_limits limits = pq_limits_default();
    limits.page_bytes = (size_t)64 << 20;
    limits.held_bytes = (size_t)128 << 20;
    return limits;
}

static size_t n_columns_checked;
static size_t n_wrong;

static void complain(const char *file, const char *column, const char *what)
{
    print_error("%s, column %s: %s\n", file, column, what);
    n_wrong++;
}

static void check_column(const char *file, const struct pq_file *f, struct view bytes,
                         size_t column, json_t *want, size_t n_rows)
{
    const char *name = json_string_value(json_object_get(want, "name"));
    if (strcmp(json_string_value(json_object_get(want, "agree")), "no") == 0)
        return;
    struct tally t = {0};
    struct err err;
    sha256_init(&t.sha);
    if (whole_file_read_column(f, bytes, column, 1000, tally_vector, &t, &err)) {
        complain(file, name, err.msg);
        return;
    }
    char hash[17];
    sha256_end16(&t.sha, hash);
    n_columns_checked++;
    if (t.n_rows != n_rows)
        complain(file, name, "wrong number of rows");
    else if ((json_int_t)t.n_nulls != json_integer_value(json_object_get(want, "nulls")))
        complain(file, name, "wrong number of nulls");
    else if (strcmp(hash, json_string_value(json_object_get(want, "hash"))) != 0)
        complain(file, name, "wrong values");
}

static void check_file(json_t *want)
{
    const char *file = json_string_value(json_object_get(want, "file"));
    size_t n_rows = (size_t)json_integer_value(json_object_get(want, "rows"));
    AUTO(buf) struct buf bytes = {0};
    corpus_read(file, &bytes);
    struct pq_limits limits = test_limits();
    limits.verify_crc = strcmp(file, wrong_crc) != 0;
    struct pq_file *f;
    struct err err;
    if (whole_file_open(buf_view(&bytes), &limits, &f, &err)) {
        complain(file, "-", err.msg);
        return;
    }
    if (pq_file_n_rows(f) != n_rows)
        complain(file, "-", "wrong number of rows in the footer");
    size_t i;
    json_t *col;
    json_array_foreach(json_object_get(want, "columns"), i, col)
    {
        const char *name = json_string_value(json_object_get(col, "name"));
        size_t at;
        if (pq_file_find(f, view_cstr(name), &at, &err) == OK && pq_file_column(f, at)->supported)
            check_column(file, f, buf_view(&bytes), at, col, n_rows);
    }
    pq_file_free(f);
}

static void readable_files_give_the_expected_values(void **state)
{
    (void)state;
    if (!corpus_find()) {
        print_message("skipped: no corpus at %s (set MURR_CORPUS)\n", corpus_dir);
        skip();
    }
    AUTO(buf) struct buf lines = {0};
    corpus_read("expected_parquet.jsonl", &lines);
    buf_put_u8(&lines, 0);
    size_t n_files = 0;
    for (char *line = strtok((char *)lines.ptr, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *want = json_loads(line, JSON_ALLOW_NUL, NULL);
        assert_non_null(want);
        check_file(want);
        json_decref(want);
        n_files++;
    }
    print_message("%zu files, %zu columns\n", n_files, n_columns_checked);
    assert_int_equal(n_wrong, 0);
}

static enum code ignore_vector(void *ctx, const struct vector *v, struct err *err)
{
    size_t *n_rows = ctx;
    *n_rows += v->n;
    return *n_rows > 20000000 ? err_set(err, E_LIMIT, "enough") : OK;
}

/* Read all there is; whether it went well is said in *out_err. */
static enum code read_anything(struct view bytes, struct err *err)
{
    struct pq_limits limits = test_limits();
    struct pq_file *f;
    TRY(whole_file_open(bytes, &limits, &f, err));
    enum code rc = OK;
    for (size_t i = 0; i < pq_file_n_columns(f); i++) {
        size_t n_rows = 0;
        enum code one = OK;
        if (pq_file_column(f, i)->supported)
            one = whole_file_read_column(f, bytes, i, 4096, ignore_vector, &n_rows, err);
        rc = rc ? rc : one;
    }
    pq_file_free(f);
    return rc;
}

/* Cells of a manifest line, up to `n`. */
static void split_tabs(char *line, char **cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cells[i] = line ? strsep(&line, "\t") : "";
}

static void every_other_file_ends_in_a_code(void **state)
{
    (void)state;
    if (!corpus_find()) {
        print_message("skipped: no corpus at %s (set MURR_CORPUS)\n", corpus_dir);
        skip();
    }
    AUTO(buf) struct buf lines = {0};
    corpus_read("manifest.tsv", &lines);
    buf_put_u8(&lines, 0);
    for (char *line = strtok((char *)lines.ptr, "\n"); line; line = strtok(NULL, "\n")) {
        char *cells[7];
        split_tabs(line, cells, 7);
        if (strcmp(cells[1], "parquet") != 0)
            continue;
        AUTO(buf) struct buf bytes = {0};
        struct err err = {""};
        corpus_read(cells[0], &bytes);
        enum code rc = read_anything(buf_view(&bytes), &err);
        if (getenv("MURR_CORPUS_VERBOSE"))
            print_message("%-14s %-14s %s: %s\n", cells[6], code_name(rc), cells[0], err.msg);
        bool fuzzed = strstr(cells[0], "/fuzzing/") != NULL; /* may be broken before that */
        if (strcmp(cells[6], "encrypted") == 0 && rc != E_UNSUPPORTED && !fuzzed)
            complain(cells[0], "-", err.msg);
    }
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readable_files_give_the_expected_values),
        cmocka_unit_test(every_other_file_ends_in_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
