/* murr bench: time random reads of a loaded table, in this process and without a network. */
#include "base/clock.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "engine/store/answer.h"

#include <stdio.h>

struct bench {
    struct snapshot *snapshot;
    size_t n_requests;
    size_t n_keys;
    uint64_t random;
    struct arena arena;
};

static uint64_t next_random(struct bench *b)
{
    b->random = b->random * 6364136223846793005u + 1442695040888963407u;
    return b->random >> 16;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* One request from the keys to a complete Arrow stream. */
must_use static enum code time_one(struct bench *b, const struct projection *columns,
                                   const struct view *pool, size_t n_pool, uint64_t *out_ns,
                                   struct err *err)
{
    arena_reset(&b->arena);
    struct view *keys = arena_alloc(&b->arena, b->n_keys * sizeof(*keys));
    for (size_t i = 0; i < b->n_keys; i++)
        keys[i] = pool[next_random(b) % n_pool];
    const struct answer_request wanted = {
        .keys = {keys, b->n_keys}, .columns = columns, .max_bytes = ANSWER_BYTES_MAX};
    struct answer answer;
    uint64_t start = clock_mono_ns();
    TRY(answer_read(b->snapshot, &wanted, &b->arena, &answer, err));
    *out_ns = clock_mono_ns() - start;
    ipc_stream_done(&answer.stream);
    if (answer.n_absent)
        return err_set(err, E_CORRUPT, "%zu keys of the table were not found", answer.n_absent);
    return OK;
}

must_use static enum code time_requests(struct bench *b, uint64_t *times, struct err *err)
{
    enum { POOL_KEYS = 1 << 18 };
    AUTO(arena) struct arena arena = {0};
    struct projection columns;
    TRY(projection_resolve(snapshot_schema(b->snapshot), NULL, 0, &arena, &columns, err));
    uint64_t n_slots = snapshot_n_slots(b->snapshot);
    if (n_slots == 0)
        return err_set(err, E_INVALID, "the table has no rows");
    struct view *pool = arena_alloc(&arena, POOL_KEYS * sizeof(*pool));
    for (size_t i = 0; i < POOL_KEYS; i++) {
        /* Copy the keys: reading a key in its row would bring that row into the cache before we
         * measure. */
        struct view key = snapshot_slot_key(b->snapshot, next_random(b) % n_slots);
        pool[i] = view_of(arena_strndup(&arena, key.ptr, key.len), key.len);
    }
    for (size_t i = 0; i < b->n_requests; i++)
        TRY(time_one(b, &columns, pool, POOL_KEYS, &times[i], err));
    qsort(times, b->n_requests, sizeof(*times), by_value);
    return OK;
}

static int bench(struct bench *b, const char *table)
{
    AUTO(ptr) uint64_t *times = mem_zalloc(b->n_requests * sizeof(*times));
    struct err err;
    if (time_requests(b, times, &err))
        return command_failed(&err);
    size_t n = b->n_requests;
    printf("%s: %llu rows, %zu requests of %zu keys, all columns, to Arrow\n", table,
           (unsigned long long)snapshot_n_rows(b->snapshot), n, b->n_keys);
    uint64_t p50 = times[n / 2], p90 = times[n * 9 / 10], p99 = times[n * 99 / 100];
    printf("p50 %.1f us, p90 %.1f us, p99 %.1f us, %.1f ns a key\n", (double)p50 / 1e3,
           (double)p90 / 1e3, (double)p99 / 1e3, (double)p50 / (double)b->n_keys);
    return EXIT_DONE;
}

static size_t count_of(const char *text, size_t fallback, size_t most)
{
    char *end;
    unsigned long n = text ? strtoul(text, &end, 10) : fallback;
    return text && (*end || n == 0 || n > most) ? 0 : n;
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    const char *requests = NULL, *keys = NULL, *data_dir = NULL;
    const struct option_spec specs[] = {{"--requests", 'n', &requests, false},
                                        {"--keys", 'k', &keys, false},
                                        {"--data-dir", 0, &data_dir, false}};
    if (arguments_parse(&args, argc, argv, "bench", specs, 3) != EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional != 1)
        return command_misused("bench", "which table?");
    struct bench b = {.n_requests = count_of(requests, 10000, 10000000),
                      .n_keys = count_of(keys, 1000, 10000000),
                      .random = clock_mono_ns()};
    if (b.n_requests == 0 || b.n_keys == 0)
        return command_misused("bench", "--requests and --keys are whole numbers up to 10000000");
    AUTO(config) struct config config = {0};
    struct err err;
    if (!data_dir && config_options_load(&args.config, &config, &err))
        return command_failed(&err);
    if (snapshot_open_live(data_dir ? data_dir : config.server.data_dir, args.positional[0],
                           STORAGE_MMAP, &b.snapshot, &err))
        return command_failed(&err);
    int exit_code = bench(&b, args.positional[0]);
    arena_done(&b.arena);
    snapshot_unref(b.snapshot);
    return exit_code;
}

const struct command bench_command = {
    .name = "bench",
    .arguments = "TABLE",
    .summary = "time random reads of a loaded table in this process",
    .help = "  -n, --requests N   requests to time [10000]\n"
            "  -k, --keys N       keys a request [1000]\n"
            "      --data-dir DIR read this data directory, without a configuration\n",
    .takes_config = true,
    .run = run,
};
