/*
 * bench-load: a load from Parquet files to a serving generation, on all cores: utf8 key and 10 float32
 * columns, Snappy, dictionaries off and on. After each load every key is looked up.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench.h"
#include "engine/answer.h"
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

static void make_source(const char *dir, uint64_t n_rows, bool dictionary)
{
    char command[16384], success[8192];
    snprintf(success, sizeof(success), "%s/2026-01-01/_SUCCESS", dir);
    if (access(success, F_OK) == 0)
        return;
    fprintf(stderr, "making %s\n", dir);
    snprintf(command, sizeof(command),
             "tools/setup-python && build/venv/bin/python "
             "bench/make_parquet.py %s %llu %s",
             dir, (unsigned long long)n_rows, dictionary ? "--dictionary" : "");
    if (system(command) != 0)
        bench_fail("cannot make %s", dir);
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
        const struct found_rows *rows =
            snapshot_find(s, (struct key_list){keys, n}, &(struct projection){0}, &arena);
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
    struct table_spec spec = {.name = "bench",
                              .source.local.path = (char *)source,
                              .poll_interval_ms = 60000,
                              .parts = 8,
                              .key = key,
                              .n_key = 1};
    struct registry_config config = {"build/bench/data/load", {1u << 30, 0}, &spec, 1};
    bench_must(tree_remove(config.data_dir, &err), &err);
    bench_must(registry_open(&config, &r, &err), &err);
    uint64_t start = clock_mono_ns();
    double cpu = cpu_seconds();
    bench_must(registry_load_now(r, view_cstr("bench"), &err), &err);
    *out_wall = (double)(clock_mono_ns() - start) / 1e9;
    *out_cpu = cpu_seconds() - cpu;
    check_rows(r, n_rows);
    registry_close(r);
    bench_must(tree_remove(config.data_dir, &err), &err);
}

static void bench_source(uint64_t n_rows, bool dictionary, struct figures *figures)
{
    char dir[4096], count[24];
    const char *kind = dictionary ? "dictionary" : "plain";
    double best_wall = 1e9, best_cpu = 1e9;
    bench_count_name(n_rows, count);
    snprintf(dir, sizeof(dir), "build/bench/data/parquet-%s-%s", kind, count);
    make_source(dir, n_rows, dictionary);
    for (int round = 0; round < ROUNDS; round++) {
        double wall, cpu;
        load_once(dir, n_rows, &wall, &cpu);
        best_wall = wall < best_wall ? wall : best_wall;
        best_cpu = cpu < best_cpu ? cpu : best_cpu;
    }
    double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    printf("%8s %-10s %8.2f %8.2f %12.2f %14.2f\n", count, kind, best_wall, best_cpu,
           (double)n_rows / best_wall / 1e6, (double)n_rows / best_wall / cores / 1e6);
    figures_add(figures, (double)n_rows / best_wall / cores, "load.rows_per_s_core.%s.%s", kind,
                count);
    figures_add(figures, (double)n_rows / best_cpu, "load.rows_per_cpu_s.%s.%s", kind, count);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    log_init(LOG_ERROR, LOG_TEXT);
    struct figures *figures = figures_new("load");
    printf("%8s %-10s %8s %8s %12s %14s   (best of %d)\n", "rows", "encoding", "wall s", "cpu s",
           "M rows/s", "M rows/s/core", ROUNDS);
    bench_source(n_rows, false, figures);
    bench_source(n_rows, true, figures);
    figures_save(figures);
    return 0;
}
