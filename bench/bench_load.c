/*
 * bench-load: a load from Parquet files to a serving generation, on all cores: utf8 key and 10
 * float32 columns, Snappy, dictionaries off and on; in turn with pyarrow reading the same files to
 * memory. After each load every key is looked up.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_source.h"
#include "engine/store/answer.h"
#include "engine/registry.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ROUNDS = 3 };

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Every row is there: the keys of all rows, in large requests. */
static void check_rows(struct registry *r, uint64_t n_rows)
{
    enum { BATCH = 10000 };
    struct err err;
    struct snapshot *s;
    bench_must(registry_snapshot(r, view_cstr("bench"), &s, &err), &err);
    if (snapshot_n_rows(s) != n_rows)
        bench_fail("loaded %llu rows of %llu", (unsigned long long)snapshot_n_rows(s),
                   (unsigned long long)n_rows);
    struct arena arena = {0};
    for (uint64_t first = 0; first < n_rows; first += BATCH) {
        arena_reset(&arena);
        size_t n = n_rows - first < BATCH ? n_rows - first : BATCH;
        struct view *keys = arena_alloc(&arena, n * sizeof(*keys));
        for (size_t i = 0; i < n; i++) {
            char *text = arena_alloc(&arena, 32);
            snprintf(text, 32, "user:%012llu", (unsigned long long)(first + i));
            keys[i] = view_cstr(text);
        }
        const struct found_rows *rows = snapshot_find(
            s, (struct key_list){keys, n}, &(struct projection){0}, ROWS_OF_ALL_KEYS, &arena);
        if (found_n_absent(rows))
            bench_fail("%zu keys from %llu on are missing", found_n_absent(rows),
                       (unsigned long long)first);
    }
    arena_done(&arena);
    snapshot_unref(s);
}

static void load_once(const char *source, uint64_t n_rows, double *out_wall, double *out_cpu)
{
    struct err err;
    struct registry *r;
    char *key[] = {"user_id"};
    struct table_spec spec = {
        .name = "bench",
        .source.local.path = (char *)source,
        .source.layout = {.marker = (char *)"_SUCCESS"},
        .guard = {.max_shrink = 100, .max_null_growth = 100, .max_duplicates = 100},
        .poll_interval_ms = 60000,
        .parts = 8,
        .key = key,
        .n_key = 1};
    struct registry_config config = {
        .data_dir = "build/bench/data/load", .load = {1u << 30, 0}, .tables = &spec, .n_tables = 1};
    bench_must(tree_remove(config.data_dir, &err), &err);
    bench_must(registry_open(&config, &r, &err), &err);
    uint64_t start = clock_mono_ns();
    double cpu = cpu_seconds();
    bench_must(registry_load_now(r, view_cstr("bench"), false, &err), &err);
    *out_wall = (double)(clock_mono_ns() - start) / 1e9;
    *out_cpu = cpu_seconds() - cpu;
    check_rows(r, n_rows);
    registry_close(r);
    bench_must(tree_remove(config.data_dir, &err), &err);
}

/* Seconds that pyarrow takes to read the files. */
static double pyarrow_seconds(const char *source, uint64_t n_rows)
{
    char command[8192];
    double seconds = 0;
    unsigned long long rows = 0;
    snprintf(command, sizeof(command),
             "tools/setup-python && build/venv/bin/python bench/read_parquet.py %s", source);
    FILE *f = popen(command, "r");
    if (!f || fscanf(f, "%lf %llu", &seconds, &rows) != 2 || pclose(f) != 0 || rows != n_rows)
        bench_fail("pyarrow read %llu rows of %llu in %s", rows, (unsigned long long)n_rows,
                   source);
    return seconds;
}

static void bench_kind(uint64_t n_rows, enum bench_source kind, struct figures *figures)
{
    char dir[4096], count[24];
    const char *name = kind == BENCH_SOURCE_DICTIONARY ? "dictionary" : "plain";
    struct samples walls = {0}, cpus = {0}, pyarrow = {0};
    bench_count_name(n_rows, count);
    bench_source_make(n_rows, kind, dir);
    for (int round = 0; round < ROUNDS; round++) {
        double wall, cpu;
        load_once(dir, n_rows, &wall, &cpu);
        samples_add(&walls, (uint64_t)(wall * 1e9));
        samples_add(&cpus, (uint64_t)(cpu * 1e9));
        samples_add(&pyarrow, (uint64_t)(pyarrow_seconds(dir, n_rows) * 1e9));
    }
    double cores = (double)sysconf(_SC_NPROCESSORS_ONLN), rows = (double)n_rows;
    double wall = samples_us(&walls, 0.5) / 1e6, cpu = samples_us(&cpus, 0.5) / 1e6;
    double theirs = samples_us(&pyarrow, 0.5) / 1e6;
    printf("%8s %-10s %8.2f %8.2f %12.2f %14.2f %12.2f\n", count, name, wall, cpu,
           rows / wall / 1e6, rows / wall / cores / 1e6, theirs);
    figures_add(figures, rows / wall / cores, "load.rows_per_s_core.%s.%s", name, count);
    figures_add(figures, rows / cpu, "load.rows_per_cpu_s.%s.%s", name, count);
    figures_add(figures, wall / theirs, "load.ratio_pyarrow.%s.%s", name, count);
    if (kind == BENCH_SOURCE_PLAIN) {
        figures_add(figures, rows / wall / cores, "load.rows_per_s_core.%s", count);
        figures_add(figures, rows / wall / cores, "load.rows_per_s_core");
    }
    samples_done(&walls);
    samples_done(&cpus);
    samples_done(&pyarrow);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    log_init(LOG_ERROR, LOG_TEXT);
    struct figures *figures = figures_new("load");
    printf("%8s %-10s %8s %8s %12s %14s %12s   (medians of %d)\n", "rows", "encoding", "wall s",
           "cpu s", "M rows/s", "M rows/s/core", "pyarrow s", ROUNDS);
    bench_kind(n_rows, BENCH_SOURCE_PLAIN, figures);
    bench_kind(n_rows, BENCH_SOURCE_DICTIONARY, figures);
    figures_save(figures);
    return 0;
}
