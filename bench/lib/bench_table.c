#include "bench_table.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "bench.h"
#include "engine/build/build.h"
#include "engine/store/generation.h"
#include "engine/store/manifest.h"
#include "engine/build/spill.h"
#include "segment/block.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { RUN_ROWS = 512, TASK_ROWS = 1 << 18 };
static const uint64_t hash_seed = 0x4D555252;
static const uint64_t block_rows = 131072;
static const uint32_t n_parts = 8;

void bench_key(uint64_t row, char out[static BENCH_KEY_BYTES + 1])
{
    memcpy(out, "user:", 5);
    for (int i = BENCH_KEY_BYTES - 1; i >= 5; i--, row /= 10)
        out[i] = (char)('0' + row % 10);
    out[BENCH_KEY_BYTES] = '\0';
}

float bench_value(uint64_t row, size_t column)
{
    uint64_t state = row * 1000003 + column;
    return (float)(bench_random(&state) >> 40) / 16777216.0f;
}

size_t bench_text(uint64_t row, size_t column, char out[static BENCH_TEXT_BYTES + 1])
{
    uint64_t state = row * 1000003 + column, bits = bench_random(&state);
    size_t len = 4 + bits % (BENCH_TEXT_BYTES - 3);
    for (size_t i = 0; i < len; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        out[i] = "abcdefghijklmnopqrstuvwxyz012345"[bits >> 59];
    }
    out[len] = '\0';
    return len;
}

void bench_check_values(const uint64_t *rows, size_t n, const float *values, size_t column)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] != bench_value(rows[i], column))
            bench_fail("row %llu, column %zu: read %g, it is %g", (unsigned long long)rows[i],
                       column, (double)values[i], (double)bench_value(rows[i], column));
}

struct make {
    struct bench_table table;
    struct schema schema;
    struct record_format format;
    struct spill *spill;
    uint64_t n_blocks;
};

/* The values of one column for n rows; texts live until the next run of this thread. */
static void fill_vector(struct vector *v, uint64_t first, size_t n, size_t column, char *texts)
{
    v->n = n;
    memset(v->valid, 1, n);
    for (size_t i = 0; i < n; i++) {
        if (v->type.dtype == DT_FLOAT32) {
            ((float *)v->values)[i] = bench_value(first + i, column);
            continue;
        }
        char *text = texts + i * (BENCH_TEXT_BYTES + 1);
        v->views[i] = view_of(text, bench_text(first + i, column, text));
    }
}

must_use static enum code put_run(const struct make *m, unsigned worker, uint64_t first, size_t n,
                                  struct vector *vectors, const struct vector **wanted, char *texts,
                                  struct err *err)
{
    static _Thread_local char text[RUN_ROWS][BENCH_KEY_BYTES + 1];
    struct view keys[RUN_ROWS];
    uint32_t sizes[RUN_ROWS];
    struct record *records[RUN_ROWS];
    for (size_t c = 1; c < m->schema.n_fields; c++)
        fill_vector(&vectors[c], first, n, c - 1, texts + c * RUN_ROWS * (BENCH_TEXT_BYTES + 1));
    for (size_t i = 0; i < n; i++) {
        bench_key(first + i, text[i]);
        keys[i] = view_of(text[i], BENCH_KEY_BYTES);
    }
    TRY(record_sizes(&m->format, wanted, keys, n, sizes, err));
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hash_key(keys[i], hash_seed);
        records[i] = spill_reserve(m->spill, worker, block_of_hash(hash, m->n_blocks), sizes[i]);
        records[i]->hash = hash;
        records[i]->ordinal = first + i;
        records[i]->size = sizes[i];
    }
    record_write(&m->format, wanted, keys, n, records);
    return spill_commit(m->spill, worker, err);
}

static enum code scatter_task(void *job, size_t task, unsigned worker, struct err *err)
{
    const struct make *m = job;
    size_t n_fields = m->schema.n_fields;
    struct vector *vectors = mem_zalloc(n_fields * sizeof(*vectors));
    const struct vector **wanted = mem_zalloc(n_fields * sizeof(*wanted));
    for (size_t c = 1; c < n_fields; c++) {
        vector_init(&vectors[c], &m->schema.fields[c].type, RUN_ROWS);
        wanted[c] = &vectors[c];
    }
    char *texts = mem_alloc(n_fields * RUN_ROWS * (BENCH_TEXT_BYTES + 1));
    enum code rc = OK;
    uint64_t end = (task + 1) * (uint64_t)TASK_ROWS;
    end = end < m->table.n_rows ? end : m->table.n_rows;
    for (uint64_t row = task * (uint64_t)TASK_ROWS; !rc && row < end; row += RUN_ROWS)
        rc = put_run(m, worker, row, end - row < RUN_ROWS ? end - row : RUN_ROWS, vectors, wanted,
                     texts, err);
    for (size_t c = 1; c < n_fields; c++)
        vector_done(&vectors[c]);
    free(vectors);
    free(wanted);
    free(texts);
    return rc;
}

static void make_schema(struct schema *s, const struct bench_table *table)
{
    schema_add_plain(s, view_cstr("user_id"), DT_UTF8, false);
    schema_add_key(s, 0);
    for (size_t c = 0; c < table->n_columns; c++) {
        char name[32];
        snprintf(name, sizeof(name), "%c%zu", table->has_texts ? 't' : 'f', c);
        schema_add_plain(s, view_cstr(name), table->has_texts ? DT_UTF8 : DT_FLOAT32, true);
    }
}

static void build(struct make *m, const char *dir, struct pool *pool)
{
    struct err err;
    struct load_progress progress = {0};
    struct key_lengths lengths = {0};
    lengths.n[BENCH_KEY_BYTES] = m->table.n_rows;
    uint64_t *n_nulls = mem_zalloc(m->schema.n_fields * sizeof(*n_nulls));
    struct seg_layout layout;
    bench_must(seg_layout_choose(&m->schema, false, &lengths, n_nulls, &layout, &err), &err);
    struct build_config config = {
        .dir = dir,
        .schema = &m->schema,
        .layout = &layout,
        .format = &m->format,
        .source = spill_source(m->spill),
        .n_blocks = m->n_blocks,
        .n_parts = n_parts,
        .hash_seed = hash_seed,
        .worker_bytes = 1u << 28,
    };
    struct build_result built;
    bench_must(build_run(&config, pool, &progress, &built, &err), &err);
    if (built.n_rows != m->table.n_rows)
        bench_fail("built %" PRIu64 " rows of %" PRIu64, built.n_rows, m->table.n_rows);
    struct generation_info info = {.number = 1,
                                   .has_source = true,
                                   .label = (char *)"2026-01-01",
                                   .n_parts = n_parts,
                                   .n_rows = built.n_rows,
                                   .disk_bytes = built.disk_bytes,
                                   .loaded_at_ms = clock_wall_ms()};
    bench_must(generation_write_info(dir, &info, &m->schema, &err), &err);
    seg_layout_done(&layout);
    free(n_nulls);
}

static void table_dir(const struct bench_table *table, char out[static PATH_CAP])
{
    char count[24];
    struct err err;
    bench_must(path_format(out, &err, "build/bench/data/%sx%zu%s",
                           bench_count_name(table->n_rows, count), table->n_columns,
                           table->has_texts ? "-texts" : ""),
               &err);
}

static bool is_made(const char *bench_dir)
{
    struct err err;
    struct manifest m;
    return access(bench_dir, F_OK) == 0 && manifest_read(bench_dir, &m, &err) == OK &&
           m.generation == 1;
}

void bench_table_make(const struct bench_table *table, char out_dir[static PATH_CAP])
{
    char bench_dir[PATH_CAP], dir[PATH_CAP];
    struct err err;
    table_dir(table, out_dir);
    bench_must(path_format(bench_dir, &err, "%s/bench", out_dir), &err);
    if (is_made(bench_dir))
        return;
    bench_must(generation_path(bench_dir, 1, dir, &err), &err);
    fprintf(stderr, "making %" PRIu64 " rows in %s\n", table->n_rows, dir);
    bench_must(tree_remove(dir, &err), &err);
    bench_must(dir_make(dir, &err), &err);
    struct pool *pool = pool_new(0);
    struct make m = {.table = *table};
    make_schema(&m.schema, table);
    bench_must(record_format_init(&m.format, &m.schema, &err), &err);
    m.n_blocks = (table->n_rows / block_rows + n_parts) / n_parts * n_parts;
    struct spill_config spill = {dir, 4ull << 30, m.n_blocks, pool_size(pool)};
    m.spill = spill_new(&spill);
    size_t n_tasks = (table->n_rows + TASK_ROWS - 1) / TASK_ROWS;
    bench_must(pool_run(pool, n_tasks, scatter_task, &m, &err), &err);
    spill_seal(m.spill);
    build(&m, dir, pool);
    const struct manifest manifest = {.generation = 1};
    bench_must(manifest_save(bench_dir, &manifest, &err), &err);
    spill_free(m.spill);
    record_format_done(&m.format);
    schema_done(&m.schema);
    pool_free(pool);
}

void bench_table_warm(const char *dir)
{
    char command[PATH_CAP + 64];
    snprintf(command, sizeof(command), "cat %s/bench/*/*.seg > /dev/null", dir);
    if (system(command) != 0)
        bench_fail("cannot read the segments in %s", dir);
}

struct snapshot *bench_table_open(const struct bench_table *table, enum storage_kind storage)
{
    char dir[PATH_CAP];
    struct err err;
    struct snapshot *s;
    bench_table_make(table, dir);
    if (storage == STORAGE_MMAP)
        bench_table_warm(dir);
    bench_must(snapshot_open_live(dir, "bench", storage, &s, &err), &err);
    return s;
}
