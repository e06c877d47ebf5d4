/*
 * bench-read: a read in process (keys to a complete Arrow stream) against the floor, which is what the
 * memory of this machine allows: the same number of random 64-byte lines of an array as large as the
 * table, with the same pages, prefetched and gathered into the same columns.
 *
 * Both are timed in turn, one request each, with new random rows every time. Every value read is
 * compared with what the row must hold.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "engine/answer.h"

#include <stdio.h>
#include <sys/mman.h>

enum { N_COLUMNS = 10, LINE_BYTES = 64, FLOOR_RUN = 128 };

struct floor_lines {
    uint8_t *lines;
    uint64_t n_lines;
};

static struct floor_lines floor_make(uint64_t n_rows)
{
    struct floor_lines f = {.n_lines = n_rows};
    f.lines =
        mmap(NULL, n_rows * LINE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.lines == MAP_FAILED)
        bench_fail("no memory for %llu lines", (unsigned long long)n_rows);
    madvise(f.lines, n_rows * LINE_BYTES, MADV_HUGEPAGE);
    for (uint64_t row = 0; row < n_rows; row++)
        for (size_t c = 0; c < N_COLUMNS; c++) {
            float value = bench_value(row, c);
            memcpy(f.lines + row * LINE_BYTES + 17 + c * sizeof(value), &value, sizeof(value));
        }
    return f;
}

/* Gather N_COLUMNS floats of n random lines into columns. */
static void floor_read(const struct floor_lines *f, const uint64_t *rows, size_t n, float *out)
{
    const uint8_t *lines[FLOOR_RUN];
    for (size_t at = 0; at < n; at += FLOOR_RUN) {
        size_t run = n - at < FLOOR_RUN ? n - at : FLOOR_RUN;
        for (size_t i = 0; i < run; i++) {
            lines[i] = f->lines + rows[at + i] * LINE_BYTES;
            __builtin_prefetch(lines[i]);
        }
        for (size_t c = 0; c < N_COLUMNS; c++)
            for (size_t i = 0; i < run; i++)
                memcpy(&out[c * n + at + i], lines[i] + 17 + c * sizeof(float), sizeof(float));
    }
}

static void check(const uint64_t *rows, size_t n, const float *values, size_t column)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] != bench_value(rows[i], column))
            bench_fail("row %llu, column %zu: read %g, it is %g", (unsigned long long)rows[i],
                       column, (double)values[i], (double)bench_value(rows[i], column));
}

struct request {
    uint64_t *rows;
    struct view *keys;
    char (*text)[BENCH_KEY_BYTES + 1];
};

static void draw(struct request *r, size_t n_keys, uint64_t n_rows, uint64_t *random)
{
    for (size_t i = 0; i < n_keys; i++) {
        r->rows[i] = bench_random(random) % n_rows;
        bench_key(r->rows[i], r->text[i]);
        r->keys[i] = view_of(r->text[i], BENCH_KEY_BYTES);
    }
}

static uint64_t time_read(const struct snapshot *s, const struct projection *columns,
                          const struct request *r, size_t n_keys, struct arena *arena)
{
    struct err err;
    struct ipc_stream answer;
    size_t n_absent;
    arena_reset(arena);
    uint64_t start = clock_mono_ns();
    bench_must(answer_read(s, (struct key_list){r->keys, n_keys}, columns, ANSWER_BYTES_MAX, arena,
                           &answer, &n_absent, NULL, &err),
               &err);
    uint64_t ns = clock_mono_ns() - start;
    if (n_absent)
        bench_fail("%zu keys not found", n_absent);
    for (size_t c = 0; c < N_COLUMNS; c++)
        check(r->rows, n_keys, (const float *)(const void *)answer.columns[c].data, c);
    ipc_stream_done(&answer);
    return ns;
}

static void bench_keys(const struct snapshot *s, const struct floor_lines *f, size_t n_keys,
                       struct figures *figures)
{
    struct arena arena = {0}, columns_arena = {0};
    struct projection columns;
    struct err err;
    struct samples murr = {0}, floor_times = {0};
    struct request r = {mem_alloc(n_keys * sizeof(uint64_t)),
                        mem_alloc(n_keys * sizeof(struct view)),
                        mem_alloc(n_keys * (BENCH_KEY_BYTES + 1))};
    float *out = mem_alloc(N_COLUMNS * n_keys * sizeof(*out));
    uint64_t random = n_keys, n_rounds = 2000000 / (n_keys + 100) + 200;
    bench_must(projection_resolve(snapshot_schema(s), NULL, 0, &columns_arena, &columns, &err),
               &err);
    for (uint64_t round = 0; round < n_rounds; round++) {
        draw(&r, n_keys, f->n_lines, &random);
        uint64_t start = clock_mono_ns();
        floor_read(f, r.rows, n_keys, out);
        uint64_t floor_ns = clock_mono_ns() - start;
        for (size_t c = 0; c < N_COLUMNS; c++)
            check(r.rows, n_keys, out + c * n_keys, c);
        draw(&r, n_keys, f->n_lines, &random);
        uint64_t ns = time_read(s, &columns, &r, n_keys, &arena);
        if (round < n_rounds / 10)
            continue; /* warming up */
        samples_add(&floor_times, floor_ns);
        samples_add(&murr, ns);
    }
    char count[24];
    bench_count_name(f->n_lines, count);
    double ratio = samples_us(&murr, 0.5) / samples_us(&floor_times, 0.5);
    printf("%8s %7zu %10.1f %10.1f %10.1f %10.1f %8.2f\n", count, n_keys,
           samples_us(&floor_times, 0.5), samples_us(&murr, 0.5), samples_us(&murr, 0.99),
           samples_us(&murr, 0.5) * 1e3 / (double)n_keys, ratio);
    if (n_keys == 1000) {
        figures_add(figures, ratio, "read.ratio_floor.%s", count);
        figures_add(figures, samples_us(&murr, 0.5), "read.p50_us.%s", count);
        figures_add(figures, samples_us(&floor_times, 0.5), "read.floor_us.%s", count);
    }
    samples_done(&murr);
    samples_done(&floor_times);
    arena_done(&arena);
    arena_done(&columns_arena);
    free(r.rows);
    free(r.keys);
    free(r.text);
    free(out);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (n_rows == 0)
        bench_fail("usage: %s [ROWS]", argv[0]);
    char dir[4096];
    struct err err;
    struct snapshot *s;
    bench_table_dir(n_rows, N_COLUMNS, dir);
    bench_table_make(dir, n_rows, N_COLUMNS);
    bench_must(snapshot_open_live(dir, "bench", STORAGE_MEMORY, &s, &err), &err);
    struct floor_lines f = floor_make(n_rows);
    struct figures *figures = figures_new("read");
    printf("%8s %7s %10s %10s %10s %10s %8s\n", "rows", "keys", "floor us", "p50 us", "p99 us",
           "ns/key", "ratio");
    for (size_t n_keys = 1; n_keys <= 10000; n_keys *= 10)
        bench_keys(s, &f, n_keys, figures);
    figures_save(figures);
    munmap(f.lines, n_rows * LINE_BYTES);
    snapshot_unref(s);
    return 0;
}
