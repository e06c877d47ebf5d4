/*
 * The floor of a read: what the memory of this machine allows. As many random 64-byte lines as
 * keys, of an array as large as the table and in pages of the same size, prefetched and gathered
 * into as many float columns.
 */
#ifndef MURR_BENCH_FLOOR_H
#define MURR_BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOOR_MAX_COLUMNS = 11 }; /* of 4 bytes, behind a key of 17, in one line */

struct floor {
    uint8_t *lines;
    uint64_t n_lines;
    size_t n_columns;
};

/* A line holds bench_value of its row. `huge`: in 2 MiB pages, else in 4 KiB pages. */
struct floor floor_make(uint64_t n_rows, size_t n_columns, bool huge);
void floor_done(struct floor *f);

/* Gather n lines; out[column * n + i]. Returns nanoseconds; the values are compared. */
uint64_t floor_time(const struct floor *f, const uint64_t *rows, size_t n, float *out);

#endif
