#include "floor.h"

#include "base/clock.h"
#include "bench.h"
#include "bench_table.h"

#include <string.h>
#include <sys/mman.h>

enum { LINE_BYTES = 64, KEY_BYTES = 17, RUN = 128 };

struct floor floor_make(uint64_t n_rows, size_t n_columns, bool huge)
{
    struct floor f = {.n_lines = n_rows, .n_columns = n_columns};
    f.lines =
        mmap(NULL, n_rows * LINE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.lines == MAP_FAILED || n_columns > FLOOR_MAX_COLUMNS)
        bench_fail("no memory for %llu lines", (unsigned long long)n_rows);
    madvise(f.lines, n_rows * LINE_BYTES, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    for (uint64_t row = 0; row < n_rows; row++)
        for (size_t c = 0; c < n_columns; c++) {
            float value = bench_value(row, c);
            memcpy(f.lines + row * LINE_BYTES + KEY_BYTES + c * sizeof(value), &value,
                   sizeof(value));
        }
    return f;
}

void floor_done(struct floor *f)
{
    munmap(f->lines, f->n_lines * LINE_BYTES);
    *f = (struct floor){0};
}

static void gather(const struct floor *f, const uint64_t *rows, size_t n, float *out)
{
    const uint8_t *lines[RUN];
    for (size_t at = 0; at < n; at += RUN) {
        size_t run = n - at < RUN ? n - at : RUN;
        for (size_t i = 0; i < run; i++) {
            lines[i] = f->lines + rows[at + i] * LINE_BYTES;
            __builtin_prefetch(lines[i]);
        }
        for (size_t c = 0; c < f->n_columns; c++)
            for (size_t i = 0; i < run; i++)
                memcpy(&out[c * n + at + i], lines[i] + KEY_BYTES + c * sizeof(float),
                       sizeof(float));
    }
}

uint64_t floor_time(const struct floor *f, const uint64_t *rows, size_t n, float *out)
{
    uint64_t start = clock_mono_ns();
    gather(f, rows, n, out);
    uint64_t ns = clock_mono_ns() - start;
    for (size_t c = 0; c < f->n_columns; c++)
        bench_check_values(rows, n, out + c * n, c);
    return ns;
}
