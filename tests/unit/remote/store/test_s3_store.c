/* The S3 store against a server of this process that answers what each test needs. */
#include "test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/http1/server.h"
#include "remote/store/s3_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { OBJECT_BYTES = 300000 };

/* What the server does; set by tests before they ask. */
struct bucket {
    struct http_server *server;
    struct transfer_loop *loop;
    struct s3_config config;
    struct object_store *store;
    uint8_t object[OBJECT_BYTES];
    _Atomic unsigned n_requests, n_unavailable; /* refuse so many first */
    _Atomic bool hangs, is_other_version;
};

static void refuse(struct http_response *res, unsigned status, const char *code)
{
    struct buf body = {0};
    buf_printf(&body, "<Error><Code>%s</Code><Message>of a test</Message></Error>", code);
    res->status = status;
    res->body_len = body.len;
    res->body = buf_detach(&body);
}

static void send_range(struct bucket *b, const struct http_request *req, const char *range,
                       struct http_response *res)
{
    unsigned long long first = 0, last = 0, suffix = 0;
    if (sscanf(range, "bytes=-%llu", &suffix) == 1)
        first = OBJECT_BYTES - suffix, last = OBJECT_BYTES - 1;
    else if (sscanf(range, "bytes=%llu-%llu", &first, &last) != 2)
        abort();
    char *text = arena_alloc(req->arena, 80);
    snprintf(text, 80, "bytes %llu-%llu/%d", first, last, OBJECT_BYTES);
    res->status = 206;
    res->headers[res->n_headers].name = "Content-Range";
    res->headers[res->n_headers++].value = text;
    res->body_len = last - first + 1;
    res->body = mem_alloc(res->body_len);
    memcpy(res->body, b->object + first, res->body_len);
}

static void serve(void *app, const struct http_request *req, struct http_response *res)
{
    struct bucket *b = app;
    const char *range = http_request_header(req, "range");
    atomic_fetch_add(&b->n_requests, 1);
    for (int i = 0; i < 500 && atomic_load(&b->hangs); i++)
        usleep(10000);
    res->headers[res->n_headers].name = "ETag";
    res->headers[res->n_headers++].value =
        atomic_load(&b->is_other_version) ? "\"two\"" : "\"one\"";
    if (atomic_load(&b->n_unavailable) && atomic_fetch_sub(&b->n_unavailable, 1))
        refuse(res, 503, "SlowDown");
    else if (strcmp(req->path, "/b/p/object") != 0)
        refuse(res, 404, "NoSuchKey");
    else if (range)
        send_range(b, req, range, res);
    else {
        res->status = 200;
        res->body_len = OBJECT_BYTES;
        res->body = mem_alloc(OBJECT_BYTES);
        memcpy(res->body, b->object, OBJECT_BYTES);
    }
}

static char *text(const char *s)
{
    return mem_strdup(s);
}

static struct s3_config make_config(unsigned port)
{
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", port);
    return (struct s3_config){
        .bucket = text("b"),
        .prefix = text("p"),
        .region = text(""),
        .endpoint = text(endpoint),
        .ca_file = text(""),
        .proxy = text(""),
        .access_key_id = text("AK"),
        .secret_access_key = text("secret"),
        .session_token = text(""),
        .profile = text(""),
        .role_arn = text(""),
        .external_id = text(""),
        .part_bytes = 65536,
        .max_attempts = 3,
        .retry_delay_ms = 1,
        .connect_timeout_ms = 2000,
        .stall_timeout_ms = 2000,
    };
}

static int open_bucket(void **state)
{
    struct bucket *b = mem_zalloc(sizeof(*b));
    struct http_config http = {.host = "127.0.0.1",
                               .threads = 4,
                               .max_body_bytes = 1000,
                               .max_connections = 50,
                               .timeout_ms = 10000,
                               .idle_timeout_ms = 10000,
                               .max_upload_files = 100};
    struct err err;
    for (size_t i = 0; i < OBJECT_BYTES; i++)
        b->object[i] = (uint8_t)(i * 2654435761u >> 13);
    unsetenv("http_proxy");
    if (http_server_open(&http, serve, b, &b->server, &err) ||
        transfer_loop_open(4, &b->loop, &err))
        return -1;
    b->config = make_config(http_server_port(b->server));
    *state = b;
    return s3_store_new(&b->config, NULL, b->loop, &b->store, &err) ? -1 : 0;
}

static int close_bucket(void **state)
{
    struct bucket *b = *state;
    atomic_store(&b->hangs, false);
    object_store_close(b->store);
    transfer_loop_close(b->loop);
    http_server_close(b->server);
    s3_config_done(&b->config);
    free(b);
    return 0;
}

static const struct remote_op no_bound;

static struct object_info listed(void)
{
    return (struct object_info){
        .name = text("object"), .size = OBJECT_BYTES, .version = text("one")};
}

/* Read ranges with a hole between them, and the end by its distance. */
static enum code read_some(struct bucket *b, const struct remote_op *op, uint8_t *out,
                           struct err *err)
{
    AUTO(object_info) struct object_info info = listed();
    struct object *o;
    struct byte_range ranges[] = {{10, 200000, out + 10, false},
                                  {250000, 1, out + 250000, false},
                                  {OBJECT_BYTES - 1000, 1000, out + OBJECT_BYTES - 1000, true}};
    assert_int_equal(object_open(b->store, &info, &o, err), OK);
    enum code rc = object_read_now(o, ranges, 3, op, err);
    object_close(o);
    return rc;
}

static void store_reads_ranges_and_counts_them(void **state)
{
    struct bucket *b = *state;
    struct err err;
    _Atomic uint64_t n_read = 0;
    struct remote_op op = {.n_read_bytes = &n_read};
    AUTO(ptr) uint8_t *out = mem_zalloc(OBJECT_BYTES);
    assert_ok(read_some(b, &op, out, &err));
    assert_memory_equal(out + 10, b->object + 10, 200000);
    assert_int_equal(out[250000], b->object[250000]);
    assert_memory_equal(out + OBJECT_BYTES - 1000, b->object + OBJECT_BYTES - 1000, 1000);
    assert_int_equal(out[9] | out[200010] | out[250001], 0);
    assert_int_equal(atomic_load(&n_read), 201001);
    assert_int_equal(atomic_load(&b->n_requests), 4 + 1 + 1); /* parts of 64 KiB at most */
}

static void store_stats_objects(void **state)
{
    struct bucket *b = *state;
    struct err err;
    AUTO(object_info) struct object_info info = {0};
    assert_ok(object_store_stat(b->store, "object", &no_bound, &info, &err));
    assert_int_equal(info.size, OBJECT_BYTES);
    assert_string_equal(info.version, "\"one\"");
    assert_fails(object_store_stat(b->store, "missing", &no_bound, &info, &err), E_NOTFOUND,
                 "object s3://b/p/missing: status 404");
}

static void store_tries_again_and_gives_up(void **state)
{
    struct bucket *b = *state;
    struct err err;
    AUTO(ptr) uint8_t *out = mem_zalloc(OBJECT_BYTES);
    atomic_store(&b->n_unavailable, 2);
    assert_ok(read_some(b, &no_bound, out, &err));
    assert_memory_equal(out + 10, b->object + 10, 200000);
    atomic_store(&b->n_unavailable, 1000);
    assert_fails(read_some(b, &no_bound, out, &err), E_IO,
                 "503 SlowDown: of a test (after 3 tries)");
}

static void store_refuses_another_version(void **state)
{
    struct bucket *b = *state;
    struct err err;
    AUTO(ptr) uint8_t *out = mem_zalloc(OBJECT_BYTES);
    atomic_store(&b->is_other_version, true);
    assert_fails(read_some(b, &no_bound, out, &err), E_CHANGED, "ETag \"two\", listed as one");
    for (size_t i = 0; i < OBJECT_BYTES; i++)
        assert_int_equal(out[i], 0);
}

static void store_keeps_a_deadline(void **state)
{
    struct bucket *b = *state;
    struct err err;
    AUTO(ptr) uint8_t *out = mem_zalloc(OBJECT_BYTES);
    struct remote_op op = {.deadline_ns = clock_mono_ns() + 200000000u};
    atomic_store(&b->hangs, true);
    assert_fails(read_some(b, &op, out, &err), E_TIMEOUT, "there was no answer in time");
}

static void store_refuses_what_is_no_region(void **state)
{
    struct bucket *b = *state;
    struct err err;
    static const char *const regions[] = {"eu:west", "eu/west", "eu west", "eu\nwest", "@"};
    struct s3_config config = b->config;
    config.endpoint = text(""); /* then the region is part of the host */
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        struct object_store *store;
        config.region = text(regions[i]);
        assert_fails(s3_store_new(&config, NULL, b->loop, &store, &err), E_INVALID,
                     "is not the name of a region");
        free(config.region);
    }
    free(config.endpoint);
}

static void *cancel_soon(void *arg)
{
    usleep(100000);
    atomic_store((_Atomic bool *)arg, true);
    return NULL;
}

static void store_can_be_called_off(void **state)
{
    struct bucket *b = *state;
    struct err err;
    AUTO(ptr) uint8_t *out = mem_zalloc(OBJECT_BYTES);
    _Atomic bool cancelled = false;
    struct remote_op parent = {.cancelled = &cancelled}, op = {.parent = &parent};
    pthread_t thread;
    atomic_store(&b->hangs, true);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancelled), 0);
    assert_fails(read_some(b, &op, out, &err), E_CANCELLED, "stopped");
    pthread_join(thread, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bucket, close_bucket)
    const struct CMUnitTest tests[] = {
        TEST(store_reads_ranges_and_counts_them),
        TEST(store_stats_objects),
        TEST(store_tries_again_and_gives_up),
        TEST(store_refuses_another_version),
        TEST(store_refuses_what_is_no_region),
        TEST(store_keeps_a_deadline),
        TEST(store_can_be_called_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
