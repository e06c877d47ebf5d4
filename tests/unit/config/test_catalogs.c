#include "base/clock.h"
#include "base/mem.h"

#include "config_text.h"
#include "test.h"

#include <stdio.h>

#define refused    config_text_assert_refused
#define TABLE(...) "tables:\n  t:\n    source: { iceberg: { " __VA_ARGS__ " } }\n    key: [id]\n"
#define REST       "catalogs:\n  lake: { uri: \"http://h/c\", warehouse: w }\n"

static void load(const char *yaml, const char *const *env, const char *set, struct config *out)
{
    struct err err;
    if (config_text_load(yaml, env, set, out, &err))
        fail_msg("%s\n%s", err.msg, yaml);
}

static void catalogs_are_named_once_and_used_by_tables(void **state)
{
    (void)state;
    struct config c;
    load("catalogs:\n"
         "  a: { type: glue }\n"
         "  lake:\n"
         "    uri: https://h:1/c\n"
         "    warehouse: w\n"
         "    credential: \"id:secret\"\n"
         "    oauth2_server_uri: https://i/token\n"
         "    scope: PRINCIPAL_ROLE:ALL\n"
         "    locations: [\"s3://a/\", \"s3://b/x\"]\n"
         "    headers: { X-Project: p1 }\n"
         "    s3: { endpoint: \"http://s:9\", region: eu, requests_in_flight: 3 }\n" //
         TABLE("catalog: lake, table: db.inner.t, ref: audit"),
         NULL, NULL, &c);
    const struct catalog_spec *lake = &c.catalogs[1];
    const struct iceberg_spec *t = &c.tables[0].source.iceberg;
    assert_int_equal(c.catalogs[0].kind, CATALOG_GLUE);
    assert_int_equal(lake->kind, CATALOG_REST);
    assert_string_equal(lake->name, "lake");
    assert_string_equal(lake->credential, "id:secret");
    assert_string_equal(lake->scope, "PRINCIPAL_ROLE:ALL");
    assert_string_equal(lake->locations, "s3://a/,s3://b/x");
    assert_int_equal(lake->n_headers, 1);
    assert_string_equal(lake->headers[0].name, "X-Project");
    assert_string_equal(lake->headers[0].value, "p1");
    assert_string_equal(lake->s3.endpoint, "http://s:9");
    assert_int_equal(lake->s3.requests_in_flight, 3);
    assert_string_equal(lake->s3.bucket, "");
    assert_int_equal(c.tables[0].source.kind, SOURCE_ICEBERG);
    assert_ptr_equal(t->catalog_of, lake);
    assert_string_equal(t->table, "db.inner.t");
    assert_string_equal(t->ref, "audit");
    assert_int_equal(t->snapshot, 0);
    assert_string_equal(c.tables[0].newest_by, "");
    assert_int_equal(c.tables[0].refresh, REFRESH_INCREMENTAL);
    config_done(&c);
}

static void a_table_may_do_without_a_catalog(void **state)
{
    (void)state;
    struct config c;
    load(TABLE("location: \"s3://b/t\", snapshot: 9223372036854775807, s3: { region: eu }, "
               "rewrite: { from: \"s3://old/\", to: \"s3://b/\" }, locations: [\"s3://c/\"]"),
         NULL, NULL, &c);
    const struct iceberg_spec *t = &c.tables[0].source.iceberg;
    assert_null(t->catalog_of);
    assert_string_equal(t->location, "s3://b/t");
    assert_true(t->snapshot == INT64_MAX);
    assert_string_equal(t->s3.region, "eu");
    assert_string_equal(t->rewrite.from, "s3://old/");
    assert_string_equal(t->rewrite.to, "s3://b/");
    assert_string_equal(t->locations, "s3://c/");
    config_done(&c);
    load(TABLE("metadata: /d/v1.metadata.json, as_of: \"2026-11-22T12:00:00+02:00\"") //
         "    newest_by: updated\n    refresh: full\n",
         NULL, NULL, &c);
    char text[25];
    assert_string_equal(clock_format(c.tables[0].source.iceberg.as_of_ms, text),
                        "2026-11-22T10:00:00.000Z");
    assert_string_equal(c.tables[0].newest_by, "updated");
    assert_int_equal(c.tables[0].refresh, REFRESH_FULL);
    config_done(&c);
}

static void names_of_pyiceberg_are_understood(void **state)
{
    (void)state;
    const char *env[] = {"MURR_CATALOGS__LAKE__OAUTH2_SERVER_URI=https://new/token",
                         "MURR_CATALOGS__LAKE__S3__REGION=us", NULL};
    struct config c;
    load("catalogs:\n"
         "  lake:\n"
         "    uri: https://h/c\n"
         "    oauth2-server-uri: https://old/token\n"
         "    credential: a:b\n"
         "    s3.endpoint: http://s:9\n"
         "    s3.access-key-id: AK\n"
         "    s3: { secret-access-key: SK }\n"
         "    header.X-Project: p1\n" //
         TABLE("location: \"s3://b/t\", as-of: 2026-11-22, s3.region: eu"),
         env, NULL, &c);
    const struct catalog_spec *lake = &c.catalogs[0];
    assert_string_equal(lake->oauth2_server_uri, "https://new/token");
    assert_string_equal(lake->s3.endpoint, "http://s:9");
    assert_string_equal(lake->s3.access_key_id, "AK");
    assert_string_equal(lake->s3.secret_access_key, "SK");
    assert_string_equal(lake->s3.region, "us");
    assert_string_equal(lake->headers[0].name, "X-Project");
    assert_string_equal(c.tables[0].source.iceberg.s3.region, "eu");
    assert_true(c.tables[0].source.iceberg.as_of_ms == 1795305600000);
    config_done(&c);
    refused("catalogs:\n  c:\n    oauth2-server-uri: a\n    oauth2_server_uri: b\n",
            "murr.yml:3: 'oauth2_server_uri' is given twice; first at murr.yml:4");
    refused("catalogs:\n  c:\n    s3.region: a\n    s3: { region: b }\n",
            "murr.yml:3: 'region' is given twice; first at murr.yml:4");
    refused("catalogs:\n  c:\n    rest.sigv4-enabled: true\n",
            "murr.yml:3: catalogs.c.rest.sigv4-enabled: unknown field; did you mean 'sigv4'?");
    refused("catalogs:\n  c:\n    client.region: eu\n",
            "murr.yml:3: catalogs.c.client.region: unknown field; did you mean 's3: {region}'?");
    refused("catalogs:\n  c: { uri: \"http://h\", s3: [] }\n",
            "murr.yml:2: catalogs.c.s3: expected a map, found a list");
}

static void secrets_come_from_variables_and_are_masked(void **state)
{
    (void)state;
    const char *env[] = {"MURR_CATALOGS__MY_LAKE__TOKEN=sesame",
                         "MURR_CATALOGS__MY_LAKE__HEADERS__X_API_KEY=open", NULL};
    AUTO(buf) struct buf out = {0}, again = {0};
    struct config c;
    load("catalogs:\n  my-lake: { uri: \"http://h\" }\n", env, "catalogs.new.type=glue", &c);
    assert_string_equal(c.catalogs[0].token, "sesame");
    assert_string_equal(c.catalogs[0].headers[0].name, "x-api-key");
    assert_string_equal(c.catalogs[0].headers[0].value, "open");
    assert_string_equal(c.catalogs[1].name, "new");
    config_print(&c, &out);
    config_done(&c);
    assert_null(strstr(buf_cstr(&out), "sesame"));
    assert_null(strstr(buf_cstr(&out), "open"));
    load(buf_cstr(&out), NULL, NULL, &c);
    config_print(&c, &again);
    config_done(&c);
    assert_string_equal(buf_cstr(&again), buf_cstr(&out));
    load("catalogs:\n  c: { uri: \"http://h\", headers: { X: 1, key: 2 } }\n", NULL,
         "catalogs.c.headers.key=a,b", &c);
    assert_string_equal(c.catalogs[0].headers[0].value, "1");
    assert_string_equal(c.catalogs[0].headers[1].value, "a,b");
    config_done(&c);
}

static void config_with_catalogs_prints_what_it_reads_back(void **state)
{
    (void)state;
    AUTO(buf) struct buf first = {0}, second = {0};
    struct config c;
    load(REST TABLE("catalog: lake, table: a.b, as_of: \"2026-11-22T10:00:00.5Z\"") //
         "  u:\n    source: { iceberg: { location: /t } }\n    key: [id]\n",
         NULL, NULL, &c);
    config_print(&c, &first);
    config_done(&c);
    load(buf_cstr(&first), NULL, NULL, &c);
    assert_true(c.tables[0].source.iceberg.as_of_ms % 1000 == 500);
    config_print(&c, &second);
    config_done(&c);
    assert_string_equal(buf_cstr(&first), buf_cstr(&second));
}

static void catalogs_need_what_their_type_needs(void **state)
{
    (void)state;
#define AT "murr.yml:2: catalogs.c: "
    refused("catalogs:\n  c: {}\n", AT "uri: must be given for a rest catalog");
    refused("catalogs:\n  c: { type: hive }\n",
            "murr.yml:2: catalogs.c.type: 'hive' is not one of rest, glue, s3tables, filesystem");
    refused("catalogs:\n  c: { uri: \"file:///x\" }\n",
            AT "uri: 'file:///x': must begin with http:// or https://");
    refused("catalogs:\n  c: { uri: \"http://h/?a=b\" }\n",
            AT "uri: 'http://h/?a=b' has a '?' or '#'");
    refused("catalogs:\n  c: { type: s3tables }\n",
            AT "warehouse: must be given for an s3tables catalog: the ARN of the bucket");
    refused("catalogs:\n  c: { type: filesystem }\n",
            AT "warehouse: must be given for a filesystem catalog");
    refused("catalogs:\n  c: { type: filesystem, warehouse: /w, uri: \"http://h\" }\n",
            AT "a filesystem catalog has a warehouse, locations and s3, and no server");
    refused("catalogs:\n  c: { uri: \"http://h\", token: a, credential_file: b }\n",
            AT "only one of token, token_file, credential and credential_file may be given");
    refused("catalogs:\n  c: { type: glue, token: a }\n",
            AT "requests signed by AWS's rules carry no token and no credential");
    refused("catalogs:\n  c: { uri: \"http://h\", oauth2_server_uri: \"http://i\" }\n",
            AT "oauth2_server_uri: needs a credential");
    refused("catalogs:\n  c: { uri: \"http://h\", sigv4: { region: eu } }\n",
            AT "sigv4: service must be given, such as execute-api");
    refused("catalogs:\n  c: { uri: \"http://h\", s3: { access_key_id: a } }\n",
            AT "s3: access_key_id and secret_access_key must be given together");
    refused("catalogs:\n  c: { uri: \"http://h\", headers: { \"a b\": c } }\n",
            "murr.yml:2: catalogs.c.headers.a b: not the name of a header");
    refused("catalogs:\n  c: { uri: \"http://h\", headers: { a: \"b\\nc: d\" } }\n",
            "murr.yml:2: catalogs.c.headers.a: not the value of a header");
    refused("catalogs:\n  c: { uri: \"http://h\", token: t, headers: { authorization: x } }\n",
            AT "headers: Authorization is set by what the other fields say of who we are");
    refused("catalogs:\n  c: { urii: x }\n",
            "murr.yml:2: catalogs.c.urii: unknown field; did you mean 'uri'?");
    refused("catalog: {}\n", "murr.yml:1: catalog: unknown field; did you mean 'catalogs'?");
#undef AT
}

static void iceberg_sources_say_one_place_and_one_snapshot(void **state)
{
    (void)state;
#define AT  "murr.yml:3: tables.t.source.iceberg: "
#define AT5 "murr.yml:5: tables.t.source.iceberg: "
    refused(TABLE("metadata: a, location: b"),
            AT "exactly one of catalog with table, metadata, and location must be given");
    refused(TABLE("table: a.b"), AT "catalog and table must be given together");
    refused(REST TABLE("catalog: laek, table: a.b"),
            AT5 "catalog: 'laek' is not among the catalogs; did you mean 'lake'?");
    refused(REST TABLE("catalog: lake, table: t"),
            AT5 "table: 't' is not a name such as namespace.table");
    refused(REST TABLE("catalog: lake, table: a..t"),
            AT5 "table: 'a..t' is not a name such as namespace.table");
    refused(REST TABLE("catalog: lake, table: a.b, s3: {}"),
            AT5 "s3: belongs to the catalog, catalogs.lake.s3");
    refused(TABLE("location: /a, ref: x, snapshot: 5"),
            AT "only one of ref, snapshot and as_of may be given");
    refused(TABLE("location: /a, rewrite: { from: x }"),
            AT "rewrite: from and to must be given together");
    refused(TABLE("location: /a, as_of: 2026-02-30"),
            "murr.yml:3: tables.t.source.iceberg.as_of: expected a time such as 2026-11-22 or "
            "2026-11-22T10:00:00Z, found the string '2026-02-30'");
    refused(TABLE("location: /a, snapshot: -1"),
            "murr.yml:3: tables.t.source.iceberg.snapshot: expected a whole number, found the "
            "number -1");
    refused(TABLE("location: /a, s3: { endpoint: nowhere }"),
            AT "s3: endpoint: 'nowhere': must begin with http:// or https://");
#undef AT
#undef AT5
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalogs_are_named_once_and_used_by_tables),
        cmocka_unit_test(a_table_may_do_without_a_catalog),
        cmocka_unit_test(names_of_pyiceberg_are_understood),
        cmocka_unit_test(secrets_come_from_variables_and_are_masked),
        cmocka_unit_test(config_with_catalogs_prints_what_it_reads_back),
        cmocka_unit_test(catalogs_need_what_their_type_needs),
        cmocka_unit_test(iceberg_sources_say_one_place_and_one_snapshot),
    };
    return cmocka_run_group_tests(tests, config_text_enter, config_text_leave);
}
