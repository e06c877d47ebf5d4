/*
 * Damaged files end in a code: cut at each offset, and with each bit of the small ones flipped.
 * Under AddressSanitizer this also says that nothing is read or written out of place.
 */
#include "code_name.h"
#include "whole_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct pq_limits small = {
    .page_bytes = 1 << 20,
    .held_bytes = 4 << 20,
    .footer_bytes = 1 << 20,
    .n_columns = 1000,
    .verify_crc = false,
};

/* One file for each way of encoding, compressing and paging. */
static const char *const files[] = {
    "pyarrow_v1_fallback",  "pyarrow_v2_fallback", "pyarrow_v1_delta",    "pyarrow_v2_delta",
    "pyarrow_v1_split",     "pyarrow_v1_none",     "pyarrow_v2_zstd",     "pyarrow_v1_lz4",
    "pyarrow_v2_gzip",      "pyarrow_v1_brotli",   "duckdb_v2",           "polars_pages",
    "pyarrow_delta_sorted", "pyarrow_odd_names",   "pyarrow_other_types", "pyarrow_empty_groups",
};
enum { n_files = sizeof(files) / sizeof(files[0]) };

static void golden_read(const char *name, struct buf *out)
{
    char path[512];
    struct err err;
    snprintf(path, sizeof(path), "tests/golden/parquet/%s.parquet", name);
    if (file_read(path, 1 << 20, out, &err))
        fail_msg("%s", err.msg);
}

static enum code count_rows(void *ctx, const struct vector *v, struct err *err)
{
    size_t *n_rows = ctx;
    *n_rows += v->n;
    return *n_rows > 10000 ? err_set(err, E_LIMIT, "more rows than were written") : OK;
}

/* Read all that can be read. Returns the first code that is not OK. */
static enum code read_all(struct view bytes, struct err *err)
{
    struct pq_file *f;
    TRY(whole_file_open(bytes, &small, &f, err));
    enum code rc = OK;
    for (size_t i = 0; i < pq_file_n_columns(f); i++) {
        size_t n_rows = 0;
        if (!pq_file_column(f, i)->supported)
            continue;
        enum code one = whole_file_read_column(f, bytes, i, 50, count_rows, &n_rows, err);
        rc = rc ? rc : one;
    }
    pq_file_free(f);
    return rc;
}

/* On a copy of the exact size, so that one byte too many is seen. */
static enum code read_copy(struct view bytes, struct err *err)
{
    AUTO(ptr) uint8_t *exact = mem_alloc(bytes.len);
    if (bytes.len)
        memcpy(exact, bytes.ptr, bytes.len);
    return read_all(view_of(exact, bytes.len), err);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_files; i++) {
        AUTO(buf) struct buf bytes = {0};
        golden_read(files[i], &bytes);
        for (size_t len = 0; len < bytes.len; len++) {
            struct err err = {""};
            assert_int_not_equal(read_copy(view_of(bytes.ptr, len), &err), OK);
            assert_int_not_equal(strlen(err.msg), 0);
        }
    }
}

static void a_footer_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_files; i++) {
        AUTO(buf) struct buf bytes = {0};
        golden_read(files[i], &bytes);
        uint64_t off;
        uint32_t len;
        struct err err;
        assert_int_equal(pq_footer_locate(buf_view(&bytes), bytes.len, &small, &off, &len, &err),
                         OK);
        for (uint32_t cut = 0; cut < len; cut++) {
            AUTO(ptr) uint8_t *exact = mem_alloc(cut);
            memcpy(exact, bytes.ptr + off, cut);
            struct pq_file *f;
            assert_int_equal(pq_file_parse(view_of(exact, cut), bytes.len, &small, &f, &err),
                             E_CORRUPT);
        }
    }
}

/* Every prefix of a column chunk, except the whole, lacks rows. */
static void cut_chunk(const struct pq_file *f, struct view bytes, size_t group, size_t column)
{
    struct err err;
    uint64_t off, len;
    assert_int_equal(pq_chunk_range(f, group, column, &off, &len, &err), OK);
    struct pq_chunk *c = pq_chunk_new();
    struct vector v;
    vector_init(&v, &pq_file_column(f, column)->type, 50);
    for (size_t cut = 0; cut < len; cut++) {
        AUTO(ptr) uint8_t *exact = mem_alloc(cut);
        memcpy(exact, bytes.ptr + off, cut);
        enum code rc = pq_chunk_start(c, f, group, column, view_of(exact, cut), &err);
        do
            rc = rc ? rc : pq_chunk_read(c, &v, &err);
        while (rc == OK && v.n);
        if (rc != E_CORRUPT)
            fail_msg("%s: %s with %zu of %llu bytes", pq_file_column(f, column)->name,
                     code_name(rc), cut, (unsigned long long)len);
        pq_chunk_reset(c);
    }
    vector_done(&v);
    pq_chunk_free(c);
}

static void a_chunk_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_files; i++) {
        AUTO(buf) struct buf bytes = {0};
        golden_read(files[i], &bytes);
        struct pq_file *f;
        struct err err;
        assert_int_equal(whole_file_open(buf_view(&bytes), &small, &f, &err), OK);
        for (size_t g = 0; g < pq_file_n_row_groups(f); g++)
            for (size_t col = 0; col < pq_file_n_columns(f); col++)
                if (pq_file_group_rows(f, g) && pq_file_column(f, col)->supported)
                    cut_chunk(f, buf_view(&bytes), g, col);
        pq_file_free(f);
    }
}

/* The file ends as it should, but bytes are missing in front of its footer. */
static void a_file_with_a_hole_ends_in_a_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_files; i++) {
        AUTO(buf) struct buf bytes = {0};
        golden_read(files[i], &bytes);
        for (size_t at = 4; at + 64 < bytes.len; at += 61) {
            AUTO(buf) struct buf holed = {0};
            struct err err;
            buf_put(&holed, bytes.ptr, at);
            buf_put(&holed, bytes.ptr + at + 16, bytes.len - at - 16);
            enum code rc = read_copy(buf_view(&holed), &err);
            (void)rc;
        }
    }
}

static void a_flipped_bit_ends_in_a_code(void **state)
{
    (void)state;
    size_t step = getenv("MURR_ALL_BITS") ? 1 : 37; /* odd, so that all bits get their turn */
    for (size_t i = 0; i < n_files; i++) {
        AUTO(buf) struct buf bytes = {0};
        golden_read(files[i], &bytes);
        for (size_t bit = 0; bit < bytes.len * 8; bit += step) {
            bytes.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            struct err err;
            enum code rc = read_copy(buf_view(&bytes), &err);
            (void)rc;
            bytes.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_footer_cut_anywhere_is_refused),
        cmocka_unit_test(a_chunk_cut_anywhere_is_corrupt),
        cmocka_unit_test(a_file_with_a_hole_ends_in_a_code),
        cmocka_unit_test(a_flipped_bit_ends_in_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
