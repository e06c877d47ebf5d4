/* Parquet partitions of the benchmark table, written by pyarrow (bench/make_parquet.py) where they
 * are missing. */
#ifndef MURR_BENCH_BENCH_SOURCE_H
#define MURR_BENCH_BENCH_SOURCE_H

#include <stdint.h>

enum bench_source {
    BENCH_SOURCE_PLAIN,      /* random floats, no dictionaries */
    BENCH_SOURCE_DICTIONARY, /* few different floats, in dictionaries */
    BENCH_SOURCE_CHECKED,    /* the values of bench_value, which readers can check */
};

/* `out_dir` gets the source folder; its partition is 2026-01-01. */
void bench_source_make(uint64_t n_rows, enum bench_source kind, char out_dir[static 4096]);

#endif
