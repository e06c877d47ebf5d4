/* The API over a real registry and a real server: the tables of tests/golden/api, loaded at the
 * start; a third one, "late", has no data yet. */
#include "api/http/api.h"

#include "base/file.h"
#include "test.h"
#include "world.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

static struct world world;

static struct table_spec specs[3];

static void publish(const char *table, const char *golden)
{
    char dir[PATH_CAP], path[PATH_CAP];
    struct err err;
    AUTO(buf) struct buf bytes = {0};
    snprintf(dir, sizeof(dir), "%s/.source/%s/2026-11-22", world.dir, table);
    assert_int_equal(dir_make(dir, &err), OK);
    assert_int_equal(file_read(golden, 1u << 20, &bytes, &err), OK);
    assert_int_equal(path_format(path, &err, "%s/part.parquet", dir), OK);
    assert_int_equal(file_replace(path, buf_view(&bytes), &err), OK);
    assert_int_equal(path_format(path, &err, "%s/_SUCCESS", dir), OK);
    assert_int_equal(file_replace(path, view_cstr(""), &err), OK);
}

static void describe(struct table_spec *spec, const char *name, const char *key, const char *key2)
{
    char path[PATH_CAP];
    struct err err;
    *spec = (struct table_spec){
        .name = mem_strdup(name), .poll_interval_ms = 60000, .parts = 2, .keep_generations = 1};
    assert_int_equal(path_format(path, &err, "%s/.source/%s", world.dir, name), OK);
    spec->source.local.path = mem_strdup(path);
    spec->source.layout.marker = mem_strdup("_SUCCESS");
    spec->source.layout.pointer = mem_strdup("_latest");
    spec->guard = (struct guard_spec){1, 50, 100, 95, 2, SCHEMA_COMPATIBLE};
    spec->rollback_after = 3;
    spec->n_key = key2 ? 2 : 1;
    spec->key = mem_zalloc(2 * sizeof(*spec->key));
    spec->key[0] = mem_strdup(key);
    spec->key[1] = key2 ? mem_strdup(key2) : NULL;
}

static int begin(void **state)
{
    (void)state;
    struct err err;
    world_init(&world);
    publish("features", "tests/golden/api/features.parquet");
    publish("flights", "tests/golden/api/flights.parquet");
    describe(&specs[0], "features", "id", NULL);
    describe(&specs[1], "flights", "carrier", "flight");
    describe(&specs[2], "late", "id", NULL);
    const struct registry_config config = {
        .load = {.memory_bytes = 64u << 20}, .tables = specs, .n_tables = 3};
    world_open(&world, &config);
    assert_ok(registry_load_now(world.registry, view_cstr("features"), false, &err));
    assert_ok(registry_load_now(world.registry, view_cstr("flights"), false, &err));
    const struct service_config service = {.max_keys = 100, .max_columns = 14};
    world_open_service(&world, world.registry, &service);
    const struct api_config api = {
        .max_body_bytes = 4000, .max_write_bytes = 4000, .version = "1.2.3"};
    world_serve(&world, &api, 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&world);
    for (size_t i = 0; i < 3; i++)
        table_spec_done(&specs[i]);
    return 0;
}

static struct http_answer get(const char *path)
{
    return world_ask(&world, "GET", path, "", view_cstr(""));
}

static struct http_answer post(const char *path, const char *headers, const char *body)
{
    return world_ask(&world, "POST", path, headers, view_cstr(body));
}

static void assert_refused(struct http_answer answer, unsigned status, const char *body)
{
    assert_string_equal(TEXT(answer), body);
    assert_int_equal(answer.status, status);
    assert_non_null(strstr(answer.head, "Content-Type: application/json\r\n"));
}

static void fetch_answers_in_the_order_of_keys_and_columns(void **state)
{
    (void)state;
    struct http_answer a =
        post("/v1/features/_fetch", "",
             "{\"keys\":[\"b\",\"nobody\",\"a\",\"b\"],\"columns\":[\"i32\",\"id\",\"text\"]}");
    assert_string_equal(TEXT(a),
                        "{\"num_rows\":4,\"columns\":["
                        "{\"name\":\"i32\",\"values\":[2147483647,null,-2147483648,2147483647]},"
                        "{\"name\":\"id\",\"values\":[\"b\",null,\"a\",\"b\"]},"
                        "{\"name\":\"text\",\"values\":[null,null,\"one \\\"1\\\"\",null]}]}");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(a.head, "Vary: Accept\r\n"));
}

static void fetch_without_columns_answers_all_but_the_key(void **state)
{
    (void)state;
    const char *bodies[] = {"{\"keys\":[\"a\",\"b\",\"\\u00fc/x\",\"\"]}",
                            "{\"columns\":[],\"keys\":[\"a\",\"b\",\"\xc3\xbc/x\",\"\"]}"};
    for (int i = 0; i < 2; i++) {
        struct http_answer a = post("/api/v1/table/features/fetch", "", bodies[i]);
        assert_string_equal(
            TEXT(a),
            "{\"columns\":{\"text\":[\"one \\\"1\\\"\",null,\"\xf0\x9f\x98\x80\",\"\"],"
            "\"flag\":[true,false,null,true],\"i8\":[-128,127,null,0],\"i16\":[-32768,32767,null,0]"
            ","
            "\"i32\":[-2147483648,2147483647,null,0],"
            "\"i64\":[-9223372036854775808,9223372036854775807,null,0],\"u8\":[0,255,null,1],"
            "\"u16\":[0,65535,null,1],\"u32\":[0,4294967295,null,1],"
            "\"u64\":[0,18446744073709551615,null,1],\"f32\":[0.1,null,null,-0.0],"
            "\"f64\":[0.1,null,null,1e+300]}}");
    }
}

static void fetch_takes_composite_keys(void **state)
{
    (void)state;
    struct http_answer a = post("/v1/flights/_fetch", "",
                                "{\"keys\":[[\"AA\",1545],[\"UA\",1545],[\"AA\",1714],[\"UA\",1714]"
                                "],\"columns\":[\"delay\",\"flight\"]}");
    assert_string_equal(TEXT(a), "{\"num_rows\":4,\"columns\":["
                                 "{\"name\":\"delay\",\"values\":[-1.0,2.5,null,null]},"
                                 "{\"name\":\"flight\",\"values\":[1545,1545,null,1714]}]}");
}

static void fetch_answers_arrow_where_it_is_asked_for(void **state)
{
    (void)state;
    const char *types[] = {"application/vnd.apache.arrow.stream", "application/octet-stream"};
    for (int i = 0; i < 2; i++) {
        char accept[100], content_type[100];
        snprintf(accept, sizeof(accept), "Accept: %s\r\n", types[i]);
        snprintf(content_type, sizeof(content_type), "Content-Type: %s\r\n", types[i]);
        struct http_answer a = post("/v1/features/_fetch", accept, "{\"keys\":[\"a\",\"x\"]}");
        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.head, content_type));
        assert_memory_equal(a.body.ptr, "\xff\xff\xff\xff", 4);
        assert_memory_equal(a.body.ptr + a.body.len - 8, "\xff\xff\xff\xff\0\0\0\0", 8);
    }
}

static struct http_answer post_file(const char *path, const char *headers, const char *file)
{
    AUTO(buf) struct buf body = {0};
    struct err err;
    assert_int_equal(file_read(file, 1u << 20, &body, &err), OK);
    return http_ask(http_server_port(world.server), "POST", path, headers, buf_view(&body),
                    &world.arena);
}

/* Columns in the metadata of the stream. The other route knows nothing of it. */
static void fetch_answers_the_published_client_with_present_rows(void **state)
{
    (void)state;
    const char *type = "Content-Type: application/vnd.apache.arrow.stream\r\n";
    struct http_answer a =
        post_file("/api/v1/table/features/fetch", type, "tests/golden/api/keys.arrows");
    assert_string_equal(TEXT(a), "{\"columns\":{\"_idx\":[0,2,3],"
                                 "\"i32\":[2147483647,-2147483648,2147483647],"
                                 "\"text\":[null,\"one \\\"1\\\"\",null]}}");
    a = post_file("/api/v1/table/features/fetch", type, "tests/golden/api/keys_alone.arrows");
    assert_string_equal(TEXT(a), "{\"columns\":{\"_idx\":[0,2,3]}}");
    a = post_file("/v1/features/_fetch?columns=i8", type, "tests/golden/api/keys.arrows");
    assert_string_equal(TEXT(a), "{\"num_rows\":4,\"columns\":["
                                 "{\"name\":\"i8\",\"values\":[127,null,-128,127]}]}");
}

static void fetch_of_no_keys_answers_no_rows(void **state)
{
    (void)state;
    struct http_answer a =
        post("/v1/features/_fetch", "", "{\"keys\":[],\"columns\":[\"text\",\"f32\"]}");
    assert_string_equal(TEXT(a), "{\"num_rows\":0,\"columns\":[{\"name\":\"text\",\"values\":[]},"
                                 "{\"name\":\"f32\",\"values\":[]}]}");
}

static void fetch_says_what_is_wrong(void **state)
{
    (void)state;
    assert_refused(
        post("/v1/nobody/_fetch", "", "{\"keys\":[]}"), 404,
        "{\"error\":\"Table 'nobody' not found or not yet loaded\",\"code\":\"TABLE_NOT_FOUND\"}");
    assert_refused(
        post("/v1/late/_fetch", "", "{\"keys\":[]}"), 404,
        "{\"error\":\"Table 'late' not found or not yet loaded\",\"code\":\"TABLE_NOT_FOUND\"}");
    assert_refused(
        post("/v1/features/_fetch", "", "{\"keys\":[],\"columns\":[\"i33\"]}"), 400,
        "{\"error\":\"unknown column 'i33'; did you mean 'i32'?\",\"code\":\"INVALID_REQUEST\"}");
    assert_refused(post("/v1/features/_fetch", "", "{\"keys\":[],\"columns\":[\"i8\",\"i8\"]}"),
                   400,
                   "{\"error\":\"column 'i8' is asked for twice\",\"code\":\"INVALID_REQUEST\"}");
    assert_refused(post("/v1/features/_fetch", "", "{\"keys\":[1]}"), 400,
                   "{\"error\":\"malformed body at byte 9: key 0: expected a string for column id "
                   "(utf8), found a number\",\"code\":\"INVALID_REQUEST\"}");
    assert_refused(post("/v1/features/_fetch", "", ""), 400,
                   "{\"error\":\"malformed body at byte 0: expected '{', found the end\",\"code\":"
                   "\"INVALID_REQUEST\"}");
    assert_refused(post("/v1/features/_fetch", "Accept: text/html\r\n", "{\"keys\":[]}"), 406,
                   "{\"error\":\"Accept allows neither application/json nor "
                   "application/vnd.apache.arrow.stream\",\"code\":\"NOT_ACCEPTABLE\"}");
}

static void fetch_keeps_the_limits(void **state)
{
    (void)state;
    AUTO(buf) struct buf body = {0};
    buf_puts(&body, "{\"keys\":[");
    for (int i = 0; i < 101; i++)
        buf_puts(&body, i ? ",\"a\"" : "\"a\"");
    buf_puts(&body, "]}");
    assert_refused(
        post("/v1/features/_fetch", "", buf_cstr(&body)), 413,
        "{\"error\":\"more than 100 keys in one request\",\"code\":\"PAYLOAD_TOO_LARGE\"}");
    buf_reset(&body);
    buf_puts(&body, "{\"keys\":[],\"columns\":[");
    for (int i = 0; i < 15; i++)
        buf_printf(&body, "%s\"c%d\"", i ? "," : "", i);
    buf_puts(&body, "]}");
    assert_refused(
        post("/v1/features/_fetch", "", buf_cstr(&body)), 413,
        "{\"error\":\"more than 14 columns in one request\",\"code\":\"PAYLOAD_TOO_LARGE\"}");
    char large[4002];
    memset(large, ' ', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_refused(post("/v1/features/_fetch", "", large), 413,
                   "{\"error\":\"the body is larger than server.max_body_bytes allows\",\"code\":"
                   "\"PAYLOAD_TOO_LARGE\"}");
}

static void fetch_cut_anywhere_is_a_400(void **state)
{
    (void)state;
    const char *body = "{\"keys\": [\"a\", \"\\u00fc\"], \"columns\": [\"i8\"]}";
    for (size_t len = 0; len < strlen(body); len++) {
        struct http_answer a =
            http_ask(http_server_port(world.server), "POST", "/v1/features/_fetch", "",
                     view_of(body, len), &world.arena);
        assert_int_equal(a.status, 400);
    }
}

static void routes_refuse_what_is_not_there(void **state)
{
    (void)state;
    assert_refused(get("/nowhere"), 404,
                   "{\"error\":\"no such path: /nowhere\",\"code\":\"NOT_FOUND\"}");
    assert_refused(get("//"), 404, "{\"error\":\"no such path: //\",\"code\":\"NOT_FOUND\"}");
    assert_int_equal(get("/v1//_fetch").status, 404);
    assert_int_equal(get("/health/").status, 404);
    struct http_answer a = get("/v1/features/_fetch");
    assert_refused(a, 405,
                   "{\"error\":\"GET is not allowed here; allowed: POST\",\"code\":"
                   "\"METHOD_NOT_ALLOWED\"}");
    assert_non_null(strstr(a.head, "Allow: POST\r\n"));
    a = post("/health", "", "");
    assert_int_equal(a.status, 405);
    assert_non_null(strstr(a.head, "Allow: GET, HEAD\r\n"));
    a = http_ask(http_server_port(world.server), "DELETE", "/api/v1/table", "", view_cstr(""),
                 &world.arena);
    assert_int_equal(a.status, 405);
}

static void routes_decode_names_of_tables(void **state)
{
    (void)state;
    assert_int_equal(post("/v1/f%65atures/_fetch", "", "{\"keys\":[]}").status, 200);
    assert_refused(
        post("/v1/f%6/_fetch", "", "{\"keys\":[]}"), 400,
        "{\"error\":\"the path is not percent-encoded right\",\"code\":\"INVALID_REQUEST\"}");
    assert_int_equal(post("/v1/%00/_fetch", "", "{\"keys\":[]}").status, 400);
    struct http_answer a = post("/v1/%ff%22/_fetch", "", "{\"keys\":[]}");
    assert_int_equal(a.status, 404);
    json_error_t why;
    json_t *root = json_loadb(TEXT(a), a.body.len, 0, &why);
    assert_non_null(root); /* an error about bytes that are not UTF-8 is still JSON */
    json_decref(root);
}

static void tables_are_listed_with_their_schemas(void **state)
{
    (void)state;
    const char *flights =
        "{\"columns\":{"
        "\"carrier\":{\"dtype\":\"utf8\",\"nullable\":false,\"key\":true,\"strict\":true},"
        "\"flight\":{\"dtype\":\"int32\",\"nullable\":false,\"key\":true,\"strict\":true},"
        "\"delay\":{\"dtype\":\"float64\",\"nullable\":true,\"key\":false,\"strict\":true}}}";
    assert_string_equal(TEXT(get("/api/v1/table/flights/schema")), flights);
    assert_int_equal(get("/api/v1/table/late/schema").status, 404);
    struct http_answer a = get("/api/v1/table");
    assert_int_equal(a.status, 200);
    assert_memory_equal(TEXT(a), "{\"features\":{\"columns\":{\"id\":{\"dtype\":\"utf8\"", 44);
    char want[400];
    snprintf(want, sizeof(want), ",\"flights\":%s}", flights);
    assert_non_null(strstr(TEXT(a), want));
    assert_null(strstr(TEXT(a), "late"));
}

static json_t *json_of(struct http_answer a)
{
    json_error_t why;
    json_t *root = json_loadb(TEXT(a), a.body.len, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        fail_msg("%s: %s", why.text, TEXT(a));
    return root;
}

static void probes_tell_alive_from_ready(void **state)
{
    (void)state;
    assert_string_equal(TEXT(get("/health")), "{\"status\":\"healthy\",\"tables_loaded\":2}");
    assert_string_equal(TEXT(get("/livez")), "{\"status\":\"alive\"}");
    struct http_answer a = get("/readyz");
    assert_int_equal(a.status, 503);
    assert_string_equal(TEXT(a),
                        "{\"status\":\"not ready\",\"tables_loaded\":2,\"tables_configured\":3}");
    json_t *root = json_of(get("/readyz?verbose"));
    const json_t *tables = json_object_get(root, "tables");
    const json_t *features = json_object_get(tables, "features");
    assert_int_equal(json_object_size(tables), 3);
    assert_true(json_is_true(json_object_get(features, "ready")));
    assert_int_equal(json_integer_value(json_object_get(features, "rows")), 4);
    assert_string_equal(json_string_value(json_object_get(features, "partition")), "2026-11-22");
    assert_string_equal(json_string_value(json_object_get(features, "source")), "local");
    assert_true(json_real_value(json_object_get(features, "loaded_age_seconds")) < 300);
    assert_true(json_is_null(json_object_get(features, "last_error")));
    assert_true(json_is_false(json_object_get(json_object_get(tables, "late"), "ready")));
    assert_true(json_is_null(json_object_get(json_object_get(tables, "late"), "partition")));
    json_decref(root);
}

static void metrics_count_what_was_asked(void **state)
{
    (void)state;
    post("/v1/features/_fetch", "", "{\"keys\":[\"a\",\"nobody\"],\"columns\":[\"i8\"]}");
    struct http_answer a = get("/metrics");
    assert_non_null(strstr(a.head, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    const char *want[] = {
        "murr_build_info{version=\"1.2.3\"} 1\n",
        "murr_http_requests_total{method=\"POST\",route=\"/v1/{}/_fetch\",code=\"200\"} ",
        "murr_fetch_duration_seconds_bucket{table=\"features\",format=\"json\",le=\"2.5e-05\"} ",
        "murr_fetch_cells_total{table=\"features\",status=\"missing\"} ",
        "murr_table_rows{table=\"features\"} 4\n",
        "murr_table_rows{table=\"late\"} 0\n",
        "source=\"local\",partition=\"2026-11-22\"} 1\n",
        "murr_loads_total{table=\"features\",result=\"ok\"} 1\n",
        "murr_inflight_requests 1\n",
        "process_resident_memory_bytes "};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        if (!strstr(TEXT(a), want[i]))
            fail_msg("no %s in %s", want[i], TEXT(a));
    a = http_ask(http_server_port(world.server), "GET", "/metrics",
                 "Accept: application/openmetrics-text;version=1.0.0\r\n", view_cstr(""),
                 &world.arena);
    assert_non_null(strstr(a.head, "application/openmetrics-text"));
    assert_string_equal(TEXT(a) + a.body.len - 6, "# EOF\n");
}

static void openapi_describes_every_route(void **state)
{
    (void)state;
    struct http_answer a = get("/openapi.json");
    json_t *root = json_of(a);
    const json_t *paths = json_object_get(root, "paths");
    assert_int_equal(json_object_size(paths), 16);
    assert_string_equal(json_string_value(json_object_get(root, "openapi")), "3.1.0");
    json_decref(root);
    a = http_ask(http_server_port(world.server), "HEAD", "/openapi.json", "", view_cstr(""),
                 &world.arena);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.len, 0);
}

static void admin_port_has_probes_and_metrics_only(void **state)
{
    (void)state;
    struct http_server *admin;
    struct err err;
    const struct http_config http = {.host = "127.0.0.1",
                                     .threads = 1,
                                     .max_body_bytes = 100,
                                     .max_answer_bytes = 1 << 30,
                                     .max_connections = 5,
                                     .timeout_ms = 5000,
                                     .idle_timeout_ms = 5000,
                                     .max_upload_files = 100};
    assert_int_equal(http_server_open(&http, api_handle_admin, world.api, &admin, &err), OK);
    unsigned port = http_server_port(admin);
    assert_int_equal(http_ask(port, "GET", "/livez", "", view_cstr(""), &world.arena).status, 200);
    assert_int_equal(http_ask(port, "GET", "/metrics", "", view_cstr(""), &world.arena).status,
                     200);
    assert_int_equal(http_ask(port, "GET", "/api/v1/table", "", view_cstr(""), &world.arena).status,
                     404);
    http_server_close(admin);
}

/* The last test: from then on the server is shutting down. */
static void readiness_fails_while_shutting_down(void **state)
{
    (void)state;
    service_set_draining(world.service);
    struct http_answer a = get("/readyz");
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(TEXT(a), "shutting down"));
    assert_int_equal(get("/livez").status, 200);
    assert_int_equal(post("/v1/features/_fetch", "", "{\"keys\":[]}").status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetch_answers_in_the_order_of_keys_and_columns),
        cmocka_unit_test(fetch_without_columns_answers_all_but_the_key),
        cmocka_unit_test(fetch_takes_composite_keys),
        cmocka_unit_test(fetch_answers_arrow_where_it_is_asked_for),
        cmocka_unit_test(fetch_answers_the_published_client_with_present_rows),
        cmocka_unit_test(fetch_of_no_keys_answers_no_rows),
        cmocka_unit_test(fetch_says_what_is_wrong),
        cmocka_unit_test(fetch_keeps_the_limits),
        cmocka_unit_test(fetch_cut_anywhere_is_a_400),
        cmocka_unit_test(routes_refuse_what_is_not_there),
        cmocka_unit_test(routes_decode_names_of_tables),
        cmocka_unit_test(tables_are_listed_with_their_schemas),
        cmocka_unit_test(probes_tell_alive_from_ready),
        cmocka_unit_test(metrics_count_what_was_asked),
        cmocka_unit_test(openapi_describes_every_route),
        cmocka_unit_test(admin_port_has_probes_and_metrics_only),
        cmocka_unit_test(readiness_fails_while_shutting_down),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
