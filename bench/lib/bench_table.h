/*
 * The table of the benchmarks: N rows, a utf8 key "user:000000000042" (17 bytes), float32 columns f0, f1,
 * ... whose values follow from row and column, so that every value read can be checked.
 */
#ifndef MURR_BENCH_BENCH_TABLE_H
#define MURR_BENCH_BENCH_TABLE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { BENCH_KEY_BYTES = 17 };

/* The key of a row; `out` gets BENCH_KEY_BYTES bytes and a NUL. */
void bench_key(uint64_t row, char out[static BENCH_KEY_BYTES + 1]);
float bench_value(uint64_t row, size_t column);

/*
 * Make the table below `data_dir` as a loaded generation named "bench", unless it is there already. Rows go
 * the way of a load from records on, without Parquet in front.
 */
void bench_table_make(const char *data_dir, uint64_t n_rows, size_t n_columns);

/* build/bench/data/<N>x<columns>, a data directory */
void bench_table_dir(uint64_t n_rows, size_t n_columns, char out[static 4096]);

#endif
