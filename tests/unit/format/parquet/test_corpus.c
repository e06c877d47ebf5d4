/*
 * Parquet files that others wrote, from a corpus outside the repository: MURR_CORPUS, or
 * ../shared/corpus. Skipped where there is none.
 */
#include "code_name.h"
#include "value_hash.h"
#include "whole_file.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char corpus_dir[512];

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

static size_t n_files, n_columns, n_wrong;

static void complain(const char *file, const char *column, const char *what)
{
    print_error("%s, column %s: %s\n", file, column, what);
    n_wrong++;
}

/* Read a column as `type`, adding it all up. */
static enum code tally_column(const struct pq_file *f, struct view bytes, size_t column,
                              const struct type *type, struct tally *t, struct err *err)
{
    *t = (struct tally){0};
    sha256_init(&t->sha);
    return whole_file_read_as(f, bytes, column, type, 1000, tally_vector, t, err);
}

/* INT96 may say times that nanoseconds cannot: then in microseconds, as murr cat does. */
static enum code read_column(const struct pq_file *f, struct view bytes, size_t column,
                             struct tally *t, struct err *err)
{
    struct type type = pq_file_column(f, column)->type;
    enum code rc = tally_column(f, bytes, column, &type, t, err);
    if (rc != E_INVALID || !pq_column_is_int96(pq_file_column(f, column)))
        return rc;
    type.unit = UNIT_US;
    return tally_column(f, bytes, column, &type, t, err);
}

static void check_tally(const char *file, json_t *want, size_t n_rows, struct tally *t)
{
    const char *name = json_string_value(json_object_get(want, "name"));
    const char *agree = json_string_value(json_object_get(want, "agree"));
    const char *hash = json_string_value(json_object_get(want, "hash"));
    json_t *nulls = json_object_get(want, "nulls");
    char is[17];
    sha256_end16(&t->sha, is);
    n_columns++;
    if (t->n_rows != n_rows)
        complain(file, name, "wrong number of rows");
    else if (nulls && (json_int_t)t->n_nulls != json_integer_value(nulls))
        complain(file, name, "wrong number of nulls");
    else if (hash && strcmp(agree, "no") != 0 && strcmp(is, hash) != 0)
        complain(file, name, "wrong values");
}

/* What is expected of column `i`, by name: names may repeat, and columns of nothing are left
 * out. */
static json_t *find_want(const struct pq_file *f, size_t i, json_t *columns)
{
    const char *name = pq_file_column(f, i)->name;
    size_t before = 0, k;
    json_t *want;
    for (size_t j = 0; j < i; j++)
        before += strcmp(pq_file_column(f, j)->name, name) == 0;
    json_array_foreach(
        columns, k, want) if (strcmp(json_string_value(json_object_get(want, "name")), name) == 0 &&
                              before-- == 0) return want;
    return NULL;
}

/* Every column; those that are nested are looked at, as far as we can. */
static enum code read_all(const char *file, const struct pq_file *f, struct view bytes,
                          json_t *columns, struct err *err)
{
    for (size_t i = 0; i < pq_file_n_columns(f); i++) {
        const struct pq_column *col = pq_file_column(f, i);
        json_t *want = find_want(f, i, columns);
        struct tally t;
        if (!col->supported && !col->nested)
            return err_set(err, E_UNSUPPORTED, "column %s: %s", col->name, col->why_not);
        if (!col->supported) {
            if (want && json_object_get(want, "hash") &&
                !strstr(json_string_value(json_object_get(want, "arrow")), "List<List"))
                complain(file, col->name, "is not read");
            TRY(whole_file_check_leaves(f, bytes, col, err));
            continue;
        }
        TRY(read_column(f, bytes, i, &t, err));
        if (want)
            check_tally(file, want, (size_t)pq_file_n_rows(f), &t);
    }
    return OK;
}

static enum code read_file(const char *file, struct view bytes, json_t *columns, const char *n_rows,
                           struct err *err)
{
    struct pq_limits limits = test_limits();
    struct pq_file *f;
    TRY(whole_file_open(bytes, &limits, &f, err));
    if (columns && strtoull(n_rows, NULL, 10) != pq_file_n_rows(f))
        complain(file, "-", "wrong number of rows in the footer");
    enum code rc = read_all(file, f, bytes, columns, err);
    pq_file_free(f);
    return rc;
}

/* A line of the manifest: what the file did against what is expected of it. */
static void judge(const char *file, const char *expected, enum code rc, const struct err *err)
{
    if (strcmp(expected, "read") == 0 || strcmp(expected, "read-flat") == 0) {
        if (rc)
            complain(file, "-", err->msg);
    } else if (strcmp(expected, "error") == 0) {
        if (rc == OK)
            complain(file, "-", "is read, but it is broken");
    } else if (strcmp(expected, "encrypted") == 0) {
        bool fuzzed = strstr(file, "/fuzzing/") != NULL; /* may be broken before that */
        if (rc == OK || (!fuzzed && (rc != E_UNSUPPORTED || !strstr(err->msg, "encrypted"))))
            complain(file, "-", "does not say that it is encrypted");
    }
    /* nested-only, read-or-error, nocrash: that we are here is enough */
}

/* The expected values by file name. */
static json_t *load_expected(void)
{
    json_t *by_file = json_object();
    AUTO(buf) struct buf lines = {0};
    corpus_read("expected_parquet.jsonl", &lines);
    buf_put_u8(&lines, 0);
    for (char *line = strtok((char *)lines.ptr, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *want = json_loads(line, JSON_ALLOW_NUL, NULL);
        assert_non_null(want);
        json_object_set_new(by_file, json_string_value(json_object_get(want, "file")), want);
    }
    return by_file;
}

/* Cells of a manifest line, up to `n`. */
static void split_tabs(char *line, char **cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cells[i] = line ? strsep(&line, "\t") : "";
}

static void check_line(char *line, json_t *by_file)
{
    char *cells[8];
    split_tabs(line, cells, 8);
    const char *file = cells[0], *expected = cells[6];
    if (strcmp(cells[1], "parquet") != 0)
        return;
    AUTO(buf) struct buf bytes = {0};
    struct err err = {""};
    corpus_read(file, &bytes);
    json_t *columns = json_object_get(json_object_get(by_file, file), "columns");
    enum code rc = read_file(file, buf_view(&bytes), columns, cells[7], &err);
    judge(file, expected, rc, &err);
    n_files++;
    if (getenv("MURR_CORPUS_VERBOSE"))
        print_message("%-14s %-14s %s: %s\n", expected, code_name(rc), file, err.msg);
}

static void every_file_behaves_as_the_manifest_says(void **state)
{
    (void)state;
    if (!corpus_find()) {
        print_message("skipped: no corpus at %s (set MURR_CORPUS)\n", corpus_dir);
        skip();
    }
    AUTO(buf) struct buf lines = {0};
    json_t *by_file = load_expected();
    corpus_read("manifest.tsv", &lines);
    buf_put_u8(&lines, 0);
    for (char *line = strtok((char *)lines.ptr, "\n"); line; line = strtok(NULL, "\n"))
        check_line(line, by_file);
    json_decref(by_file);
    print_message("%zu files, %zu columns with expected values\n", n_files, n_columns);
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_behaves_as_the_manifest_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
