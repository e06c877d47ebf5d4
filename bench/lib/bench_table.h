/*
 * The tables of the benchmarks: N rows, a utf8 key "user:000000000042" (17 bytes), and columns f0,
 * f1, ... of float32, or t0, t1, ... of short texts, whose values follow from row and column, so
 * that every value read can be checked.
 */
#ifndef MURR_BENCH_BENCH_TABLE_H
#define MURR_BENCH_BENCH_TABLE_H

#include "engine/store/snapshot.h"

enum { BENCH_KEY_BYTES = 17, BENCH_TEXT_BYTES = 20 };

struct bench_table {
    uint64_t n_rows;
    size_t n_columns;
    bool has_texts; /* instead of floats */
};

/* The key of a row; `out` gets BENCH_KEY_BYTES bytes and a NUL. */
void bench_key(uint64_t row, char out[static BENCH_KEY_BYTES + 1]);
float bench_value(uint64_t row, size_t column);
/* 4 to 20 letters and digits, and a NUL. Returns how many. */
size_t bench_text(uint64_t row, size_t column, char out[static BENCH_TEXT_BYTES + 1]);

/* Fail unless these are the values of the rows. */
void bench_check_values(const uint64_t *rows, size_t n, const float *values, size_t column);

/*
 * Make the table as a loaded generation named "bench" in a data directory of its own below
 * build/bench/data, unless it is there already. Rows go the way of a load from records on, without
 * Parquet in front. `out_dir` gets the data directory.
 */
void bench_table_make(const struct bench_table *table, char out_dir[static 4096]);

/* Read its files once, so that the page cache has them. */
void bench_table_warm(const char *dir);

/* Make it and open its snapshot. */
struct snapshot *bench_table_open(const struct bench_table *table, enum storage_kind storage);

#endif
