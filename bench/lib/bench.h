/*
 * What all benchmarks share: samples and their quantiles, a small table on stdout, and the figures
 * as build/bench/<name>.json:
 *
 *     {"figures": {"read.ratio_floor.10M": 1.31, ...}, "machine": {"cpu": ..., "cores": ...}}
 *
 * Machines differ and are noisy: what is compared is measured side by side in one run, interleaved,
 * and reported as a ratio of medians.
 */
#ifndef MURR_BENCH_BENCH_H
#define MURR_BENCH_BENCH_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Times of one thing, in nanoseconds. Zeroed memory is empty. */
struct samples {
    uint64_t *ns;
    size_t n, cap;
};
void samples_add(struct samples *s, uint64_t ns);
/* The q-quantile in microseconds; sorts. 0 when empty. */
double samples_us(struct samples *s, double q);
void samples_done(struct samples *s);

struct figures;
struct figures *figures_new(const char *bench);
/* Name as in the docs: "read.ratio_floor.10M". */
printf_like(3, 4) void figures_add(struct figures *f, double value, const char *name, ...);
/* Write build/bench/<bench>.json, keeping figures of earlier runs that this one does not have. */
void figures_save(struct figures *f);

/* "10M", "1M", "250k" */
const char *bench_count_name(uint64_t n, char out[static 24]);

/* Print the sentence and exit 1: a benchmark that read a wrong value has no result. */
printf_like(1, 2) __attribute__((noreturn)) void bench_fail(const char *fmt, ...);
void bench_must(enum code rc, const struct err *err);

/* splitmix64 */
uint64_t bench_random(uint64_t *state);

#endif
