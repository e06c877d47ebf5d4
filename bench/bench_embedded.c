/*
 * bench-embedded: the read in process beside LMDB and RocksDB in process, the same keys and values:
 * a row is its ten floats packed in one value. LMDB: one read transaction a request, a get a key.
 * RocksDB: MultiGet of all keys, block cache as large as the table, 10 bits of bloom filter. Every
 * value is checked.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "engine/store/answer.h"

#include <lmdb.h>
#include <rocksdb/c.h>
#include <stdio.h>

enum { N_KEYS = 1000, N_COLUMNS = 10, ROUNDS = 1000, ROW_BYTES = N_COLUMNS * 4 };

struct request {
    uint64_t rows[N_KEYS];
    char text[N_KEYS][BENCH_KEY_BYTES + 1];
    struct view keys[N_KEYS];
    float out[N_COLUMNS * N_KEYS];
};

static void draw(struct request *r, uint64_t n_rows, uint64_t *random)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        r->rows[i] = bench_random(random) % n_rows;
        bench_key(r->rows[i], r->text[i]);
        r->keys[i] = view_of(r->text[i], BENCH_KEY_BYTES);
    }
}

static void check(const struct request *r)
{
    for (size_t c = 0; c < N_COLUMNS; c++)
        bench_check_values(r->rows, N_KEYS, r->out + c * N_KEYS, c);
}

static void spread(struct request *r, size_t i, const void *value)
{
    for (size_t c = 0; c < N_COLUMNS; c++)
        memcpy(&r->out[c * N_KEYS + i], (const char *)value + c * 4, 4);
}

static void pack(uint64_t row, float packed[N_COLUMNS])
{
    for (size_t c = 0; c < N_COLUMNS; c++)
        packed[c] = bench_value(row, c);
}

/* -------------------------------------------------------------------------------------- lmdb */

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
};

static void must_lmdb(int rc)
{
    if (rc)
        bench_fail("lmdb: %s", mdb_strerror(rc));
}

static void lmdb_open(struct lmdb *db, const char *dir, uint64_t n_rows)
{
    MDB_txn *txn;
    struct err err;
    bench_must(dir_make(dir, &err), &err);
    must_lmdb(mdb_env_create(&db->env));
    must_lmdb(mdb_env_set_mapsize(db->env, n_rows * 256 + (1 << 26)));
    must_lmdb(mdb_env_open(db->env, dir, MDB_NOSYNC | MDB_NORDAHEAD, 0644));
    must_lmdb(mdb_txn_begin(db->env, NULL, 0, &txn));
    must_lmdb(mdb_dbi_open(txn, NULL, 0, &db->dbi));
    for (uint64_t row = 0; row < n_rows; row++) { /* keys rise: appended, pages are full */
        char text[BENCH_KEY_BYTES + 1];
        float packed[N_COLUMNS];
        bench_key(row, text);
        pack(row, packed);
        MDB_val key = {BENCH_KEY_BYTES, text}, value = {sizeof(packed), packed};
        must_lmdb(mdb_put(txn, db->dbi, &key, &value, MDB_APPEND));
    }
    must_lmdb(mdb_txn_commit(txn));
}

static uint64_t lmdb_time(struct lmdb *db, struct request *r)
{
    MDB_txn *txn;
    uint64_t start = clock_mono_ns();
    must_lmdb(mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn));
    for (size_t i = 0; i < N_KEYS; i++) {
        MDB_val key = {BENCH_KEY_BYTES, r->text[i]}, value;
        must_lmdb(mdb_get(txn, db->dbi, &key, &value));
        spread(r, i, value.mv_data);
    }
    mdb_txn_abort(txn);
    return clock_mono_ns() - start;
}

/* ----------------------------------------------------------------------------------- rocksdb */

struct rocks {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read;
};

static void must_rocks(const char *error)
{
    if (error)
        bench_fail("rocksdb: %s", error);
}

static void rocks_fill(struct rocks *r, uint64_t n_rows)
{
    char *error = NULL;
    rocksdb_writeoptions_t *write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(write, 1);
    for (uint64_t row = 0; row < n_rows; row++) {
        char text[BENCH_KEY_BYTES + 1];
        float packed[N_COLUMNS];
        bench_key(row, text);
        pack(row, packed);
        rocksdb_put(r->db, write, text, BENCH_KEY_BYTES, (const char *)packed, sizeof(packed),
                    &error);
        must_rocks(error);
    }
    rocksdb_compact_range(r->db, NULL, 0, NULL, 0);
    rocksdb_writeoptions_destroy(write);
}

static void rocks_open(struct rocks *r, const char *dir, uint64_t n_rows)
{
    char *error = NULL;
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table,
                                                rocksdb_cache_create_lru(n_rows * 128 + (1 << 26)));
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom(10));
    r->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(r->options, 1);
    rocksdb_options_set_block_based_table_factory(r->options, table);
    rocksdb_options_set_compression(r->options, rocksdb_no_compression);
    r->db = rocksdb_open(r->options, dir, &error);
    must_rocks(error);
    r->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(r->read, 0);
    rocks_fill(r, n_rows);
}

static uint64_t rocks_time(struct rocks *r, struct request *q)
{
    static const char *keys[N_KEYS];
    static size_t lens[N_KEYS], value_lens[N_KEYS];
    static char *values[N_KEYS], *errors[N_KEYS];
    for (size_t i = 0; i < N_KEYS; i++) {
        keys[i] = q->text[i];
        lens[i] = BENCH_KEY_BYTES;
    }
    uint64_t start = clock_mono_ns();
    rocksdb_multi_get(r->db, r->read, N_KEYS, keys, lens, values, value_lens, errors);
    for (size_t i = 0; i < N_KEYS; i++) {
        if (errors[i] || value_lens[i] != ROW_BYTES)
            bench_fail("rocksdb: key %s: %s", q->text[i], errors[i] ? errors[i] : "not found");
        spread(q, i, values[i]);
        rocksdb_free(values[i]);
    }
    return clock_mono_ns() - start;
}

/* -------------------------------------------------------------------------------------- murr */

static uint64_t murr_time(const struct snapshot *s, const struct projection *columns,
                          struct request *r, struct arena *arena)
{
    struct err err;
    struct answer answer;
    const struct answer_request wanted = {
        .keys = {r->keys, N_KEYS}, .columns = columns, .max_bytes = ANSWER_BYTES_MAX};
    arena_reset(arena);
    uint64_t start = clock_mono_ns();
    bench_must(answer_read(s, &wanted, arena, &answer, &err), &err);
    uint64_t ns = clock_mono_ns() - start;
    for (size_t c = 0; c < N_COLUMNS; c++)
        memcpy(r->out + c * N_KEYS, answer.stream.columns[c].data, N_KEYS * sizeof(float));
    ipc_stream_done(&answer.stream);
    return ns;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, random = 3;
    struct err err;
    const struct bench_table table = {n_rows, N_COLUMNS, false};
    struct snapshot *s = bench_table_open(&table, STORAGE_MEMORY);
    struct arena arena = {0}, columns_arena = {0};
    struct projection columns;
    bench_must(projection_resolve(snapshot_schema(s), NULL, 0, &columns_arena, &columns, &err),
               &err);
    bench_must(tree_remove("build/bench/data/lmdb", &err), &err);
    bench_must(tree_remove("build/bench/data/rocksdb", &err), &err);
    struct lmdb lmdb;
    struct rocks rocks;
    lmdb_open(&lmdb, "build/bench/data/lmdb", n_rows);
    rocks_open(&rocks, "build/bench/data/rocksdb", n_rows);
    struct samples times[3] = {0};
    struct request *r = mem_zalloc(sizeof(*r));
    for (int round = 0; round < ROUNDS; round++)
        for (int which = 0; which < 3; which++) {
            draw(r, n_rows, &random);
            uint64_t ns = which == 0   ? murr_time(s, &columns, r, &arena)
                          : which == 1 ? lmdb_time(&lmdb, r)
                                       : rocks_time(&rocks, r);
            check(r);
            if (round >= ROUNDS / 5) /* caches are warm */
                samples_add(&times[which], ns);
        }
    static const char *const names[] = {"murr", "lmdb", "rocksdb"};
    struct figures *figures = figures_new("embedded");
    char count[24];
    bench_count_name(n_rows, count);
    double murr = samples_us(&times[0], 0.5);
    printf("%s rows, %d keys x %d float32, in process\n%-8s %10s %10s %8s\n", count, N_KEYS,
           N_COLUMNS, "", "p50 us", "p99 us", "/ murr");
    for (int which = 0; which < 3; which++) {
        double p50 = samples_us(&times[which], 0.5);
        printf("%-8s %10.1f %10.1f %8.1f\n", names[which], p50, samples_us(&times[which], 0.99),
               p50 / murr);
        figures_add(figures, p50, "embedded.p50_us.%s.%s", names[which], count);
        figures_add(figures, p50 / murr, "embedded.ratio_%s.%s", names[which], count);
    }
    figures_save(figures);
    rocksdb_close(rocks.db);
    mdb_env_close(lmdb.env);
    snapshot_unref(s);
    return 0;
}
