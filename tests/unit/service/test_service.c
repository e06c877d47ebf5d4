/* The service without a protocol: who is let in, what is read, written, listed and counted. */
#include "service/service.h"

#include "sample_rows.h"
#include "service/read.h"
#include "service/write.h"
#include "test.h"
#include "world.h"

#include <semaphore.h>

struct room {
    struct world world;
    sem_t is_told;
    enum code rc; /* of the write that was told last */
    uint64_t n_rows;
    struct err err;
};

/* A service over one table "t": a key "id", a float32 "v". */
static void room_init(struct room *r, bool read_only)
{
    const struct registry_config config = {
        .load = {.threads = 1}, .write = {.memory_bytes = 16 << 20, .queue_bytes = 1 << 20}};
    const struct service_config service = {
        .max_keys = 10, .max_columns = 3, .read_only = read_only};
    AUTO(schema) struct schema schema = {0};
    schema_add_plain(&schema, view_cstr("id"), DT_INT64, false);
    schema_add_plain(&schema, view_cstr("v"), DT_FLOAT32, true);
    schema_add_key(&schema, 0);
    *r = (struct room){0};
    sem_init(&r->is_told, 0, 0);
    world_init(&r->world);
    world_create_table(&r->world, &config, "t", &schema);
    world_open(&r->world, &config);
    world_open_service(&r->world, r->world.registry, &service);
    registry_start(r->world.registry);
}

static void room_done(struct room *r)
{
    world_done(&r->world);
    sem_destroy(&r->is_told);
}

/* A write_done_fn. */
static void tell(void *arg, enum code rc, const struct write_result *result, const struct err *err)
{
    struct room *r = arg;
    r->rc = rc;
    r->n_rows = rc ? 0 : result->n_rows;
    if (rc)
        r->err = *err;
    sem_post(&r->is_told);
}

static struct admitted admit(struct room *r, enum service_action action, const char *table)
{
    struct admitted a;
    struct err err;
    assert_ok(service_admit(r->world.service, action, view_cstr(table), &a, &err));
    return a;
}

static enum code write(struct room *r, const char *table, const char *json)
{
    struct admitted a = admit(r, ACTION_WRITE, table);
    const struct write_request request = {.verb = WRITE_UPSERT,
                                          .form = WRITE_JSON,
                                          .body = {.bytes = view_cstr(json)},
                                          .done = tell,
                                          .arg = r};
    service_write(&a, &request);
    while (sem_wait(&r->is_told) < 0)
        continue;
    return r->rc;
}

/* The answer as text, in the arena. */
static enum code read(struct room *r, const char *table, const char *json, const char **out,
                      struct err *err)
{
    struct admitted a = admit(r, ACTION_READ, table);
    const struct read_request request = {
        .body = view_cstr(json), .answer_form = ANSWER_JSON, .shape = BATCH_MAP};
    struct read_answer answer;
    TRY(service_read(&a, &request, &r->world.arena, &answer, err));
    *out = arena_strndup(&r->world.arena, answer.body, answer.len);
    free(answer.body);
    return OK;
}

static const char *metrics(struct room *r)
{
    struct admitted a = admit(r, ACTION_OBSERVE, "");
    AUTO(buf) struct buf text = {0};
    service_put_metrics(&a, &text, METRICS_PROMETHEUS);
    return arena_strndup(&r->world.arena, text.ptr, text.len);
}

static void service_reads_what_was_written(void **state)
{
    (void)state;
    struct room r;
    struct err err;
    const char *text;
    room_init(&r, false);
    assert_int_equal(write(&r, "t", "{\"columns\": {\"id\": [1, 2], \"v\": [0.5, null]}}"), OK);
    assert_int_equal(r.n_rows, 2);
    assert_ok(read(&r, "t", "{\"keys\": [2, 1, 3]}", &text, &err));
    assert_string_equal(text, "{\"columns\":{\"v\":[null,0.5,null]}}");
    room_done(&r);
}

static void service_counts_on_the_table(void **state)
{
    (void)state;
    struct room r;
    struct err err;
    const char *text;
    room_init(&r, false);
    assert_int_equal(write(&r, "t", "{\"columns\": {\"id\": [1, 2], \"v\": [1, 2]}}"), OK);
    assert_int_equal(write(&r, "t", "{\"columns\": {\"id\": [null]}}"), E_INVALID);
    assert_int_equal(write(&r, "nobody", "{\"columns\": {\"id\": [1]}}"), E_NOTFOUND);
    assert_ok(read(&r, "t", "{\"keys\": [1, 2, 3]}", &text, &err));
    assert_fails(read(&r, "t", "{\"keys\": [1", &text, &err), E_INVALID, "");
    text = metrics(&r);
    assert_non_null(strstr(text, "murr_writes_total{table=\"t\",result=\"ok\"} 1\n"));
    assert_non_null(strstr(text, "murr_writes_total{table=\"t\",result=\"error\"} 1\n"));
    assert_non_null(strstr(text, "murr_written_rows_total{table=\"t\"} 2\n"));
    assert_non_null(strstr(text, "murr_fetch_cells_total{table=\"t\",status=\"found\"} 2\n"));
    assert_non_null(strstr(text, "murr_fetch_cells_total{table=\"t\",status=\"missing\"} 1\n"));
    assert_non_null(strstr(text, "murr_fetch_keys_sum 3\n"));
    assert_non_null(
        strstr(text, "murr_fetch_duration_seconds_count{table=\"t\",format=\"json\"} 1\n"));
    assert_null(strstr(text, "nobody"));
    room_done(&r);
}

static void service_lets_nothing_in_that_changes_where_it_is_read_only(void **state)
{
    (void)state;
    struct room r;
    struct admitted a;
    struct err err;
    room_init(&r, true);
    for (enum service_action action = ACTION_OBSERVE; action <= ACTION_READ; action++)
        assert_ok(service_admit(r.world.service, action, view_cstr("t"), &a, &err));
    for (enum service_action action = ACTION_WRITE; action <= ACTION_MANAGE; action++)
        assert_fails(service_admit(r.world.service, action, view_cstr("t"), &a, &err), E_READONLY,
                     "server.read_only");
    room_done(&r);
}

static void service_keeps_its_limits(void **state)
{
    (void)state;
    struct room r;
    struct err err;
    const char *text;
    room_init(&r, false);
    assert_ok(read(&r, "t", "{\"keys\": [1,2,3,4,5,6,7,8,9,10]}", &text, &err));
    assert_fails(read(&r, "t", "{\"keys\": [1,2,3,4,5,6,7,8,9,10,11]}", &text, &err), E_LIMIT,
                 "10");
    assert_fails(
        read(&r, "t", "{\"keys\": [1], \"columns\": [\"v\",\"id\",\"a\",\"b\"]}", &text, &err),
        E_LIMIT, "3");
    assert_fails(read(&r, "u", "{\"keys\": [1]}", &text, &err), E_NOTFOUND, "'u'");
    room_done(&r);
}

static void service_lists_tables_with_their_schemas(void **state)
{
    (void)state;
    struct room r;
    struct table_list list;
    room_init(&r, false);
    struct admitted a = admit(&r, ACTION_LIST, "");
    service_list(&a, &r.world.arena, &list);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.tables[0].name, "t");
    assert_string_equal(list.tables[0].schema->fields[1].name, "v");
    table_list_done(&list);
    room_done(&r);
}

static void service_knows_what_is_in_flight_and_that_it_ends(void **state)
{
    (void)state;
    struct room r;
    room_init(&r, false);
    service_enter(r.world.service);
    service_enter(r.world.service);
    service_leave(r.world.service);
    assert_int_equal(service_in_flight(r.world.service), 1);
    assert_false(service_is_draining(r.world.service));
    service_set_draining(r.world.service);
    assert_true(service_is_draining(r.world.service));
    room_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_reads_what_was_written),
        cmocka_unit_test(service_counts_on_the_table),
        cmocka_unit_test(service_lets_nothing_in_that_changes_where_it_is_read_only),
        cmocka_unit_test(service_keeps_its_limits),
        cmocka_unit_test(service_lists_tables_with_their_schemas),
        cmocka_unit_test(service_knows_what_is_in_flight_and_that_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
