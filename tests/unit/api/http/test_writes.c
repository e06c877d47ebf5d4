/*
 * Tables made and written through the API, over a registry that only remembers: it stands in place
 * of engine/registry.c, whose functions are those that the API calls.
 */
#include "api/http/api.h"

#include "test.h"
#include "world.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* What the next write meets, and what the last one was. */
static struct registry {
    enum code write_rc, done_rc;
    bool answers_at_once;
    char table[64];
    enum write_verb verb;
    enum write_form form;
    size_t body_len;
    char body[64]; /* its beginning */
    size_t n_writes, n_fields, n_key;
    const char *listed[2]; /* tables of the status */
    struct table_counters *counters[2];
    size_t n_listed;
    pthread_t writer;
    bool has_writer;
    struct write_request request;
} registry;

static struct world world;

static void run_write(struct write_request *w)
{
    struct err err;
    const struct write_result result = {.n_rows = 7};
    if (registry.done_rc)
        err_write(&err, "the write met %s", code_name(registry.done_rc));
    if (w->body.release)
        w->body.release(w->body.owner);
    w->done(w->arg, registry.done_rc, &result, &err);
}

static void *run_writer(void *arg)
{
    usleep(20000);
    run_write(arg);
    return NULL;
}

enum code registry_write(struct registry *r, struct view table, const struct write_request *request,
                         struct err *err)
{
    snprintf(r->table, sizeof(r->table), "%.*s", VIEW_ARG(table));
    r->verb = request->verb;
    r->form = request->form;
    if (request->verb == WRITE_CREATE) {
        assert_string_equal(request->create.table, r->table);
        r->n_fields = request->create.schema->n_fields;
        r->n_key = request->create.schema->n_key;
    }
    r->body_len = request->body.bytes.len;
    memset(r->body, 0, sizeof(r->body));
    if (r->body_len)
        memcpy(r->body, request->body.bytes.ptr, r->body_len < 63 ? r->body_len : 63);
    r->n_writes++;
    if (r->write_rc)
        return err_set(err, r->write_rc, "the queue met %s", code_name(r->write_rc));
    r->request = *request;
    if (r->answers_at_once)
        run_write(&r->request);
    else
        r->has_writer = pthread_create(&r->writer, NULL, run_writer, &r->request) == 0;
    return OK;
}

enum code registry_snapshot(struct registry *r, struct view table, struct snapshot **out_snapshot,
                            struct err *err)
{
    (void)r;
    (void)out_snapshot;
    return err_set(err, E_NOTFOUND, "Table '%.*s' not found", VIEW_ARG(table));
}

enum code registry_accept(struct registry *r, struct view table, uint64_t fingerprint,
                          struct err *err)
{
    (void)r;
    (void)fingerprint;
    return err_set(err, E_NOTFOUND, "Table '%.*s' not found", VIEW_ARG(table));
}

enum code registry_check_writable(struct registry *r, struct view table, struct err *err)
{
    (void)r, (void)table, (void)err;
    return OK;
}

/* Tables of the status come and go with their counters. */
static pthread_mutex_t counters_lock = PTHREAD_MUTEX_INITIALIZER;

static void list_table(size_t i, const char *name)
{
    pthread_mutex_lock(&counters_lock);
    registry.listed[i] = name;
    registry.counters[i] = table_counters_new(name);
    registry.n_listed = i + 1;
    pthread_mutex_unlock(&counters_lock);
}

static void unlist_tables(size_t first)
{
    pthread_mutex_lock(&counters_lock);
    for (size_t i = first; i < registry.n_listed; i++)
        table_counters_unref(registry.counters[i]);
    registry.n_listed = first;
    pthread_mutex_unlock(&counters_lock);
}

struct table_counters *registry_table_counters(struct registry *r, struct view table)
{
    struct table_counters *found = NULL;
    pthread_mutex_lock(&counters_lock);
    for (size_t i = 0; i < r->n_listed && !found; i++)
        if (view_eq_cstr(table, r->listed[i]))
            found = table_counters_ref(r->counters[i]);
    pthread_mutex_unlock(&counters_lock);
    return found;
}

struct table_counters **registry_counters(struct registry *r, size_t *out_n)
{
    struct table_counters **all = mem_alloc(2 * sizeof(*all));
    pthread_mutex_lock(&counters_lock);
    for (size_t i = 0; i < r->n_listed; i++)
        all[i] = table_counters_ref(r->counters[i]);
    *out_n = r->n_listed;
    pthread_mutex_unlock(&counters_lock);
    return all;
}

const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n)
{
    struct table_status *all = arena_zalloc(arena, 2 * sizeof(*all));
    pthread_mutex_lock(&counters_lock);
    for (size_t i = 0; i < r->n_listed; i++) {
        all[i].name = r->listed[i];
        all[i].source = all[i].partition = all[i].last_error = "";
        all[i].refused.partition = all[i].refused.why = "";
    }
    *out_n = r->n_listed;
    pthread_mutex_unlock(&counters_lock);
    return all;
}

static int begin(void **state)
{
    (void)state;
    const struct service_config service = {.max_keys = 100, .max_columns = 10};
    const struct api_config api = {.max_body_bytes = 1000, .max_write_bytes = 3 << 20};
    world_init(&world);
    world_open_service(&world, &registry, &service);
    world_serve(&world, &api, 1000);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&world);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    unlist_tables(0);
    registry = (struct registry){0};
    return 0;
}

static struct http_answer ask_view(const char *method, const char *path, const char *headers,
                                   struct view body)
{
    struct http_answer a = world_ask(&world, method, path, headers, body);
    if (registry.has_writer)
        pthread_join(registry.writer, NULL);
    registry.has_writer = false;
    return a;
}

static struct http_answer ask(const char *method, const char *path, const char *headers,
                              const char *body)
{
    return ask_view(method, path, headers, view_cstr(body));
}

static void create_takes_both_forms(void **state)
{
    (void)state;
    const char *bodies[] = {
        "{\"key\":[\"b\",\"a\"],\"columns\":{\"a\":{\"dtype\":\"utf8\"},\"b\":{\"dtype\":\"int8\"}}"
        "}",
        "{\"columns\":{\"a\":{\"dtype\":\"utf8\",\"nullable\":false,\"key\":true,\"strict\":true},"
        "\"b\":{\"dtype\":\"int8\",\"nullable\":false,\"key\":true,\"strict\":true}}}"};
    for (int i = 0; i < 2; i++) {
        struct http_answer a = ask("PUT", "/api/v1/table/t%201", "", bodies[i]);
        assert_int_equal(a.status, 201);
        assert_string_equal(TEXT(a), bodies[1]);
        assert_string_equal(registry.table, "t 1");
        assert_int_equal(registry.n_fields, 2);
        assert_int_equal(registry.n_key, 2);
    }
}

static void create_says_what_is_wrong(void **state)
{
    (void)state;
    const char *good = "{\"key\":\"a\",\"columns\":{\"a\":{\"dtype\":\"utf8\"}}}";
    assert_int_equal(ask("PUT", "/api/v1/table/t", "", "{").status, 400);
    assert_string_equal(registry.table, "");
    registry.done_rc = E_EXISTS;
    struct http_answer a = ask("PUT", "/api/v1/table/t", "", good);
    assert_int_equal(a.status, 409);
    assert_non_null(strstr(TEXT(a), "\"code\":\"TABLE_EXISTS\""));
    registry.done_rc = E_NOSPACE;
    assert_int_equal(ask("PUT", "/api/v1/table/t", "", good).status, 507);
    char large[1200];
    memset(large, ' ', sizeof(large));
    assert_int_equal(ask_view("PUT", "/api/v1/table/t", "", view_of(large, sizeof(large))).status,
                     413);
}

static void write_hands_over_body_and_form(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body;
        enum write_form form;
    } cases[] = {
        {"Content-Type: application/json; charset=utf-8\r\n", "PAR1", WRITE_JSON},
        {"Content-Type: application/vnd.apache.arrow.stream\r\n", "{}", WRITE_ARROW},
        {"Content-Type: application/vnd.apache.parquet\r\n", "{}", WRITE_PARQUET},
        {"", "{}", WRITE_JSON},
        {"", "PAR1...", WRITE_PARQUET},
        {"Content-Type: application/x-www-form-urlencoded\r\n", "{}", WRITE_JSON},
        {"Content-Type: application/octet-stream\r\n", "\xff\xff\xff\xff....", WRITE_ARROW},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        registry.answers_at_once = i % 2;
        struct http_answer a = ask("PUT", "/api/v1/table/t/write", cases[i].headers, cases[i].body);
        assert_int_equal(a.status, 200);
        assert_string_equal(TEXT(a), "{\"num_rows\":7}");
        assert_non_null(strstr(a.head, "Content-Type: application/json\r\n"));
        assert_int_equal(registry.verb, WRITE_UPSERT);
        assert_int_equal(registry.form, cases[i].form);
        assert_string_equal(registry.body, cases[i].body);
        assert_string_equal(registry.table, "t");
    }
}

static void write_refuses_other_types(void **state)
{
    (void)state;
    struct http_answer a = ask("PUT", "/api/v1/table/t/write", "Content-Type: text/csv\r\n", "a,b");
    assert_int_equal(a.status, 415);
    assert_non_null(strstr(TEXT(a), "\"code\":\"UNSUPPORTED_MEDIA_TYPE\""));
    a = ask("POST", "/api/v1/table/t/delete", "Content-Type: application/vnd.apache.parquet\r\n",
            "PAR1");
    assert_int_equal(a.status, 415);
    assert_int_equal(registry.n_writes, 0);
}

static void other_verbs_are_handed_over(void **state)
{
    (void)state;
    struct http_answer a = ask("POST", "/api/v1/table/t/delete", "", "{\"keys\":[\"a\"]}");
    assert_int_equal(a.status, 200);
    assert_string_equal(TEXT(a), "{\"num_rows\":7}");
    assert_int_equal(registry.verb, WRITE_DELETE);
    assert_string_equal(registry.body, "{\"keys\":[\"a\"]}");
    a = ask("POST", "/api/v1/table/t/compact", "", "");
    assert_int_equal(a.status, 200);
    assert_string_equal(TEXT(a), "{}");
    assert_int_equal(registry.verb, WRITE_COMPACT);
    a = ask("DELETE", "/api/v1/table/t", "", "");
    assert_int_equal(a.status, 200);
    assert_int_equal(registry.verb, WRITE_DROP);
    assert_int_equal(registry.body_len, 0);
}

static void write_says_what_went_wrong(void **state)
{
    (void)state;
    static const struct {
        enum code code;
        unsigned status;
        const char *name;
    } cases[] = {{E_BUSY, 429, "TOO_MANY_REQUESTS"},  {E_NOTFOUND, 404, "TABLE_NOT_FOUND"},
                 {E_INVALID, 400, "INVALID_REQUEST"}, {E_NOSPACE, 507, "INSUFFICIENT_STORAGE"},
                 {E_CANCELLED, 503, "SHUTTING_DOWN"}, {E_IO, 500, "INTERNAL_ERROR"}};
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        enum code code = cases[i / 2].code;
        registry.write_rc = i % 2 ? code : OK;
        registry.done_rc = code;
        struct http_answer a = ask("PUT", "/api/v1/table/t/write", "", "{}");
        assert_int_equal(a.status, cases[i / 2].status);
        assert_non_null(strstr(TEXT(a), cases[i / 2].name));
        assert_non_null(strstr(TEXT(a), i % 2 ? "the queue met E_" : "the write met E_"));
        assert_int_equal(strstr(a.head, "Retry-After: 1\r\n") != NULL, code == E_BUSY);
    }
}

/* More of them than would fit into server.max_upload_bytes together. */
static void write_that_is_refused_lets_its_body_go(void **state)
{
    (void)state;
    AUTO(buf) struct buf body = {0};
    buf_put_zeros(&body, 1500000);
    registry.write_rc = E_NOTFOUND;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_view("PUT", "/api/v1/table/t/write", "", buf_view(&body)).status, 404);
}

static void write_keeps_the_limits(void **state)
{
    (void)state;
    AUTO(buf) struct buf body = {0};
    buf_put_zeros(&body, 1500000);
    assert_int_equal(ask_view("PUT", "/api/v1/table/t/write", "", buf_view(&body)).status, 200);
    assert_int_equal(registry.body_len, 1500000);
    buf_put_zeros(&body, 1000000);
    struct http_answer a = ask_view("PUT", "/api/v1/table/t/write", "", buf_view(&body));
    assert_int_equal(a.status, 429);
    assert_non_null(strstr(TEXT(a), "server.max_upload_bytes"));
    assert_non_null(strstr(a.head, "Retry-After: 1\r\n"));
    buf_put_zeros(&body, 1000000);
    a = ask_view("PUT", "/api/v1/table/t/write", "", buf_view(&body));
    assert_int_equal(a.status, 413);
    assert_non_null(strstr(TEXT(a), "server.max_write_bytes"));
    a = ask_view("POST", "/v1/t/_fetch", "", view_of(body.ptr, 1001));
    assert_int_equal(a.status, 413);
    assert_non_null(strstr(TEXT(a), "server.max_body_bytes"));
    assert_int_equal(registry.n_writes, 1);
}

static bool metrics_say(const char *line)
{
    return strstr(TEXT(ask("GET", "/metrics", "", "")), line) != NULL;
}

static void writes_are_counted_while_their_table_is_listed(void **state)
{
    (void)state;
    list_table(0, "other");
    assert_false(metrics_say("table=\"new\""));
    list_table(1, "new");
    assert_true(metrics_say("murr_writes_total{table=\"new\",result=\"ok\"} 0\n"));
    ask("PUT", "/api/v1/table/new/write", "", "{1234}");
    registry.done_rc = E_INVALID;
    ask("PUT", "/api/v1/table/new/write", "", "{}");
    registry.done_rc = OK;
    registry.write_rc = E_BUSY;
    ask("POST", "/api/v1/table/new/delete", "", "{}");
    registry.write_rc = E_NOTFOUND;
    ask("PUT", "/api/v1/table/nobody/write", "", "{}");
    assert_true(metrics_say("murr_writes_total{table=\"new\",result=\"ok\"} 1\n"));
    assert_true(metrics_say("murr_writes_total{table=\"new\",result=\"error\"} 1\n"));
    assert_true(metrics_say("murr_writes_total{table=\"new\",result=\"refused\"} 1\n"));
    assert_true(metrics_say("murr_written_rows_total{table=\"new\"} 7\n"));
    assert_true(metrics_say("murr_written_bytes_total{table=\"new\"} 6\n"));
    assert_true(metrics_say("murr_write_duration_seconds_count{table=\"new\"} 1\n"));
    assert_true(metrics_say("murr_writes_total{table=\"other\",result=\"ok\"} 0\n"));
    assert_false(metrics_say("table=\"nobody\""));
    assert_true(
        metrics_say("murr_http_requests_total{method=\"PUT\",route=\"/api/v1/table/{}/write\","
                    "code=\"400\"} "));
    assert_true(metrics_say("murr_inflight_requests 1\n"));
    unlist_tables(1);
    assert_false(metrics_say("table=\"new\""));
    list_table(1, "new");
    assert_true(metrics_say("murr_writes_total{table=\"new\",result=\"ok\"} 0\n"));
}

/* Tables come and go while others are counted. */
static void *scrape(void *arg)
{
    (void)arg;
    AUTO(arena) struct arena arena = {0};
    for (int i = 0; i < 100; i++)
        http_ask(http_server_port(world.server), "GET", "/metrics", "", view_cstr(""), &arena);
    return NULL;
}

static void writes_may_be_counted_while_tables_go(void **state)
{
    (void)state;
    pthread_t scraper;
    list_table(0, "other");
    registry.answers_at_once = true;
    assert_int_equal(pthread_create(&scraper, NULL, scrape, NULL), 0);
    for (int i = 0; i < 100; i++) {
        list_table(1, "t");
        assert_int_equal(ask("PUT", "/api/v1/table/t/write", "", "{}").status, 200);
        unlist_tables(1);
        assert_int_equal(ask("PUT", "/api/v1/table/t/write", "", "{}").status, 200);
    }
    pthread_join(scraper, NULL);
}

#define test(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(create_takes_both_forms),
        test(create_says_what_is_wrong),
        test(write_hands_over_body_and_form),
        test(write_refuses_other_types),
        test(other_verbs_are_handed_over),
        test(write_says_what_went_wrong),
        test(write_that_is_refused_lets_its_body_go),
        test(write_keeps_the_limits),
        test(writes_are_counted_while_their_table_is_listed),
        test(writes_may_be_counted_while_tables_go),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
