#include "fetch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "bench.h"
#include "bench_table.h"
#include "child.h"
#include "format/arrow/ipc_writer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_json(const struct fetch_request *r, struct buf *out)
{
    buf_puts(out, "{\"keys\": [");
    for (size_t i = 0; i < r->n_keys; i++) {
        char key[BENCH_KEY_BYTES + 1];
        bench_key(r->rows[i], key);
        buf_printf(out, "%s\"%s\"", i ? "," : "", key);
    }
    buf_puts(out, "]}");
}

static void put_arrow(const struct fetch_request *r, struct buf *out)
{
    struct arena arena = {0};
    struct err err;
    struct buf schema = {0};
    struct ipc_stream s;
    const struct ipc_field field = {
        .name = "user_id", .type = type_of(DT_UTF8), .sizes.bytes = r->n_keys * BENCH_KEY_BYTES};
    ipc_schema_put(&field, 1, &schema);
    bench_must(ipc_plan(buf_view(&schema), &field, 1, r->n_keys, SIZE_MAX, &arena, &s, &err), &err);
    struct column *c = &s.columns[0];
    memset(c->validity, 0, column_bitmap_bytes(r->n_keys));
    for (size_t i = 0; i < r->n_keys; i++) {
        char key[BENCH_KEY_BYTES + 1];
        bench_key(r->rows[i], key);
        memcpy(c->data + i * BENCH_KEY_BYTES, key, BENCH_KEY_BYTES);
        c->validity[i / 8] |= (uint8_t)(1u << (i % 8));
        c->offsets[i + 1] = (int32_t)((i + 1) * BENCH_KEY_BYTES);
    }
    ipc_finish(&s);
    buf_put(out, s.bytes, s.len);
    ipc_stream_done(&s);
    buf_done(&schema);
    arena_done(&arena);
}

void fetch_request_make(struct fetch_request *r, enum fetch_form form, size_t n_keys,
                        uint64_t n_rows, uint64_t *random)
{
    AUTO(buf) struct buf body = {0};
    r->rows = mem_realloc(r->rows, n_keys * sizeof(*r->rows));
    r->n_keys = n_keys;
    for (size_t i = 0; i < n_keys; i++)
        r->rows[i] = bench_random(random) % n_rows;
    (form == FETCH_JSON ? put_json : put_arrow)(r, &body);
    buf_reset(&r->bytes);
    buf_printf(&r->bytes,
               "POST /v1/bench/_fetch HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
               "Accept: " IPC_CONTENT_TYPE "\r\nContent-Length: %zu\r\n\r\n",
               form == FETCH_JSON ? "application/json" : IPC_CONTENT_TYPE, body.len);
    buf_put(&r->bytes, body.ptr, body.len);
}

void fetch_request_done(struct fetch_request *r)
{
    free(r->rows);
    buf_done(&r->bytes);
    *r = (struct fetch_request){0};
}

void fetch_send(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0)
            bench_fail("send: %s", strerror(errno));
        at += n;
        len -= (size_t)n;
    }
}

bool fetch_recv(int fd, struct fetch_answer *a)
{
    ssize_t n = recv(fd, a->bytes + a->len, sizeof(a->bytes) - 1 - a->len, 0);
    if (n <= 0)
        bench_fail("the connection ended");
    a->len += (size_t)n;
    if (a->body == 0) {
        a->bytes[a->len] = '\0';
        char *head = (char *)a->bytes, *end = strstr(head, "\r\n\r\n");
        if (!end)
            return false;
        const char *length = strcasestr(head, "content-length: ");
        if (strncmp(head, "HTTP/1.1 200", 12) != 0 || !length)
            bench_fail("answer: %.200s", head);
        a->body = (size_t)(end + 4 - head);
        a->end = a->body + strtoul(length + 16, NULL, 10);
        if (a->end >= sizeof(a->bytes))
            bench_fail("answer of %zu bytes", a->end);
    }
    return a->len >= a->end;
}

/* The stream has one batch of float columns and ends with an 8-byte mark; its buffers are 64-byte
 * aligned, so the value buffers lie at equal distances before it. */
void fetch_check(const struct fetch_answer *a, const struct fetch_request *r)
{
    size_t n = r->n_keys, bitmap = ((n + 7) / 8 + 63) / 64 * 64, values = (n * 4 + 63) / 64 * 64;
    size_t at = a->end - 8 - FETCH_COLUMNS * (bitmap + values);
    float *copy = mem_alloc(n * sizeof(*copy));
    for (size_t c = 0; c < FETCH_COLUMNS; c++, at += bitmap + values) {
        memcpy(copy, a->bytes + at + bitmap, n * sizeof(*copy));
        bench_check_values(r->rows, n, copy, c);
    }
    free(copy);
}

uint64_t fetch_exchange(int fd, const struct fetch_request *r, struct fetch_answer *a)
{
    a->len = a->body = a->end = 0;
    uint64_t start = clock_mono_ns();
    fetch_send(fd, r->bytes.ptr, r->bytes.len);
    while (!fetch_recv(fd, a)) {
    }
    return clock_mono_ns() - start;
}

uint64_t fetch_time(int fd, const struct fetch_request *r, struct fetch_answer *a)
{
    uint64_t ns = fetch_exchange(fd, r, a);
    fetch_check(a, r);
    return ns;
}

struct fetch_server fetch_server_start(const char *name, const char *data_dir, const char *source,
                                       const char *storage, unsigned threads)
{
    char config[256];
    struct fetch_server s = {.port = child_free_port()};
    snprintf(config, sizeof(config), "build/bench/%s.yml", name);
    FILE *f = fopen(config, "w");
    if (!f)
        bench_fail("cannot write %s", config);
    fprintf(f,
            "server: { host: 127.0.0.1, port: %u, data_dir: %s, threads: %u }\n"
            "tables:\n  bench:\n    source: { local: { path: %s } }\n"
            "    key: [user_id]\n    poll_interval: %s\n    storage: %s\n",
            s.port, data_dir, threads, source ? source : "build/bench/nowhere",
            source ? "100ms" : "1d", storage);
    fclose(f);
    const char *const server[] = {"build/release/murr", "serve", "--config", config, NULL};
    s.pid = child_start(name, server);
    return s;
}

void fetch_server_settle(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "build/bench/%s.log", name);
    for (int i = 0; i < 12000; i++) {
        AUTO(buf) struct buf log = {0};
        if (file_read(path, 1 << 20, &log, NULL) == OK &&
            memmem(log.ptr, log.len, "storage settled", 15))
            return;
        usleep(10000);
    }
    bench_fail("the table was not copied to memory; see %s", path);
}
