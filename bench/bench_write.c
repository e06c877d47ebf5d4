/*
 * bench-write: one client writes batches of a million rows (key and 10 float32) over HTTP as Arrow
 * streams, ten million different keys, then again and again; beside it another reads 1,000 random
 * keys a hundred times a second. Then the same client fills Redis with the same rows as packed
 * strings, by pipelined SET.
 *
 * Encoding counts, on both sides; every value read is checked against what was written last.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "fetch.h"
#include "format/arrow/ipc_writer.h"
#include "redis.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { BATCH_ROWS = 1000000, N_KEYS = 1000, REDIS_BATCHES = 10, SETTLED_READS = 2000 };
static const uint64_t n_rows = 10 * BATCH_ROWS;
static const char data_dir[] = "build/bench/data/write";

/* Row `i` of batch `k`: batches cover all rows in turn, in an order that is as good as random. */
static uint64_t row_of(uint64_t k, uint64_t i)
{
    return (k * BATCH_ROWS + i) * 7368787 % n_rows;
}

/* Each time that a row is written it gets other values: those that this row of an endless table
 * would have. */
static uint64_t version_row(uint64_t row, uint64_t version)
{
    return row + version * n_rows;
}

/* ------------------------------------------------------------------------------------ writing */

struct writer {
    int fd;
    struct buf schema; /* message */
    struct arena arena;
};

static void plan_fields(struct ipc_field fields[static 1 + FETCH_COLUMNS])
{
    static const char *const names[FETCH_COLUMNS] = {"f0", "f1", "f2", "f3", "f4",
                                                     "f5", "f6", "f7", "f8", "f9"};
    fields[0] = (struct ipc_field){.name = "user_id",
                                   .type = type_of(DT_UTF8),
                                   .sizes.bytes = (size_t)BATCH_ROWS * BENCH_KEY_BYTES};
    for (size_t c = 0; c < FETCH_COLUMNS; c++)
        fields[1 + c] = (struct ipc_field){.name = names[c], .type = type_of(DT_FLOAT32)};
}

static void fill_batch(struct ipc_stream *s, uint64_t k)
{
    uint64_t version = k * BATCH_ROWS / n_rows;
    struct column *key = &s->columns[0];
    for (size_t c = 0; c <= FETCH_COLUMNS; c++)
        memset(s->columns[c].validity, 0xFF, BATCH_ROWS / 8);
    for (uint64_t i = 0; i < BATCH_ROWS; i++) {
        uint64_t row = row_of(k, i);
        char text[BENCH_KEY_BYTES + 1];
        bench_key(row, text);
        memcpy(key->data + i * BENCH_KEY_BYTES, text, BENCH_KEY_BYTES);
        key->offsets[i + 1] = (int32_t)((i + 1) * BENCH_KEY_BYTES);
        for (size_t c = 0; c < FETCH_COLUMNS; c++)
            ((float *)(void *)s->columns[1 + c].data)[i] =
                bench_value(version_row(row, version), c);
    }
}

static void ask(int fd, const char *what, const char *type, const void *body, size_t len)
{
    struct fetch_answer *answer = mem_zalloc(sizeof(*answer));
    char head[256];
    int n = snprintf(head, sizeof(head),
                     "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: "
                     "%zu\r\n\r\n",
                     what, type, len);
    fetch_send(fd, head, (size_t)n);
    fetch_send(fd, body, len);
    while (!fetch_recv(fd, answer)) {
    }
    free(answer);
}

/* Encode a batch, send it, wait until it is durable and readable. */
static void write_batch(struct writer *w, uint64_t k)
{
    struct ipc_field fields[1 + FETCH_COLUMNS];
    struct ipc_stream s;
    struct err err;
    plan_fields(fields);
    arena_reset(&w->arena);
    bench_must(ipc_plan(buf_view(&w->schema), fields, 1 + FETCH_COLUMNS, BATCH_ROWS, SIZE_MAX,
                        &w->arena, &s, &err),
               &err);
    fill_batch(&s, k);
    ipc_finish(&s);
    ask(w->fd, "PUT /api/v1/table/bench/write", IPC_CONTENT_TYPE, s.bytes, s.len);
    ipc_stream_done(&s);
}

static void create_table(int fd)
{
    struct buf body = {0};
    buf_puts(&body, "{\"key\": \"user_id\", \"columns\": {\"user_id\": {\"dtype\": \"utf8\", "
                    "\"nullable\": false}");
    for (size_t c = 0; c < FETCH_COLUMNS; c++)
        buf_printf(&body, ", \"f%zu\": {\"dtype\": \"float32\"}", c);
    buf_puts(&body, "}}");
    char head[256];
    struct fetch_answer *answer = mem_zalloc(sizeof(*answer));
    int n = snprintf(head, sizeof(head),
                     "PUT /api/v1/table/bench HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                     "%zu\r\n\r\n",
                     body.len);
    fetch_send(fd, head, (size_t)n);
    fetch_send(fd, body.ptr, body.len);
    ssize_t got = read(fd, answer->bytes, sizeof(answer->bytes) - 1);
    if (got < 12 || memcmp(answer->bytes, "HTTP/1.1 201", 12) != 0)
        bench_fail("create: %.300s", (const char *)answer->bytes);
    free(answer);
    buf_done(&body);
}

/* ------------------------------------------------------------------------------------ reading */

/* A reader beside the writer. Of rows in the batch that is under way either version is right. */
struct reader {
    int fd;
    _Atomic uint64_t n_acked; /* batches that were answered */
    _Atomic bool stop;
    uint64_t random;
    struct samples times;
    struct fetch_request request;
    struct fetch_answer answer;
};

/* Which batch wrote the row last, of the first `n`: rows are a permutation of positions, undone
 * here. */
static uint64_t version_of(uint64_t row, uint64_t n_batches, const uint64_t *position)
{
    uint64_t batch_of_cycle = position[row] / BATCH_ROWS, cycle = n_rows / BATCH_ROWS;
    if (n_batches <= batch_of_cycle)
        return UINT64_MAX; /* not written yet */
    return (n_batches - 1 - batch_of_cycle) / cycle;
}

static uint64_t *positions(void)
{
    uint64_t *position = mem_alloc(n_rows * sizeof(*position));
    for (uint64_t i = 0; i < n_rows; i++)
        position[row_of(0, i)] = i;
    return position;
}

/* Replace the rows asked for by those whose values must come; false: a row is being written. */
static bool expect_versions(struct fetch_request *r, uint64_t before, uint64_t after,
                            const uint64_t *position)
{
    for (size_t i = 0; i < r->n_keys; i++) {
        uint64_t v = version_of(r->rows[i], before, position);
        if (v != version_of(r->rows[i], after, position) || v == UINT64_MAX)
            return false;
        r->rows[i] = version_row(r->rows[i], v);
    }
    return true;
}

static uint64_t read_once(struct reader *r, const uint64_t *position)
{
    uint64_t acked = atomic_load(&r->n_acked);
    fetch_request_make(&r->request, FETCH_JSON, N_KEYS, n_rows, &r->random);
    uint64_t ns = fetch_exchange(r->fd, &r->request, &r->answer);
    if (expect_versions(&r->request, acked, atomic_load(&r->n_acked) + 1, position))
        fetch_check(&r->answer, &r->request);
    return ns;
}

struct reading {
    struct reader *reader;
    const uint64_t *position;
};

static void *reader_main(void *arg)
{
    struct reading *r = arg;
    while (!atomic_load(&r->reader->stop)) {
        samples_add(&r->reader->times, read_once(r->reader, r->position));
        usleep(10000);
    }
    return NULL;
}

/* Nothing is being written now, so every value must be right. */
static void read_settled(struct reader *r, const uint64_t *position, struct samples *times)
{
    uint64_t acked = atomic_load(&r->n_acked);
    for (int i = 0; i < SETTLED_READS; i++) {
        fetch_request_make(&r->request, FETCH_JSON, N_KEYS, n_rows, &r->random);
        uint64_t ns = fetch_exchange(r->fd, &r->request, &r->answer);
        if (!expect_versions(&r->request, acked, acked, position))
            bench_fail("a row was never written");
        fetch_check(&r->answer, &r->request);
        if (i >= SETTLED_READS / 10)
            samples_add(times, ns);
    }
}

/* -------------------------------------------------------------------------------------- whole */

static struct fetch_server start_server(void)
{
    struct err err;
    bench_must(tree_remove(data_dir, &err), &err);
    bench_must(dir_make(data_dir, &err), &err);
    struct fetch_server s = {.port = child_free_port()};
    FILE *f = fopen("build/bench/write.yml", "w");
    if (!f)
        bench_fail("cannot write build/bench/write.yml");
    fprintf(f, "server: { host: 127.0.0.1, port: %u, data_dir: %s }\n", s.port, data_dir);
    fclose(f);
    const char *const server[] = {"build/release/murr", "serve", "--config",
                                  "build/bench/write.yml", NULL};
    s.pid = child_start("write-server", server);
    return s;
}

static void print_times(const char *name, struct samples *t)
{
    printf("%-28s %8zu %10.1f %10.1f\n", name, t->n, samples_us(t, 0.5), samples_us(t, 0.99));
}

static double write_all(struct writer *w, struct reader *r, uint64_t n_batches)
{
    uint64_t start = clock_mono_ns();
    for (uint64_t k = 0; k < n_batches; k++) {
        write_batch(w, k);
        atomic_fetch_add(&r->n_acked, 1);
    }
    return (double)(n_batches * BATCH_ROWS) / ((double)(clock_mono_ns() - start) / 1e9);
}

int main(int argc, char **argv)
{
    uint64_t n_batches = argc > 1 ? strtoull(argv[1], NULL, 10) / BATCH_ROWS : 100;
    if (n_batches < 10)
        bench_fail("at least 10 batches: N=10000000");
    struct fetch_server s = start_server();
    struct writer w = {.fd = child_connect(s.pid, s.port)};
    struct reader *r = mem_zalloc(sizeof(*r));
    r->fd = child_connect(s.pid, s.port);
    uint64_t *position = positions();
    struct ipc_field fields[1 + FETCH_COLUMNS];
    struct samples quiet = {0}, compacted = {0};
    pthread_t thread;
    plan_fields(fields);
    ipc_schema_put(fields, 1 + FETCH_COLUMNS, &w.schema);
    create_table(w.fd);
    struct reading reading = {r, position};
    if (pthread_create(&thread, NULL, reader_main, &reading))
        bench_fail("no thread");
    double murr_rate = write_all(&w, r, n_batches);
    atomic_store(&r->stop, true);
    pthread_join(thread, NULL);
    sleep(5); /* it is quiet: what lies on top is merged */
    read_settled(r, position, &quiet);
    ask(w.fd, "POST /api/v1/table/bench/compact", "application/json", "", 0);
    close(r->fd); /* it may have been idle for too long */
    r->fd = child_connect(s.pid, s.port);
    read_settled(r, position, &compacted);
    child_stop(s.pid);
    printf("%llu writes of %d rows, %llu different keys: %.2f M rows/s\n\n",
           (unsigned long long)n_batches, BATCH_ROWS, (unsigned long long)n_rows, murr_rate / 1e6);
    printf("%-28s %8s %10s %10s\n", "reads of 1,000 keys", "n", "p50 us", "p99 us");
    print_times("while writing", &r->times);
    print_times("five seconds later", &quiet);
    print_times("compacted", &compacted);
    struct redis redis = redis_start();
    double redis_rate = redis_fill(&redis, (uint64_t)REDIS_BATCHES * BATCH_ROWS, redis_set_packed);
    redis_stop(&redis);
    printf("\nRedis, pipelined SET of packed rows: %.2f M rows/s; Murr %.1f times that\n",
           redis_rate / 1e6, murr_rate / redis_rate);
    struct figures *figures = figures_new("write");
    figures_add(figures, murr_rate, "write.rows_per_s");
    figures_add(figures, redis_rate, "write.redis_rows_per_s");
    figures_add(figures, murr_rate / redis_rate, "write.ratio_redis");
    figures_add(figures, samples_us(&r->times, 0.5), "write.p50_us.writing");
    figures_add(figures, samples_us(&r->times, 0.99), "write.p99_us.writing");
    figures_add(figures, samples_us(&quiet, 0.5), "write.p50_us.quiet");
    figures_add(figures, samples_us(&compacted, 0.5), "write.p50_us.compacted");
    figures_add(figures, samples_us(&quiet, 0.5) / samples_us(&compacted, 0.5),
                "write.ratio_quiet");
    figures_save(figures);
    return 0;
}
