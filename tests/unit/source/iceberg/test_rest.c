/* REST catalogs against a server of this process. */
#include "base/mem.h"

#include "source/iceberg/rest_client.h"

#include "catalog_world.h"
#include "config_text.h"
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#define T "/v1/namespaces/db/tables/t"
#define CONFIG                          \
    {                                   \
        "/v1/config", 200, "{}", {0}, 0 \
    }
#define TABLE \
    "{\"metadata-location\":\"s3://b/t/v1.json\",\"metadata\":{\"a\":[1,\"}\"]},\"config\":{}}"
#define NO_TABLE                                                               \
    "{\"error\":{\"message\":\"Table does not exist: db.t\",\"type\":\"NoSuch" \
    "TableException\",\"code\":404}}"
#define HEADERS " x-iceberg-access-delegation=vended-credentials\n"

static enum code ask_for(const char *table, const char *version, struct catalog_answer *out,
                         bool *out_same, struct err *err)
{
    struct catalog_question q = {.table = table, .version = version};
    struct remote_op op = {0};
    return catalog_ask(w.catalog, &q, &op, out, out_same, err);
}

static enum code ask(const char *version, struct catalog_answer *out, bool *out_same,
                     struct err *err)
{
    return ask_for("db.t", version, out, out_same, err);
}

/* Ask, and look at nothing but whether it fails. */
static enum code just_ask(struct err *err)
{
    AUTO(catalog_answer) struct catalog_answer a = {0};
    bool same;
    return ask(NULL, &a, &same, err);
}

/* --------------------------------------------------------------------------------------- tables */

static void a_table_is_asked_for_and_its_metadata_kept_as_it_is(void **state)
{
    (void)state;
    struct err err;
    bool same;
    AUTO(catalog_answer) struct catalog_answer a = {0};
    catalog_world_catalog("    warehouse: my wh\n    headers: { X-Test: hi }\n");
    play(CONFIG, {T, 200, TABLE, {"ETag", "abc"}, 0});
    assert_ok(ask(NULL, &a, &same, &err));
    assert_false(same);
    assert_string_equal(a.metadata_location, "s3://b/t/v1.json");
    assert_string_equal(buf_cstr(&a.metadata), "{\"a\":[1,\"}\"]}");
    assert_asked("GET /v1/config?warehouse=my wh x-test=hi\n"
                 "GET " T "?snapshots=refs x-iceberg-access-delegation=vended-credentials "
                 "x-test=hi\n");
}

static void a_configured_header_replaces_our_own(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    header.x-iceberg-access-delegation: \"\"\n");
    play(CONFIG, {T, 200, TABLE, {0}, 0});
    assert_ok(just_ask(&err));
    assert_asked("GET /v1/config\nGET " T "?snapshots=refs\n");
}

/* The addresses of AWS, which nobody asks here. */
static void glue_and_s3_tables_are_at_the_addresses_of_aws(void **state)
{
    (void)state;
    const struct {
        const char *fields, *base, *region, *service;
    } cases[] = {
        {"type: glue, s3: { region: eu-west-1 }", "https://glue.eu-west-1.amazonaws.com/iceberg",
         "eu-west-1", "glue"},
        {"type: glue, sigv4: { region: cn-north-1 }, s3: { region: eu-west-1 }",
         "https://glue.cn-north-1.amazonaws.com.cn/iceberg", "cn-north-1", "glue"},
        {"type: s3tables, warehouse: \"arn:aws:s3tables:us-west-2:1:bucket/b\"",
         "https://s3tables.us-west-2.amazonaws.com/iceberg", "us-west-2", "s3tables"},
        {"type: rest, uri: \"https://h//\", sigv4: { service: execute-api, region: a-b-1 }",
         "https://h", "a-b-1", "execute-api"},
        {"type: glue, uri: \"http://h/x\", s3: { region: \"a/b\" }", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO(buf) struct buf yaml = {0};
        struct rest_client client;
        struct config config;
        struct err err;
        buf_printf(&yaml, "catalogs:\n  c: { %s }\n", cases[i].fields);
        assert_ok(config_text_load(buf_cstr(&yaml), NULL, NULL, &config, &err));
        if (cases[i].base) {
            assert_ok(rest_client_init(&client, &config.catalogs[0], w.loop, &err));
            assert_string_equal(client.channel.base, cases[i].base);
            assert_string_equal(client.region, cases[i].region);
            assert_string_equal(client.service, cases[i].service);
            rest_client_done(&client);
        } else {
            assert_fails(rest_client_init(&client, &config.catalogs[0], w.loop, &err), E_INVALID,
                         "'a/b' is not the name of a region");
        }
        config_done(&config);
    }
}

static void an_unchanged_table_costs_one_conditional_request(void **state)
{
    (void)state;
    struct err err;
    bool same;
    AUTO(catalog_answer) struct catalog_answer a = {0}, b = {0}, c = {0};
    catalog_world_catalog("");
    play(CONFIG, {T, 200, TABLE, {"ETag", "W/\"abc\""}, 1}, {T, 304, NULL, {0}, 1},
         {T, 200, TABLE, {"ETag", "d"}, 1});
    assert_ok(ask(NULL, &a, &same, &err));
    scripted_server_asked(w.server);
    assert_ok(ask(a.version, &b, &same, &err));
    assert_true(same);
    assert_null(b.version);
    assert_asked("GET " T "?snapshots=refs if-none-match=W/\"abc\"" HEADERS);
    /* A server may ignore the condition: the place of the metadata tells it. */
    assert_ok(ask(a.version, &b, &same, &err));
    assert_true(same);
    scripted_server_asked(w.server);
    /* Other forms of the question have ETags of their own. */
    play({T, 200, TABLE, {0}, 0});
    struct catalog_question all = {.table = "db.t", .version = a.version, .all_snapshots = true};
    struct remote_op op = {0};
    assert_ok(catalog_ask(w.catalog, &all, &op, &c, &same, &err));
    assert_false(same);
    assert_asked("GET " T "?snapshots=all" HEADERS);
}

static void namespaces_prefixes_and_names_are_encoded(void **state)
{
    (void)state;
    struct err err;
    bool same;
    AUTO(catalog_answer) struct catalog_answer a = {0}, b = {0};
    catalog_world_catalog("");
    play(CONFIG, {"/v1/namespaces/a%1Fb%20%2F/tables/t%C3%BC", 200, TABLE, {0}, 0});
    assert_ok(ask_for("a.b /.tü", NULL, &a, &same, &err));
    catalog_world_close_catalog(NULL);
    catalog_world_catalog("");
    play({"/v1/config",
          200,
          "{\"defaults\":{\"prefix\":\"no\"},\"overrides\":{\"prefix\":\"ws/x%3A\","
          "\"namespace-separator\":\"%2E\"},\"endpoints\":[]}",
          {0},
          0},
         {"/v1/ws/x%3A/namespaces/a%2Eb/tables/t", 200, TABLE, {0}, 0});
    assert_ok(ask_for("a.b.t", NULL, &b, &same, &err));
}

static void a_missing_table_is_told_from_a_wrong_address(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("");
    play(CONFIG, {T, 404, NO_TABLE, {0}, 0});
    assert_fails(just_ask(&err), E_NOTFOUND,
                 "catalog lake: it has no table db.t: NoSuchTableException: Table does not exist: "
                 "db.t");
    play({T, 404, "<html>", {0}, 0});
    assert_fails(just_ask(&err), E_IO, "catalog lake: settings of the catalog: status 404");
    play(CONFIG, {T, 404, "<html>", {0}, 0});
    assert_fails(just_ask(&err), E_IO, "catalog lake: table db.t: status 404");
}

static void settings_are_read_again_after_a_failure(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("");
    play(CONFIG, {T, 400, "{\"error\":{\"message\":\"no\"}}", {0}, 1}, {T, 200, TABLE, {0}, 0});
    assert_fails(just_ask(&err), E_IO, "catalog lake: table db.t: status 400 no");
    assert_ok(just_ask(&err));
    assert_ok(just_ask(&err));
    assert_asked("GET /v1/config\nGET " T "?snapshots=refs" HEADERS //
                 "GET /v1/config\nGET " T "?snapshots=refs" HEADERS //
                 "GET " T "?snapshots=refs" HEADERS);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct err err;
    const char *bad[] = {"",
                         "null",
                         "[]",
                         "{",
                         "{}",
                         "{\"metadata\":null}",
                         "\"x\"",
                         "{\"metadata\":{}",
                         "{\"metadata\":{}} x",
                         "{\"metadata\":{},\"metadata\":{}}",
                         "{\"metadata\":{},\"config\":{\"token\":\"a\\nb\"}}",
                         "{\"metadata\":{},\"config\":{",
                         "{\"metadata\":{},\"metadata-location\":5}",
                         "{\"metadata\":{},\"config\":{\"s3.access-key-id\":\"a\"}}"};
    catalog_world_catalog("");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        play(CONFIG, {T, 200, bad[i], {0}, 0});
        enum code rc = just_ask(&err);
        if (rc != E_CORRUPT)
            fail_msg("%s: %s", bad[i], rc ? err.msg : "taken");
    }
    const char *configs[] = {"", "[1]", "{\"overrides\":{\"prefix\":\"../x\"}}",
                             "{\"overrides\":{\"prefix\":\"a b\"}}",
                             "{\"overrides\":{\"namespace-separator\":\"?\"}}"};
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        play({"/v1/config", 200, configs[i], {0}, 0}, {T, 200, TABLE, {0}, 0});
        if (just_ask(&err) != E_CORRUPT)
            fail_msg("%s", configs[i]);
    }
}

static void faults_that_pass_are_waited_out(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("");
    play(CONFIG, {T, 503, "", {0}, 1}, {T, 429, "", {"Retry-After", "0"}, 1},
         {T, 200, TABLE, {0}, 0});
    assert_ok(just_ask(&err));
    play(CONFIG, {T, 502, "bad gateway", {0}, 0});
    assert_fails(just_ask(&err), E_IO, "catalog lake: table db.t: status 502");
}

/* --------------------------------------------------------------------------------------- tokens */

static void a_token_of_the_configuration_is_sent(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    token: \"sesame\\n\"\n");
    play(CONFIG,
         {T, 401, "{\"error\":{\"message\":\"go\",\"type\":\"NotAuthorizedException\"}}", {0}, 0});
    assert_fails(just_ask(&err), E_IO,
                 "catalog lake: table db.t: it does not let us in: status 401 "
                 "NotAuthorizedException: go");
    assert_asked("GET /v1/config authorization=Bearer sesame\n"
                 "GET " T "?snapshots=refs authorization=Bearer sesame" HEADERS);
}

static void a_token_of_a_file_is_read_again(void **state)
{
    (void)state;
    struct err err;
    FILE *f = fopen("token", "w");
    fputs("one\n", f);
    fclose(f);
    catalog_world_catalog("    token_file: token\n");
    play(CONFIG, {T, 200, TABLE, {0}, 0});
    assert_ok(just_ask(&err));
    f = fopen("token", "w");
    fputs("two", f);
    fclose(f);
    assert_ok(just_ask(&err));
    assert_asked("GET /v1/config authorization=Bearer one\n"
                 "GET " T "?snapshots=refs authorization=Bearer one" HEADERS //
                 "GET " T "?snapshots=refs authorization=Bearer two" HEADERS);
    unlink("token");
    assert_fails(just_ask(&err), E_NOTFOUND, "token");
}

static void oauth2_gets_a_token_and_another_when_it_is_refused(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    credential: \"me:s/ cret\"\n");
    play(CONFIG, {"/v1/oauth/tokens", 200, "{\"access_token\":\"A\",\"expires_in\":3600}", {0}, 1},
         {"/v1/oauth/tokens", 200, "{\"access_token\":\"B\"}", {0}, 1}, {T, 200, TABLE, {0}, 1},
         {T, 419, "{}", {0}, 1}, {T, 200, TABLE, {0}, 1}, {T, 401, "{}", {0}, 0});
    assert_ok(just_ask(&err));
    assert_asked("POST /v1/oauth/tokens grant_type=client_credentials&client_id=me&client_secret="
                 "s%2F%20cret&scope=catalog\n"
                 "GET /v1/config authorization=Bearer A\n"
                 "GET " T "?snapshots=refs authorization=Bearer A" HEADERS);
    assert_ok(just_ask(&err));
    assert_asked("GET " T "?snapshots=refs authorization=Bearer A" HEADERS
                 "POST /v1/oauth/tokens grant_type=client_credentials&client_id=me&client_secret="
                 "s%2F%20cret&scope=catalog\n"
                 "GET " T "?snapshots=refs authorization=Bearer B" HEADERS);
    /* No third try; and the server of tokens is asked only once for each refusal. */
    assert_fails(just_ask(&err), E_IO, "token of http://127.0.0.1");
}

static void oauth2_says_why_there_is_no_token(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    credential: secret-alone\n    scope: \"\"\n");
    play({"/v1/oauth/tokens",
          401,
          "{\"error\":\"invalid_client\",\"error_description\":\"wrong secret\"}",
          {0},
          1},
         {"/v1/oauth/tokens", 200, "{\"access_token\":\"a b\"}", {0}, 0});
    assert_fails(just_ask(&err), E_IO, "status 401 invalid_client: wrong secret");
    assert_asked(
        "POST /v1/oauth/tokens grant_type=client_credentials&client_secret=secret-alone\n");
    assert_fails(just_ask(&err), E_CORRUPT, "no usable access_token");
    assert_null(strstr(err.msg, "secret-alone"));
}

static void a_token_is_renewed_before_it_ends(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    credential: a:b\n");
    play(CONFIG, {"/v1/oauth/tokens", 200, "{\"access_token\":\"A\",\"expires_in\":1}", {0}, 1},
         {"/v1/oauth/tokens", 200, "{\"access_token\":\"B\",\"expires_in\":3600}", {0}, 1},
         {T, 200, TABLE, {0}, 0});
    assert_ok(just_ask(&err));
    usleep(1000000);
    scripted_server_asked(w.server);
    assert_ok(just_ask(&err));
    assert_ok(just_ask(&err));
    const char *asked = scripted_server_asked(w.server);
    assert_non_null(strstr(asked, "Bearer B"));
    assert_null(strstr(asked, "Bearer A"));
}

static void the_token_of_a_table_goes_before_the_catalogs(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    token: own\n");
    play(CONFIG, {T, 200, "{\"metadata\":{},\"config\":{\"token\":\"tables\"}}", {0}, 2},
         {T, 401, "{}", {0}, 1}, {T, 200, TABLE, {0}, 0});
    assert_ok(just_ask(&err));
    assert_ok(just_ask(&err));
    assert_asked("GET /v1/config authorization=Bearer own\n"
                 "GET " T "?snapshots=refs authorization=Bearer own" HEADERS //
                 "GET " T "?snapshots=refs authorization=Bearer tables" HEADERS);
    assert_ok(just_ask(&err));
    assert_asked("GET " T "?snapshots=refs authorization=Bearer tables" HEADERS //
                 "GET " T "?snapshots=refs authorization=Bearer own" HEADERS);
    assert_ok(just_ask(&err)); /* refused once is refused for good */
    assert_asked("GET " T "?snapshots=refs authorization=Bearer own" HEADERS);
}

/* ----------------------------------------------------------------------------------- other hosts */

static void redirects_stay_on_the_host(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    token: sesame\n");
    play(CONFIG, {T, 308, NULL, {"Location", "%BASE%/other?snapshots=x"}, 1},
         {"/other", 307, NULL, {"Location", "/again"}, 1}, {"/again", 200, TABLE, {0}, 0});
    assert_ok(just_ask(&err));
    assert_asked("GET /v1/config authorization=Bearer sesame\n"
                 "GET " T "?snapshots=refs authorization=Bearer sesame" HEADERS
                 "GET /other?snapshots=refs authorization=Bearer sesame" HEADERS
                 "GET /again?snapshots=refs authorization=Bearer sesame" HEADERS);
    const struct {
        const char *location, *says;
    } cases[] = {
        {"http://127.0.0.1:1/x", "'http://127.0.0.1:1/x', which is another host"},
        {"http://169.254.169.254/latest", "a link-local address"},
        {"http://[fd00:ec2::254]/x", "a link-local address"},
        {"ftp://h/x", "must begin with http:// or https://"},
        {"file:///etc/passwd", "must begin with http:// or https://"},
        {"//h/x", "must begin with http:// or https://"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        play(CONFIG, {T, 302, NULL, {"Location", cases[i].location}, 0});
        assert_fails(just_ask(&err), E_INVALID, cases[i].says);
    }
    play(CONFIG, {T, 302, NULL, {"Location", T}, 0}); /* for ever */
    assert_fails(just_ask(&err), E_IO, "status 302");
}

static void a_catalog_may_not_move_itself_or_its_tokens_to_another_host(void **state)
{
    (void)state;
    struct err err;
    catalog_world_catalog("    credential: a:b\n");
    play({"/v1/config", 200, "{\"overrides\":{\"uri\":\"http://127.0.0.1:1\"}}", {0}, 0},
         {"/v1/oauth/tokens", 200, "{\"access_token\":\"A\"}", {0}, 0});
    assert_fails(just_ask(&err), E_INVALID, "'http://127.0.0.1:1', which is another host");
    play({"/v1/config",
          200,
          "{\"overrides\":{\"oauth2-server-uri\":\"http://127.0.0.1:1/t\"}}",
          {0},
          0});
    assert_fails(just_ask(&err), E_INVALID, "make it the oauth2_server_uri");
    play({"/v1/config",
          200,
          "{\"overrides\":{\"oauth2-server-uri\":\"http://169.254.1.1/t\"}}",
          {0},
          0});
    assert_fails(just_ask(&err), E_INVALID, "a link-local address");
    play({"/v1/config",
          200,
          "{\"overrides\":{\"uri\":\"%BASE%/moved/\",\"oauth2-server-uri\":\"%BASE%/t\"}}",
          {0},
          0},
         {"/moved" T, 401, "", {0}, 1}, {"/moved" T, 200, TABLE, {0}, 0},
         {"/t", 200, "{\"access_token\":\"B\"}", {0}, 0});
    assert_ok(just_ask(&err));
    assert_non_null(strstr(scripted_server_asked(w.server), "Bearer B"));
}

/* ----------------------------------------------------------------------------- what is handed out */

static void credentials_of_prefixes_go_before_those_of_the_table(void **state)
{
    (void)state;
    struct err err;
    bool same;
    AUTO(catalog_answer) struct catalog_answer a = {0};
    catalog_world_catalog("");
    play({"/v1/config",
          200,
          "{\"defaults\":{\"s3.region\":\"def\",\"s3.endpoint\":\"http://d\"},"
          "\"overrides\":{\"s3.path-style-access\":\"true\"}}",
          {0},
          0},
         {T,
          200,
          "{\"metadata\":{},\"config\":{\"s3.access-key-id\":\"T\",\"s3.secret-access-key\":\"ts\","
          "\"client.region\":\"eu\"},\"storage-credentials\":["
          "{\"prefix\":\"s3://b/\",\"config\":{\"s3.access-key-id\":\"S\",\"s3.secret-access-key\":"
          "\"ss\",\"s3.session-token\":\"st\",\"s3.session-token-expires-at-ms\":\"1795305600000\"}"
          "},"
          "{\"prefix\":\"s3://b/long/\",\"config\":{\"s3.access-key-id\":\"L\","
          "\"s3.secret-access-key\":\"ls\",\"s3.endpoint\":\"http://e\"}},"
          "{\"prefix\":\"gs://b/long/er\",\"config\":{\"gcs.oauth2.token\":\"x\"}}]}",
          {0},
          0});
    assert_ok(ask(NULL, &a, &same, &err));
    assert_int_equal(a.n_vended, 3);
    assert_string_equal(a.vended[0].prefix, "s3://b/long/");
    assert_string_equal(a.vended[0].access_key_id, "L");
    assert_string_equal(a.vended[0].endpoint, "http://e");
    assert_null(a.vended[0].region);
    assert_int_equal(a.vended[0].addressing, S3_ADDRESSING_PATH);
    assert_string_equal(a.vended[1].prefix, "s3://b/");
    assert_string_equal(a.vended[1].session_token, "st");
    assert_true(a.vended[1].expires_at_ms == 1795305600000);
    assert_null(a.vended[1].endpoint);
    assert_string_equal(a.vended[2].prefix, "");
    assert_string_equal(a.vended[2].access_key_id, "T");
    assert_string_equal(a.vended[2].region, "eu");
    assert_string_equal(a.vended[2].endpoint, "http://d");
}

static void an_endpoint_of_the_configuration_stays_and_others_are_checked(void **state)
{
    (void)state;
    struct err err;
    bool same;
    AUTO(catalog_answer) struct catalog_answer a = {0};
    static const char bad[] =
        "{\"metadata\":{},\"config\":{\"s3.endpoint\":\"http://169.254.169.254/\"}}";
    catalog_world_catalog("");
    play(CONFIG, {T, 200, bad, {0}, 0});
    assert_fails(just_ask(&err), E_INVALID,
                 "catalog lake: table db.t: the catalog gives s3.endpoint "
                 "'http://169.254.169.254/', a link-local address");
    play(CONFIG, {T, 200, "{\"metadata\":{},\"config\":{\"s3.endpoint\":\"file:///x\"}}", {0}, 0});
    assert_fails(just_ask(&err), E_INVALID, "which: must begin with http:// or https://");
    catalog_world_close_catalog(NULL);
    catalog_world_catalog("    s3.endpoint: http://own\n    s3.region: here\n");
    play(CONFIG, {T, 200, bad, {0}, 0});
    assert_ok(ask(NULL, &a, &same, &err));
    assert_int_equal(a.n_vended, 1);
    assert_null(a.vended[0].endpoint);
    assert_null(a.vended[0].access_key_id);
}

static void remote_signing_alone_is_not_supported(void **state)
{
    (void)state;
    struct err err;
    static const char only[] =
        "{\"metadata\":{},\"config\":{\"s3.remote-signing-enabled\":\"true\"}}";
    catalog_world_catalog("");
    play(CONFIG, {T, 200, only, {0}, 0});
    assert_fails(just_ask(&err), E_UNSUPPORTED, "s3.remote-signing-enabled");
    catalog_world_close_catalog(NULL);
    catalog_world_catalog("    s3.access-key-id: a\n    s3.secret-access-key: b\n");
    play(CONFIG, {T, 200, only, {0}, 0});
    assert_ok(just_ask(&err));
}

static void catalogs_of_one_configuration_share_a_token(void **state)
{
    (void)state;
    struct err err;
    struct catalog *other;
    catalog_world_catalog("    credential: a:b\n");
    play(CONFIG, {"/v1/oauth/tokens", 200, "{\"access_token\":\"A\"}", {0}, 0},
         {T, 200, TABLE, {0}, 0}, {"/v1/namespaces/db/tables/u", 200, TABLE, {0}, 0});
    assert_ok(catalog_open(&w.config.catalogs[0], w.loop, &other, &err));
    assert_ok(just_ask(&err));
    catalog_close(w.catalog);
    w.catalog = other;
    AUTO(catalog_answer) struct catalog_answer a = {0};
    bool same;
    scripted_server_asked(w.server);
    assert_ok(ask_for("db.u", NULL, &a, &same, &err));
    assert_asked("GET /v1/namespaces/db/tables/u?snapshots=refs authorization=Bearer A" HEADERS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, catalog_world_close_catalog)
    const struct CMUnitTest tests[] = {
        TEST(a_table_is_asked_for_and_its_metadata_kept_as_it_is),
        TEST(a_configured_header_replaces_our_own),
        TEST(glue_and_s3_tables_are_at_the_addresses_of_aws),
        TEST(an_unchanged_table_costs_one_conditional_request),
        TEST(namespaces_prefixes_and_names_are_encoded),
        TEST(a_missing_table_is_told_from_a_wrong_address),
        TEST(settings_are_read_again_after_a_failure),
        TEST(nonsense_is_refused),
        TEST(faults_that_pass_are_waited_out),
        TEST(a_token_of_the_configuration_is_sent),
        TEST(a_token_of_a_file_is_read_again),
        TEST(oauth2_gets_a_token_and_another_when_it_is_refused),
        TEST(oauth2_says_why_there_is_no_token),
        TEST(a_token_is_renewed_before_it_ends),
        TEST(the_token_of_a_table_goes_before_the_catalogs),
        TEST(redirects_stay_on_the_host),
        TEST(a_catalog_may_not_move_itself_or_its_tokens_to_another_host),
        TEST(credentials_of_prefixes_go_before_those_of_the_table),
        TEST(an_endpoint_of_the_configuration_stays_and_others_are_checked),
        TEST(remote_signing_alone_is_not_supported),
        TEST(catalogs_of_one_configuration_share_a_token),
    };
    return cmocka_run_group_tests(tests, catalog_world_open, catalog_world_close);
}
