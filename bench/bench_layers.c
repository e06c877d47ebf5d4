/*
 * bench-layers: what segments of writes cost a read, in process: a compacted table of N rows (key
 * and 10 float32), and the same table with eight segments on top, of a thousandth, a hundredth and
 * a tenth of its rows each; reads of 1,000 random keys, a hundred of one table and a hundred of the
 * other in turn, so that each has the caches to itself, every value checked. Segments are written
 * by the way of any write, as Parquet is not needed: Arrow streams.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "bench.h"
#include "bench_table.h"
#include "engine/store/answer.h"
#include "engine/table/compaction.h"
#include "engine/table/create.h"
#include "engine/table/write_queue.h"
#include "engine/write/write_list.h"
#include "format/arrow/ipc_writer.h"

#include <stdio.h>

enum { N_KEYS = 1000, N_COLUMNS = 10, N_LAYERS = 8, ROUNDS = 4000, TURN = 100 };
static const char data_dir[] = "build/bench/data/layers";
static const struct write_limits limits = {8ull << 30, 1ull << 30};

struct run {
    struct table *table;
    struct pool *pool;
    uint64_t n_rows;
    uint8_t *version; /* by row: how often it was written */
};

static void must_be_done(void *arg, enum code rc, const struct write_result *result,
                         const struct err *err)
{
    (void)arg;
    (void)result;
    bench_must(rc, err);
}

static void do_write(struct run *r, enum write_verb verb, struct view body)
{
    struct err err;
    struct write_request w = {
        .verb = verb, .form = WRITE_ARROW, .body.bytes = body, .done = must_be_done};
    bench_must(table_enqueue(r->table, &w, &limits, &err), &err);
    if (!table_hold_to_write(r->table))
        bench_fail("no room for a write");
    if (table_write_some(r->table, r->pool, &limits, UINT64_MAX))
        bench_fail("a drop?");
}

static void compact(struct run *r)
{
    uint64_t ignored = 0;
    do_write(r, WRITE_COMPACT, (struct view){0});
    if (!table_hold_to_merge(r->table, &ignored))
        bench_fail("nothing to merge");
    table_merge_some(r->table, r->pool, limits.memory_bytes);
}

/* Rows first, first + step, ... get new values. */
static void write_rows(struct run *r, uint64_t first, uint64_t step, uint64_t n)
{
    static const char *const names[] = {"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"};
    struct ipc_field fields[1 + N_COLUMNS] = {
        {.name = "user_id", .type = type_of(DT_UTF8), .sizes.bytes = n * BENCH_KEY_BYTES}};
    for (size_t c = 0; c < N_COLUMNS; c++)
        fields[1 + c] = (struct ipc_field){.name = names[c], .type = type_of(DT_FLOAT32)};
    struct buf schema = {0};
    struct arena arena = {0};
    struct ipc_stream s;
    struct err err;
    ipc_schema_put(fields, 1 + N_COLUMNS, &schema);
    bench_must(ipc_plan(buf_view(&schema), fields, 1 + N_COLUMNS, n, SIZE_MAX, &arena, &s, &err),
               &err);
    for (size_t c = 0; c <= N_COLUMNS; c++)
        memset(s.columns[c].validity, 0xFF, column_bitmap_bytes(n));
    for (uint64_t i = 0; i < n; i++) {
        uint64_t row = (first + i * step) % r->n_rows;
        char key[BENCH_KEY_BYTES + 1];
        bench_key(row, key);
        memcpy(s.columns[0].data + i * BENCH_KEY_BYTES, key, BENCH_KEY_BYTES);
        s.columns[0].offsets[i + 1] = (int32_t)((i + 1) * BENCH_KEY_BYTES);
        uint64_t value_row = row + ++r->version[row] * r->n_rows;
        for (size_t c = 0; c < N_COLUMNS; c++)
            ((float *)(void *)s.columns[1 + c].data)[i] = bench_value(value_row, c);
    }
    ipc_finish(&s);
    do_write(r, WRITE_UPSERT, view_of(s.bytes, s.len));
    ipc_stream_done(&s);
    buf_done(&schema);
    arena_done(&arena);
}

static void make_table(struct run *r)
{
    struct schema schema = {0};
    struct err err;
    schema_add_plain(&schema, view_cstr("user_id"), DT_UTF8, false);
    schema_add_key(&schema, 0);
    for (int c = 0; c < N_COLUMNS; c++) {
        char name[8];
        snprintf(name, sizeof(name), "f%d", c);
        schema_add_plain(&schema, view_cstr(name), DT_FLOAT32, true);
    }
    bench_must(tree_remove(data_dir, &err), &err);
    bench_must(dir_make(data_dir, &err), &err);
    bench_must(table_create(view_cstr("bench"), &schema, STORAGE_MEMORY, data_dir, &r->table, &err),
               &err);
    schema_done(&schema);
    for (uint64_t at = 0; at < r->n_rows; at += r->n_rows / 2)
        write_rows(r, at, 1, r->n_rows / 2);
    compact(r);
}

/* One read of both snapshots; values are those of `version`. */
static uint64_t read_once(const struct snapshot *s, uint64_t n_rows, const uint8_t *version,
                          uint64_t *random, struct arena *arena)
{
    static char text[N_KEYS][BENCH_KEY_BYTES + 1];
    struct view keys[N_KEYS];
    uint64_t rows[N_KEYS];
    struct projection columns;
    struct answer answer;
    struct err err;
    const struct answer_request wanted = {
        .keys = {keys, N_KEYS}, .columns = &columns, .max_bytes = ANSWER_BYTES_MAX};
    for (size_t i = 0; i < N_KEYS; i++) {
        rows[i] = bench_random(random) % n_rows;
        bench_key(rows[i], text[i]);
        keys[i] = view_of(text[i], BENCH_KEY_BYTES);
        rows[i] += version[rows[i]] * n_rows;
    }
    bench_must(projection_resolve(snapshot_schema(s), NULL, 0, arena, &columns, &err), &err);
    uint64_t start = clock_mono_ns();
    bench_must(answer_read(s, &wanted, arena, &answer, &err), &err);
    uint64_t ns = clock_mono_ns() - start;
    for (size_t c = 0; c < N_COLUMNS; c++)
        bench_check_values(rows, N_KEYS, (const float *)(const void *)answer.stream.columns[c].data,
                           c);
    ipc_stream_done(&answer.stream);
    arena_reset(arena);
    return ns;
}

/* Eight layers of `layer_rows` rows over what was compacted; returns the ratio of the medians. */
static double bench_size(struct run *r, uint64_t layer_rows, struct figures *figures)
{
    struct snapshot *flat, *layered;
    struct err err;
    uint8_t *version = mem_alloc(r->n_rows);
    struct samples flat_times = {0}, layered_times = {0};
    struct arena arena = {0};
    uint64_t random = 5;
    bench_must(table_snapshot(r->table, &flat, &err), &err);
    memcpy(version, r->version, r->n_rows);
    for (uint64_t k = 0; k < N_LAYERS; k++)
        write_rows(r, k * 1000003, 7368787, layer_rows);
    bench_must(table_snapshot(r->table, &layered, &err), &err);
    for (int i = 0; i < ROUNDS; i++) {
        bool is_flat = i / TURN % 2 == 0;
        uint64_t ns = is_flat ? read_once(flat, r->n_rows, version, &random, &arena)
                              : read_once(layered, r->n_rows, r->version, &random, &arena);
        if (i % TURN >= TURN / 10)
            samples_add(is_flat ? &flat_times : &layered_times, ns);
    }
    double flat_us = samples_us(&flat_times, 0.5), layered_us = samples_us(&layered_times, 0.5);
    char count[24], layer[24];
    bench_count_name(r->n_rows, count);
    bench_count_name(layer_rows, layer);
    printf("%-8s %-8s %10.1f %10.1f %8.2f\n", count, layer, flat_us, layered_us,
           layered_us / flat_us);
    figures_add(figures, layered_us / flat_us, "layers.ratio.%s.%s", count, layer);
    snapshot_unref(flat);
    snapshot_unref(layered);
    samples_done(&flat_times);
    samples_done(&layered_times);
    arena_done(&arena);
    free(version);
    compact(r);
    return layered_us / flat_us;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct run r = {.pool = pool_new(0), .n_rows = n_rows, .version = mem_zalloc(n_rows)};
    struct figures *figures = figures_new("layers");
    make_table(&r);
    printf("%-8s %-8s %10s %10s %8s\n", "rows", "a layer", "flat us", "layers us", "ratio");
    bench_size(&r, n_rows / 1000, figures);
    bench_size(&r, n_rows / 100, figures);
    bench_size(&r, n_rows / 10, figures);
    table_close(r.table);
    pool_free(r.pool);
    free(r.version);
    figures_save(figures);
    return 0;
}
