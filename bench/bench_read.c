/*
 * bench-read: a read in process (keys to a complete Arrow stream) against the floor (lib/floor.h),
 * both timed in turn, one request each, with new random rows every time. Every value read is
 * compared with what the row must hold.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "engine/store/answer.h"
#include "floor.h"

#include <stdio.h>

/* What is asked of a table. */
struct request_kind {
    const char *name;
    size_t n_keys;
    size_t n_columns;        /* the first so many */
    unsigned absent_percent; /* keys that are not there */
};

/* One table and what it takes to read from it. Arrays for the largest request. */
struct reader {
    struct bench_table table;
    struct snapshot *snapshot;
    uint64_t *rows; /* UINT64_MAX: absent */
    struct view *keys;
    char (*text)[BENCH_KEY_BYTES + 1];
    struct arena arena;
    uint64_t random;
};

enum { MAX_KEYS = 10000, KEYS_OF_FIGURES = 1000 };

static struct reader reader_open(const struct bench_table *table, enum storage_kind storage)
{
    return (struct reader){.table = *table,
                           .snapshot = bench_table_open(table, storage),
                           .rows = mem_alloc(MAX_KEYS * sizeof(uint64_t)),
                           .keys = mem_alloc(MAX_KEYS * sizeof(struct view)),
                           .text = mem_alloc(MAX_KEYS * (BENCH_KEY_BYTES + 1)),
                           .random = table->n_rows};
}

static void reader_close(struct reader *r)
{
    snapshot_unref(r->snapshot);
    arena_done(&r->arena);
    free(r->rows);
    free(r->keys);
    free(r->text);
}

/* Keys of absent rows have numbers beyond the table. */
static void draw(struct reader *r, const struct request_kind *kind)
{
    for (size_t i = 0; i < kind->n_keys; i++) {
        uint64_t bits = bench_random(&r->random), row = bits % r->table.n_rows;
        bool absent = (bits >> 57) * 100 < kind->absent_percent * 128ull;
        r->rows[i] = absent ? UINT64_MAX : row;
        bench_key(absent ? row + r->table.n_rows : row, r->text[i]);
        r->keys[i] = view_of(r->text[i], BENCH_KEY_BYTES);
    }
}

static void check_text(const struct column *c, size_t i, uint64_t row, size_t column)
{
    char text[BENCH_TEXT_BYTES + 1];
    size_t len = bench_text(row, column, text);
    if ((size_t)(c->offsets[i + 1] - c->offsets[i]) != len ||
        memcmp(c->data + c->offsets[i], text, len) != 0)
        bench_fail("row %llu, column %zu: not the text of the row", (unsigned long long)row,
                   column);
}

static void check_answer(const struct reader *r, const struct request_kind *kind,
                         const struct ipc_stream *answer)
{
    for (size_t c = 0; c < kind->n_columns; c++) {
        const struct column *column = &answer->columns[c];
        for (size_t i = 0; i < kind->n_keys; i++) {
            bool absent = r->rows[i] == UINT64_MAX;
            if (column_is_valid(column, i) == absent)
                bench_fail("key %zu is %s, it should not be", i, absent ? "there" : "absent");
            if (!absent && r->table.has_texts)
                check_text(column, i, r->rows[i], c);
            else if (!absent)
                bench_check_values(&r->rows[i], 1, (const float *)(const void *)column->data + i,
                                   c);
        }
    }
}

static uint64_t time_read(struct reader *r, const struct request_kind *kind,
                          const struct projection *columns)
{
    struct err err;
    struct answer answer;
    const struct answer_request wanted = {
        .keys = {r->keys, kind->n_keys}, .columns = columns, .max_bytes = ANSWER_BYTES_MAX};
    draw(r, kind);
    arena_reset(&r->arena);
    uint64_t start = clock_mono_ns();
    bench_must(answer_read(r->snapshot, &wanted, &r->arena, &answer, &err), &err);
    uint64_t ns = clock_mono_ns() - start;
    check_answer(r, kind, &answer.stream);
    ipc_stream_done(&answer.stream);
    return ns;
}

/* The first columns behind the key. */
static struct projection first_columns(const struct reader *r, size_t n, struct arena *arena)
{
    struct view *names = arena_alloc(arena, n * sizeof(*names));
    struct projection p;
    struct err err;
    const struct schema *schema = snapshot_schema(r->snapshot);
    for (size_t i = 0; i < n; i++)
        names[i] = view_cstr(schema->fields[1 + i].name);
    bench_must(projection_resolve(schema, names, n, arena, &p, &err), &err);
    return p;
}

static uint64_t n_rounds(const struct request_kind *kind)
{
    return 2000000 / (kind->n_keys * (kind->n_columns + 9) / 19 + 100) + 200;
}

/* Medians in microseconds; `floor` may be NULL. */
struct result {
    double p50, p99, floor;
};

static struct result measure(struct reader *r, const struct request_kind *kind,
                             const struct floor *floor)
{
    struct arena arena = {0};
    struct samples times = {0}, floor_times = {0};
    struct projection columns = first_columns(r, kind->n_columns, &arena);
    uint64_t *rows = arena_alloc(&arena, kind->n_keys * sizeof(*rows)), rounds = n_rounds(kind);
    float *out = arena_alloc(&arena, kind->n_keys * FLOOR_MAX_COLUMNS * sizeof(*out));
    for (uint64_t round = 0; round < rounds; round++) {
        for (size_t i = 0; floor && i < kind->n_keys; i++)
            rows[i] = bench_random(&r->random) % floor->n_lines;
        uint64_t floor_ns = floor ? floor_time(floor, rows, kind->n_keys, out) : 0;
        uint64_t ns = time_read(r, kind, &columns);
        if (round < rounds / 10)
            continue; /* warming up */
        samples_add(&floor_times, floor_ns);
        samples_add(&times, ns);
    }
    struct result result = {samples_us(&times, 0.5), samples_us(&times, 0.99),
                            samples_us(&floor_times, 0.5)};
    samples_done(&times);
    samples_done(&floor_times);
    arena_done(&arena);
    return result;
}

static void print_head(void)
{
    printf("%8s %-22s %7s %10s %10s %10s %10s %8s\n", "rows", "what", "keys", "floor us", "p50 us",
           "p99 us", "ns/key", "ratio");
}

static struct result bench(struct reader *r, const struct request_kind *kind,
                           const struct floor *floor)
{
    char count[24];
    struct result x = measure(r, kind, floor);
    printf("%8s %-22s %7zu ", bench_count_name(r->table.n_rows, count), kind->name, kind->n_keys);
    if (floor)
        printf("%10.1f ", x.floor);
    else
        printf("%10s ", "");
    printf("%10.1f %10.1f %10.1f ", x.p50, x.p99, x.p50 * 1e3 / (double)kind->n_keys);
    if (floor)
        printf("%8.2f", x.p50 / x.floor);
    printf("\n");
    fflush(stdout);
    return x;
}

/* Ten of ten floats by number of keys, and from the mapped files with their small pages. */
static void bench_batches(uint64_t n_rows, struct figures *figures)
{
    const struct bench_table table = {n_rows, 10, false};
    char count[24];
    bench_count_name(n_rows, count);
    struct reader r = reader_open(&table, STORAGE_MEMORY);
    struct floor floor = floor_make(n_rows, 10, true);
    for (size_t n_keys = 1; n_keys <= MAX_KEYS; n_keys *= 10) {
        struct result x = bench(&r, &(struct request_kind){"10 of 10", n_keys, 10, 0}, &floor);
        figures_add(figures, x.p50, "read.p50_us.k%zu.%s", n_keys, count);
        figures_add(figures, x.floor, "read.floor_us.k%zu.%s", n_keys, count);
        if (n_keys == KEYS_OF_FIGURES) {
            figures_add(figures, x.p50 / x.floor, "read.ratio_floor.%s", count);
            figures_add(figures, x.p50 * 1e3 / (double)n_keys, "read.ns_per_key.%s", count);
        }
    }
    static const struct request_kind others[] = {
        {"1 of 10", 1000, 1, 0}, {"2 of 10", 1000, 2, 0}, {"10 of 10, half absent", 1000, 10, 50}};
    static const char *const names[] = {"columns1", "columns2", "absent50"};
    for (size_t i = 0; i < 3; i++)
        figures_add(figures, bench(&r, &others[i], NULL).p50, "read.p50_us.%s.%s", names[i], count);
    floor_done(&floor);
    reader_close(&r);
    r = reader_open(&table, STORAGE_MMAP);
    floor = floor_make(n_rows, 10, false);
    struct result x = bench(&r, &(struct request_kind){"10 of 10, mmap", 1000, 10, 0}, &floor);
    figures_add(figures, x.p50 / x.floor, "read.ratio_floor_mmap.%s", count);
    floor_done(&floor);
    reader_close(&r);
}

/* Wide rows and texts; of a million rows at most, to keep the making short. */
static void bench_shapes(uint64_t n_rows, struct figures *figures)
{
    static const struct {
        size_t n_columns;
        bool has_texts;
        const char *what, *figure;
    } shapes[] = {{100, false, "10 of 100", "of100"}, {10, true, "10 texts of 10", "texts"}};
    char count[24];
    n_rows = n_rows < 1000000 ? n_rows : 1000000;
    bench_count_name(n_rows, count);
    for (size_t i = 0; i < 2; i++) {
        const struct bench_table table = {n_rows, shapes[i].n_columns, shapes[i].has_texts};
        struct reader r = reader_open(&table, STORAGE_MEMORY);
        struct result x = bench(&r, &(struct request_kind){shapes[i].what, 1000, 10, 0}, NULL);
        figures_add(figures, x.p50, "read.p50_us.%s.%s", shapes[i].figure, count);
        reader_close(&r);
    }
}

/* The cost of a key in a large table against one in a table of a million rows, in turn. */
static void bench_growth(uint64_t n_rows, struct figures *figures)
{
    enum { TURNS = 10 };
    static const struct request_kind kind = {"10 of 10", 1000, 10, 0};
    const struct bench_table small = {1000000, 10, false}, large = {n_rows, 10, false};
    struct reader a = reader_open(&small, STORAGE_MEMORY), b = reader_open(&large, STORAGE_MEMORY);
    struct samples ratios = {0};
    for (int i = 0; i < TURNS; i++) {
        double at_small = measure(&a, &kind, NULL).p50, at_large = measure(&b, &kind, NULL).p50;
        samples_add(&ratios, (uint64_t)(at_large / at_small * 1e6));
    }
    char count[24];
    double growth = samples_us(&ratios, 0.5) / 1e3;
    printf("ns a key at %s / at 1M: %.2f\n", bench_count_name(n_rows, count), growth);
    figures_add(figures, growth, "growth.%s", count);
    if (n_rows == 100000000)
        figures_add(figures, growth, "growth");
    samples_done(&ratios);
    reader_close(&a);
    reader_close(&b);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (n_rows == 0)
        bench_fail("usage: %s [ROWS]", argv[0]);
    struct figures *figures = figures_new("read");
    print_head();
    bench_batches(n_rows, figures);
    if (n_rows <= 1000000)
        bench_shapes(n_rows, figures);
    if (n_rows > 1000000)
        bench_growth(n_rows, figures);
    figures_save(figures);
    return 0;
}
