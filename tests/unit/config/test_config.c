#include "base/mem.h"
#include "config/config.h"

#include "config_text.h"
#include "test.h"

#include <stdio.h>

#define LOCAL "    source: { local: { path: /data } }\n"

static void config_has_the_documented_defaults(void **state)
{
    (void)state;
    struct config c;
    struct err err;
    assert_int_equal(config_text_load("", NULL, NULL, &c, &err), OK);
    assert_string_equal(c.server.host, "localhost");
    assert_int_equal(c.server.port, 8080);
    assert_string_equal(c.server.data_dir, "/var/lib/murr");
    assert_int_equal(c.server.threads, 0);
    assert_int_equal(c.server.admin_port, 0);
    assert_int_equal(c.server.max_body_bytes, 16u << 20);
    assert_int_equal(c.server.max_keys, 100000);
    assert_int_equal(c.server.max_columns, 10000);
    assert_int_equal(c.server.max_connections, 1024);
    assert_int_equal(c.server.request_timeout_ms, 10000);
    assert_int_equal(c.server.drain_delay_ms, 0);
    assert_int_equal(c.log.level, LOG_INFO);
    assert_int_equal(c.log.format, LOG_TEXT);
    assert_int_equal(c.load.memory_bytes, 1u << 30);
    assert_int_equal(c.load.threads, 0);
    assert_int_equal(c.n_tables, 0);
    config_done(&c);
    config_done(&c); /* safe on a zeroed one */
}

static void config_reads_every_field(void **state)
{
    (void)state;
    struct config c;
    struct err err;
    enum code rc = config_text_load(
        "server: { host: 0.0.0.0, port: 9, max_body_bytes: 1MB, drain_delay: 5s }\n"
        "log: { level: debug, format: json }\n"
        "load: { memory: 256MiB, threads: 3 }\n"
        "tables:\n"
        "  user_features:\n" LOCAL "    poll_interval: 1h 30m\n"
        "    parts: 16\n"
        "    layout: columnar\n"
        "    keep_generations: 0\n"
        "    key: [country, user_id]\n"
        "    columns:\n"
        "      country: { dtype: utf8, nullable: false }\n"
        "      user_id: { dtype: int64 }\n"
        "      click_rate: { dtype: float32 }\n"
        "      age: { dtype: uint8, nullable: false }\n"
        "  planes:\n" LOCAL "    key: [tailnum]\n",
        NULL, NULL, &c, &err);
    if (rc)
        fail_msg("%s", err.msg);
    assert_string_equal(c.server.host, "0.0.0.0");
    assert_int_equal(c.server.max_body_bytes, 1000000);
    assert_int_equal(c.server.drain_delay_ms, 5000);
    assert_int_equal(c.log.level, LOG_DEBUG);
    assert_int_equal(c.log.format, LOG_JSON);
    assert_int_equal(c.load.threads, 3);
    assert_int_equal(c.n_tables, 2);
    const struct table_spec *t = &c.tables[0];
    assert_string_equal(t->name, "user_features");
    assert_string_equal(t->source.local.path, "/data");
    assert_int_equal(t->poll_interval_ms, 5400000);
    assert_int_equal(t->parts, 16);
    assert_int_equal(t->layout, LAYOUT_COLUMNAR);
    assert_int_equal(t->keep_generations, 0);
    assert_int_equal(t->n_key, 2);
    assert_string_equal(t->key[1], "user_id");
    assert_int_equal(t->n_columns, 4);
    assert_string_equal(t->columns[1].name, "user_id");
    assert_false(t->columns[1].nullable); /* a key column */
    assert_true(t->columns[2].nullable);
    assert_false(t->columns[3].nullable);
    assert_int_equal(t->columns[3].type.dtype, DT_UINT8);
    assert_int_equal(c.tables[1].n_columns, 0);
    assert_int_equal(c.tables[1].poll_interval_ms, 60000);
    assert_int_equal(c.tables[1].parts, 8);
    config_done(&c);
}

static void config_names_the_field_that_was_meant(void **state)
{
    (void)state;
    config_text_assert_refused(
        "tables:\n  user_features:\n" LOCAL "    key: [id]\n\n    poll_intervall: 5m\n",
        "murr.yml:6: tables.user_features.poll_intervall: unknown field; did you mean "
        "'poll_interval'?");
    config_text_assert_refused("server:\n  prot: 1\n",
                               "murr.yml:2: server.prot: unknown field; did you mean 'port'?");
    config_text_assert_refused("serve: {}\n",
                               "murr.yml:1: serve: unknown field; did you mean 'server'?");
    config_text_assert_refused("colours: {}\n", "murr.yml:1: colours: unknown field");
    config_text_assert_refused(
        "tables:\n  t:\n    source:\n      locl: {path: x}\n    key: [id]\n",
        "murr.yml:4: tables.t.source.locl: unknown field; did you mean 'local'?");
    config_text_assert_refused(
        "tables:\n  t:\n    source: { local: { pth: x } }\n    key: [id]\n",
        "murr.yml:3: tables.t.source.local.pth: unknown field; did you mean 'path'?");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: [id]\n    columns:\n      id: {type: utf8}\n",
        "murr.yml:6: tables.t.columns.id.type: unknown field; did you mean 'dtype'?");
}

static void config_refuses_wrong_types(void **state)
{
    (void)state;
    config_text_assert_refused(
        "server: { port: eighty }\n",
        "murr.yml:1: server.port: expected a whole number, found the string 'eighty'");
    config_text_assert_refused(
        "server: { port: \"8080\" }\n",
        "murr.yml:1: server.port: expected a whole number, found the string '8080'");
    config_text_assert_refused(
        "server: { port: 80.5 }\n",
        "murr.yml:1: server.port: expected a whole number, found the number 80.5");
    config_text_assert_refused("server: { port: }\n",
                               "murr.yml:1: server.port: expected a whole number, found nothing");
    config_text_assert_refused("server: { port: [1] }\n",
                               "murr.yml:1: server.port: expected a whole number, found a list");
    config_text_assert_refused("server: { host: 5 }\n",
                               "murr.yml:1: server.host: expected a string, found the "
                               "number 5; put it in quotes if it is meant as a string");
    config_text_assert_refused("server: { host: \"\" }\n",
                               "murr.yml:1: server.host: must not be empty");
    config_text_assert_refused("server: 5\n",
                               "murr.yml:1: server: expected a map, found the number 5");
    config_text_assert_refused(
        "- a\n",
        "murr.yml:1: expected a map of server, catalogs, tables, log and load, found a list");
    config_text_assert_refused("tables: [a]\n", "murr.yml:1: tables: expected a map, found a list");
    config_text_assert_refused("tables: { t: x }\n",
                               "murr.yml:1: tables.t: expected a map, found the string 'x'");
    config_text_assert_refused(
        "server: { request_timeout: 10 }\n",
        "murr.yml:1: server.request_timeout: '10' is not a duration such as 90s, 5m, "
        "1h 30m or 500ms");
    config_text_assert_refused(
        "load: { memory: lots }\n",
        "murr.yml:1: load.memory: 'lots' is not a size such as 64MB, 1GiB or 4096");
    config_text_assert_refused("log: { level: inof }\n",
                               "murr.yml:1: log.level: 'inof' is not one of debug, "
                               "info, warn, error; did you mean 'info'?");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: id\n",
        "murr.yml:4: tables.t.key: expected a list of column names, found the string 'id'");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: [[id]]\n",
        "murr.yml:4: tables.t.key: expected the name of a column, found a list");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL
        "    key: [id]\n    columns: { id: { dtype: utf8, nullable: 1 } }\n",
        "murr.yml:5: tables.t.columns.id.nullable: expected true or false, found the "
        "number 1");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: [id]\n    columns: { id: { dtype: flaot32 } }\n",
        "murr.yml:5: tables.t.columns.id.dtype: unknown dtype 'flaot32'; did you mean "
        "'float32'?" ALL_DTYPES);
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: [id]\n    columns: { id: { dtype: decimal128 } }\n",
        "murr.yml:5: tables.t.columns.id.dtype: dtype 'decimal128' is not understood; write "
        "decimal128(12, 2)");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: [id]\n    columns: { id: { dtype: string } }\n",
        "murr.yml:5: tables.t.columns.id.dtype: unknown dtype 'string'" ALL_DTYPES);
}

static void config_refuses_values_out_of_range(void **state)
{
    (void)state;
    config_text_assert_refused("server: { port: 65536 }\n",
                               "murr.yml:1: server.port: 65536 is out of range: 0 to 65535");
    config_text_assert_refused(
        "server: { port: 99999999999999999999999 }\n",
        "murr.yml:1: server.port: 99999999999999999999999 is out of range: 0 to 65535");
    config_text_assert_refused("server: { max_keys: 0 }\n",
                               "murr.yml:1: server.max_keys: 0 is out of range: 1 to 100000000");
    config_text_assert_refused("tables:\n  t:\n" LOCAL "    key: [id]\n    parts: 4097\n",
                               "murr.yml:5: tables.t.parts: 4097 is out of range: 1 to 4096");
    config_text_assert_refused(
        "tables:\n  t:\n" LOCAL "    key: [id]\n    poll_interval: 1ms\n",
        "murr.yml:5: tables.t.poll_interval: 1ms is out of range: 10ms to 30d");
    config_text_assert_refused(
        "server: { port: -1 }\n",
        "murr.yml:1: server.port: expected a whole number, found the number -1");
}

static void config_refuses_missing_fields(void **state)
{
    (void)state;
    config_text_assert_refused("tables:\n  t:\n    key: [id]\n",
                               "murr.yml:2: tables.t.source: missing; it must be given");
    config_text_assert_refused("tables:\n  t:\n" LOCAL,
                               "murr.yml:2: tables.t.key: missing; it must be given");
    config_text_assert_refused("tables:\n  t:\n    source: { local: }\n    key: [id]\n",
                               "murr.yml:3: tables.t.source.local.path: missing; it must be given");
    config_text_assert_refused("tables:\n  t:\n" LOCAL
                               "    key: [id]\n    columns:\n      id: {}\n",
                               "murr.yml:6: tables.t.columns.id.dtype: missing; it must be given");
    config_text_assert_refused("tables:\n  t:\n" LOCAL "    key: []\n",
                               "murr.yml:4: tables.t.key: must name at least one column");
}

static void config_takes_exactly_one_source(void **state)
{
    (void)state;
    config_text_assert_refused(
        "tables:\n  t:\n    source: {}\n    key: [id]\n",
        "murr.yml:3: tables.t.source: exactly one of local, s3 and iceberg must be given");
    config_text_assert_refused(
        "tables:\n  t:\n    source:\n      local: { path: x }\n      s3: {}\n    key: [id]\n",
        "murr.yml:5: tables.t.source: exactly one of local, s3 and iceberg must be "
        "given, found several");
    config_text_assert_refused(
        "tables:\n  t:\n    source:\n      s3: { prefix: b }\n    key: [id]\n",
        "murr.yml:4: tables.t.source.s3.bucket: missing; it must be given");
    config_text_assert_refused(
        "tables:\n  t:\n    source: { iceberg: {} }\n    key: [id]\n",
        "murr.yml:3: tables.t.source.iceberg: exactly one of catalog with table, "
        "metadata, and location must be given");
}

static void config_checks_key_columns(void **state)
{
    (void)state;
    const char *head = "tables:\n  t:\n" LOCAL;
    char yaml[512];
    snprintf(yaml, sizeof(yaml), "%s    key: [id, id]\n", head);
    config_text_assert_refused(yaml, "murr.yml:4: tables.t.key: column 'id' is given twice");
    snprintf(yaml, sizeof(yaml), "%s    key: [id]\n    columns: { x: { dtype: utf8 } }\n", head);
    config_text_assert_refused(
        yaml, "murr.yml:5: tables.t.columns: key column 'id' is not among the columns");
    snprintf(
        yaml, sizeof(yaml),
        "%s    key: [id]\n    columns:\n      id:\n        dtype: utf8\n        nullable: true\n",
        head);
    config_text_assert_refused(
        yaml, "murr.yml:8: tables.t.columns.id.nullable: a key column cannot be nullable");
    snprintf(yaml, sizeof(yaml), "%s    key: [id]\n    columns: { id: { dtype: float32 } }\n",
             head);
    config_text_assert_refused(
        yaml, "murr.yml:5: tables.t.columns.id.dtype: a key column is utf8, an integer, "
              "date, time, decimal or fixed_binary, not float32");
}

static void config_checks_table_names(void **state)
{
    (void)state;
    config_text_assert_refused(
        "tables:\n  ../etc: {}\n",
        "murr.yml:2: tables.../etc: '../etc' is not a table name: a name has letters, "
        "digits, '_', '-' and '.', begins with a letter or digit, and has at most 128 "
        "bytes");
    config_text_assert_refused(
        "tables:\n  \"\": {}\n",
        "murr.yml:2: tables.: '' is not a table name: a name has letters, digits, '_', '-' and "
        "'.', begins with a letter or digit, and has at most 128 bytes");
}

static void config_refuses_yaml_that_hides_things(void **state)
{
    (void)state;
    config_text_assert_refused("server:\n  port: 1\n  port: 2\n",
                               "murr.yml:3: 'port' is given twice; first at murr.yml:2");
    config_text_assert_refused("server: {}\n---\nserver: {}\n",
                               "murr.yml:2: a second YAML document; one file is one configuration");
    config_text_assert_refused("server: &a { port: 1 }\n",
                               "murr.yml:1: anchors (&name) are not supported");
    config_text_assert_refused("server: *a\n", "murr.yml:1: aliases (*name) are not supported");
    config_text_assert_refused("server: !!map {}\n", "murr.yml:1: tags (!name) are not supported");
    config_text_assert_refused(
        "? [a]\n: b\n", "murr.yml:1: a field's name must be a plain word, not a list or map");
    config_text_assert_refused("server: { port: 1\n",
                               "murr.yml:2: not valid YAML: did not find expected ',' or '}'");
    config_text_assert_refused("server:\n\tport: 1\n",
                               "murr.yml:2: not valid YAML: found character that cannot "
                               "start any token");
    char deep[64] = "x: ";
    memset(deep + 3, '[', 40);
    deep[43] = '\0';
    config_text_assert_refused(deep, "murr.yml:1: nested too deeply");
    config_text_assert_refused("server: { host: \"a\\0b\" }\n",
                               "murr.yml:1: a value contains a NUL character");
}

static void config_is_overridden_by_variables_and_flags(void **state)
{
    (void)state;
    const char *yaml = "server: { port: 1 }\ntables:\n  user-x:\n" LOCAL "    key: [id]\n"
                       "    columns: { id: { dtype: int32 } }\n";
    const char *env[] = {"PATH=/bin",
                         "MURR_SERVER__PORT=2",
                         "MURR_SERVER_MAX_BODY_BYTES=1KiB",
                         "MURR_TABLES__USER_X__PARTS=3",
                         "MURR_CONFIG=x",
                         "MURR_TEST_SEED=1",
                         "murr_nothing=1",
                         "MURR_TABLES__USER_X__COLUMNS__ID__DTYPE=int64",
                         "MURR_LOG_LEVEL=warn",
                         "MURR_TABLES__USER_X__COLUMNS__AGE__DTYPE=int8",
                         NULL};
    struct config c;
    struct err err;
    if (config_text_load(yaml, env, "tables.user-x.source.local.path=12", &c, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(c.n_tables, 1);
    assert_string_equal(c.tables[0].columns[1].name, "age"); /* a new one of a table in the file */
    assert_int_equal(c.server.port, 2);
    assert_int_equal(c.server.max_body_bytes, 1024);
    assert_int_equal(c.tables[0].parts, 3);
    assert_int_equal(c.tables[0].columns[0].type.dtype, DT_INT64);
    assert_string_equal(c.tables[0].source.local.path, "12");
    assert_int_equal(c.log.level, LOG_WARN);
    config_done(&c);
    if (config_text_load(yaml, env, "server.port=3", &c, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(c.server.port, 3); /* flags beat variables */
    config_done(&c);
}

static void config_begins_tables_from_overrides_alone(void **state)
{
    (void)state;
    const char *env[] = {"MURR_TABLES__B__SOURCE__LOCAL__PATH=/b", "MURR_TABLES__B__KEY=x,y", NULL};
    const char *sets[] = {"tables.a.source.local.path=/a", "tables.a.key=id",
                          "tables.a.columns.id.dtype=utf8"};
    struct config c;
    struct err err;
    if (config_load(NULL, env, sets, 3, &c, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(c.n_tables, 2);
    assert_string_equal(c.tables[0].name, "b");
    assert_int_equal(c.tables[0].n_key, 2);
    assert_string_equal(c.tables[0].key[1], "y");
    assert_string_equal(c.tables[1].source.local.path, "/a");
    assert_int_equal(c.tables[1].n_columns, 1);
    config_done(&c);
}

static void assert_override_refused(const char *variable, const char *set, const char *want)
{
    const char *env[] = {variable, NULL};
    struct config config;
    struct err err;
    if (config_text_load("tables:\n  t:\n" LOCAL "    key: [id]\n", env, set, &config, &err) == OK)
        fail_msg("accepted: %s %s", variable ? variable : "", set ? set : "");
    assert_string_equal(err.msg, want);
}

static void config_names_the_variable_or_flag_at_fault(void **state)
{
    (void)state;
    assert_override_refused(NULL, "server.prot=1",
                            "--set server.prot: unknown field; did you mean 'server.port'?");
    assert_override_refused(NULL, "server.port",
                            "--set server.port: expected FIELD=VALUE, as in server.port=9090");
    assert_override_refused(NULL, "server.port=x",
                            "--set server.port: server.port: expected a whole "
                            "number, found the string 'x'");
    assert_override_refused(NULL, "tables.t.part=4",
                            "--set tables.t.part: unknown field; did you mean 'tables.t.parts'?");
    assert_override_refused(NULL, "tables.u.parts=4",
                            "--set tables.u.parts: tables.u.source: missing; it must be given");
    assert_override_refused("MURR_SERVER__PORT=70000", NULL,
                            "MURR_SERVER__PORT: server.port: 70000 is out of range: 0 to 65535");
    assert_override_refused("MURR_SERVER__PROT=1", NULL,
                            "MURR_SERVER__PROT: names no known field; did you mean "
                            "'MURR_SERVER__PORT'?");
    assert_override_refused("MURR_COLOUR=red", NULL, "MURR_COLOUR: names no known field");
}

static void config_ignores_what_kubernetes_says_of_services(void **state)
{
    (void)state;
    const char *env[] = {"MURR_SERVICE_HOST=10.0.0.7",
                         "MURR_SERVICE_PORT=8080",
                         "MURR_SERVICE_PORT_HTTP=8080",
                         "MURR_PORT=tcp://10.0.0.7:8080",
                         "MURR_PORT_8080_TCP=tcp://10.0.0.7:8080",
                         "MURR_PORT_8080_TCP_PROTO=tcp",
                         "MURR_PORT_8080_TCP_PORT=8080",
                         "MURR_PORT_8080_TCP_ADDR=10.0.0.7",
                         "MURR_SERVER_PORT=tcp://10.0.0.7:8080",
                         "MURR_SERVER_SERVICE_HOST=10.0.0.7",
                         "MURR_SERVER__PORT=9",
                         NULL};
    struct config c;
    struct err err;
    if (config_text_load("", env, NULL, &c, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(c.server.port, 9);
    config_done(&c);
}

static void config_prints_what_it_reads_back(void **state)
{
    (void)state;
    AUTO(buf) struct buf first = {0}, second = {0};
    struct config c;
    struct err err;
    assert_int_equal(
        config_text_load(
            "server: { host: \"a: b\\n\" }\ntables:\n  1.5:\n"
            "    source: { local: { path: \"/d \\\"x\\\" \\\\ ü\" } }\n"
            "    key: [id]\n    columns: { id: { dtype: utf8 }, 'null': { dtype: bool } }\n",
            NULL, NULL, &c, &err),
        OK);
    config_print(&c, &first);
    config_done(&c);
    if (config_text_load(buf_cstr(&first), NULL, NULL, &c, &err))
        fail_msg("%s\n%s", err.msg, buf_cstr(&first));
    assert_string_equal(c.server.host, "a: b\n");
    assert_string_equal(c.tables[0].source.local.path, "/d \"x\" \\ ü");
    assert_string_equal(c.tables[0].columns[1].name, "null");
    config_print(&c, &second);
    assert_true(view_eq(buf_view(&first), buf_view(&second)));
    config_done(&c);
}

static void config_prints_characters_that_yaml_does_not_take(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = {0};
    struct config c;
    struct err err;
    const char *text =
        "\xc2\x80\xc2\x85\xc2\xa0\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbe\x7f\x01\xf0\x9f\x98\x80";
    assert_int_equal(
        config_text_load(
            "server: { host: \"\\u0080\\u0085\\u00a0\\u2028\\ufeff\\ufffe\\x7f\\x01\\U0001F600\" }",
            NULL, NULL, &c, &err),
        OK);
    assert_string_equal(c.server.host, text);
    config_print(&c, &out);
    config_done(&c);
    if (config_text_load(buf_cstr(&out), NULL, NULL, &c, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(c.server.host, text);
    config_done(&c);
}

static void config_says_when_the_file_is_missing(void **state)
{
    (void)state;
    struct config c;
    struct err err;
    assert_int_equal(config_load("nowhere.yml", NULL, NULL, 0, &c, &err), E_NOTFOUND);
    assert_non_null(strstr(err.msg, "nowhere.yml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_has_the_documented_defaults),
        cmocka_unit_test(config_reads_every_field),
        cmocka_unit_test(config_names_the_field_that_was_meant),
        cmocka_unit_test(config_refuses_wrong_types),
        cmocka_unit_test(config_refuses_values_out_of_range),
        cmocka_unit_test(config_refuses_missing_fields),
        cmocka_unit_test(config_takes_exactly_one_source),
        cmocka_unit_test(config_checks_key_columns),
        cmocka_unit_test(config_checks_table_names),
        cmocka_unit_test(config_refuses_yaml_that_hides_things),
        cmocka_unit_test(config_is_overridden_by_variables_and_flags),
        cmocka_unit_test(config_begins_tables_from_overrides_alone),
        cmocka_unit_test(config_names_the_variable_or_flag_at_fault),
        cmocka_unit_test(config_ignores_what_kubernetes_says_of_services),
        cmocka_unit_test(config_prints_what_it_reads_back),
        cmocka_unit_test(config_prints_characters_that_yaml_does_not_take),
        cmocka_unit_test(config_says_when_the_file_is_missing),
    };
    return cmocka_run_group_tests(tests, config_text_enter, config_text_leave);
}
