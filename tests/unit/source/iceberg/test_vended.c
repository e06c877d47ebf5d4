/* Credentials that a catalog hands out, as the stores of a table use them. */
#include "source/iceberg/vended.h"

#include "base/clock.h"
#include "base/mem.h"
#include "remote/identity/credentials.h"

#include "catalog_world.h"
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#define T "/v1/namespaces/db/tables/t"
#define CONFIG                          \
    {                                   \
        "/v1/config", 200, "{}", {0}, 0 \
    }
#define WITH_CREDENTIALS                                                          \
    {                                                                             \
        "/v1/config", 200,                                                        \
            "{\"endpoints\":[\"GET "                                              \
            "/v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials\"]}", \
            {0}, 0                                                                \
    }

/* `expires`: of its end, in ms; "": never. */
#define KEYS(id, expires)                                                                        \
    "{\"s3.access-key-id\":\"" id "\",\"s3.secret-access-key\":\"s\",\"s3.session-token\":\"t\"" \
    ",\"s3.session-token-expires-at-ms\":\"" expires "\"}"
#define TABLE(id, expires)  "{\"metadata\":{},\"config\":" KEYS(id, expires) "}"
#define STORAGE(prefix, id) "{\"prefix\":\"" prefix "\",\"config\":" KEYS(id, "") "}"

static struct vended *vended;

static struct s3_config empty_config(void)
{
    return (struct s3_config){.region = mem_strdup("here"), .endpoint = mem_strdup("")};
}

/* A store of a test: it has settings, a loan and a chain. */
struct store {
    struct s3_config config;
    struct vended_loan loan;
    struct credentials_origin origin;
    struct credentials_chain *chain;
};

static void open_store(struct store *s, const char *uri)
{
    const struct vended_grant *grant = vended_find(vended, uri);
    assert_non_null(grant);
    s->config = empty_config();
    assert_true(vended_lend(vended, grant, &s->config, &s->loan, &s->origin));
    s->chain = credentials_chain_new(&s->config, "here", &s->origin);
}

static void close_store(struct store *s)
{
    credentials_chain_free(s->chain);
    s3_config_done(&s->config);
}

static enum code get(struct store *s, struct credentials *out, struct err *err)
{
    struct credentials_wait wait = {0};
    for (bool is_ready = false;;) {
        enum code rc = credentials_try(s->chain, &wait, out, &is_ready, err);
        if (rc || is_ready)
            return rc;
        usleep(1000);
    }
}

static void assert_keys(struct store *s, const char *id)
{
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_ok(get(s, &c, &err));
    assert_string_equal(c.access_key_id, id);
    assert_string_equal(c.session_token, "t");
}

static void refuse(struct store *s, const char *id)
{
    AUTO(credentials) struct credentials c = {mem_strdup(id), mem_strdup("s"), mem_strdup("t"), 0};
    credentials_refused(s->chain, &c);
}

/* Open the catalog, ask it once, and take over what it hands out. */
static void begin(void)
{
    struct err err;
    struct remote_op op = {0};
    struct catalog_question q = {.table = "db.t"};
    AUTO(catalog_answer) struct catalog_answer a = {0};
    bool same;
    catalog_world_catalog("");
    vended = vended_new(catalog_renew, w.catalog, "db.t");
    assert_ok(catalog_ask(w.catalog, &q, &op, &a, &same, &err));
    vended_update(vended, &a);
    scripted_server_asked(w.server);
}

static int end(void **state)
{
    vended_free(vended);
    return catalog_world_close_catalog(state);
}

static unsigned n_asked(void)
{
    unsigned n = 0;
    for (const char *p = scripted_server_asked(w.server); *p; p++)
        n += *p == '\n';
    return n;
}

static void the_longest_prefix_counts(void **state)
{
    (void)state;
    play(CONFIG, {T,
                  200,
                  "{\"metadata\":{},\"config\":" KEYS("T", "") ",\"storage-credentials\":[" //
                  STORAGE("s3://b/x/", "X") "," STORAGE("s3a://b/x/y", "Y") "]}",
                  {0},
                  0});
    begin();
    const struct {
        const char *uri, *id;
    } cases[] = {{"s3://b/x/1", "X"},  {"s3n://b/x/y/1", "Y"}, {"s3a://b/x/yz", "Y"},
                 {"s3://b/z/1", "T"},  {"s3://c/x/1", "T"},    {"s3://b/x", "T"},
                 {"s3a://b/x/1", "X"}, {"file:///etc", "T"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store s;
        open_store(&s, cases[i].uri);
        assert_keys(&s, cases[i].id);
        close_store(&s);
    }
    assert_int_equal(n_asked(), 0);
}

static void a_grant_says_where_the_store_is(void **state)
{
    (void)state;
    play(CONFIG, {T,
                  200,
                  "{\"metadata\":{},\"config\":{\"s3.endpoint\":\"http://e\",\"s3.region\":\"r\","
                  "\"s3.path-style-access\":\"false\"}}",
                  {0},
                  0});
    begin();
    struct s3_config config = empty_config();
    struct vended_loan loan;
    struct credentials_origin origin;
    assert_false(vended_lend(vended, vended_find(vended, "s3://b/x"), &config, &loan, &origin));
    assert_string_equal(config.endpoint, "http://e");
    assert_string_equal(config.region, "r");
    assert_int_equal(config.addressing, S3_ADDRESSING_VIRTUAL);
    assert_true(config.endpoint_is_foreign);
    s3_config_done(&config);
}

static void a_prefix_inherits_where_the_store_is_from_the_table(void **state)
{
    (void)state;
    play(CONFIG,
         {T,
          200,
          "{\"metadata\":{},\"config\":{\"s3.endpoint\":\"http://e\",\"s3.region\":\"r\"},"
          "\"storage-credentials\":[{\"prefix\":\"s3://b/\",\"config\":{\"s3.region\":\"q\","
          "\"s3.access-key-id\":\"A\",\"s3.secret-access-key\":\"s\"}}]}",
          {0},
          0});
    begin();
    struct s3_config config = empty_config();
    struct vended_loan loan;
    struct credentials_origin origin;
    assert_true(vended_lend(vended, vended_find(vended, "s3://b/x"), &config, &loan, &origin));
    assert_string_equal(config.endpoint, "http://e");
    assert_string_equal(config.region, "q");
    s3_config_done(&config);
}

static void refused_credentials_are_renewed_by_loading_the_table(void **state)
{
    (void)state;
    play(CONFIG, {T, 200, TABLE("A", ""), {0}, 1}, {T, 200, TABLE("B", ""), {0}, 1},
         {T, 503, NULL, {0}, 0});
    begin();
    struct store s;
    struct err err;
    open_store(&s, "s3://b/1");
    assert_keys(&s, "A");
    assert_keys(&s, "A");
    assert_int_equal(n_asked(), 0);
    refuse(&s, "A");
    assert_keys(&s, "B");
    assert_int_equal(n_asked(), 1);
    refuse(&s, "B");
    AUTO(credentials) struct credentials c = {0};
    assert_fails(get(&s, &c, &err), E_IO,
                 "credentials: catalog lake: new credentials: table db.t: status 503");
    close_store(&s);
}

static void the_path_for_credentials_is_used_where_there_is_one(void **state)
{
    (void)state;
    play(WITH_CREDENTIALS, {T, 200, TABLE("A", ""), {0}, 1},
         {T "/credentials",
          200,
          "{\"storage-credentials\":[" STORAGE("", "no") "," STORAGE("s3://b/", "B") "]}",
          {0},
          1},
         {T "/credentials", 404, NULL, {0}, 0}, {T, 200, TABLE("C", ""), {0}, 0});
    begin();
    struct store s;
    open_store(&s, "s3://b/1");
    assert_keys(&s, "A");
    refuse(&s, "A");
    /* The store keeps to the grant that it was opened with, whose prefix the answer lacks. */
    assert_keys(&s, "A");
    assert_asked("GET " T "/credentials\n");
    struct store t;
    open_store(&t, "s3://b/1");
    assert_keys(&t, "B");
    refuse(&s, "A");
    assert_keys(&s, "C");
    assert_asked("GET " T "/credentials\n"
                 "GET " T "?snapshots=refs x-iceberg-access-delegation=vended-credentials\n");
    close_store(&s);
    close_store(&t);
}

static void the_table_may_say_where_its_credentials_are(void **state)
{
    (void)state;
    struct err err;
    const char *places[] = {"v1/creds", "/v1/creds", "%BASE%/v1/creds", "http://127.0.0.1:1/v1"};
    for (size_t i = 0; i < 4; i++) {
        AUTO(buf) struct buf table = {0};
        buf_printf(&table,
                   "{\"metadata\":{},\"config\":{\"client.refresh-credentials-endpoint\":\"%s\"},"
                   "\"storage-credentials\":[" STORAGE("s3://b/", "A") "]}",
                   places[i]);
        play(CONFIG, {T, 200, buf_cstr(&table), {0}, 0},
             {"/v1/creds", 200, "{\"storage-credentials\":[" STORAGE("s3://b/", "B") "]}", {0}, 0});
        begin();
        struct store s;
        open_store(&s, "s3://b/1");
        assert_keys(&s, "A");
        refuse(&s, "A");
        AUTO(credentials) struct credentials c = {0};
        if (i < 3)
            assert_keys(&s, "B");
        else
            assert_fails(get(&s, &c, &err), E_INVALID, "which is another host");
        close_store(&s);
        end(NULL);
        vended = NULL;
    }
}

static void credentials_that_have_ended_are_renewed_first(void **state)
{
    (void)state;
    play(CONFIG, {T, 200, TABLE("A", "1000"), {0}, 1},
         {T, 200, TABLE("B", "9000000000000"), {0}, 1}, {T, 200, TABLE("C", "2000"), {0}, 0});
    begin();
    struct store s;
    open_store(&s, "s3://b/1");
    assert_keys(&s, "B");
    refuse(&s, "B");
    struct err err;
    AUTO(credentials) struct credentials c = {0};
    assert_fails(get(&s, &c, &err), E_INVALID, "expired");
    close_store(&s);
}

/* Many stores whose credentials were refused at the same time ask the catalog once. */
static void one_renewal_serves_all_stores(void **state)
{
    (void)state;
    enum { N = 8 };
    struct store stores[N];
    struct credentials c[N] = {0};
    struct credentials_wait waits[N] = {0};
    struct err err;
    play(CONFIG, {T, 200, TABLE("A", ""), {0}, 1}, {T, 200, TABLE("B", ""), {0}, 0});
    begin();
    for (int i = 0; i < N; i++) {
        open_store(&stores[i], "s3://b/1");
        assert_keys(&stores[i], "A");
        refuse(&stores[i], "A");
    }
    unsigned n_ready = 0;
    for (bool is_ready; n_ready < N; usleep(1000))
        for (int i = 0; i < N; i++) {
            if (c[i].access_key_id)
                continue;
            assert_ok(credentials_try(stores[i].chain, &waits[i], &c[i], &is_ready, &err));
            n_ready += is_ready;
        }
    for (int i = 0; i < N; i++) {
        assert_string_equal(c[i].access_key_id, "B");
        credentials_done(&c[i]);
        close_store(&stores[i]);
    }
    assert_int_equal(n_asked(), 1);
}

/* A later poll brings new ones, so the catalog need not be asked for them. */
static void answers_of_polls_renew_too(void **state)
{
    (void)state;
    struct err err;
    struct remote_op op = {0};
    struct catalog_question q = {.table = "db.t"};
    AUTO(catalog_answer) struct catalog_answer a = {0};
    bool same;
    play(CONFIG, {T, 200, TABLE("A", ""), {0}, 1}, {T, 200, TABLE("B", ""), {0}, 1});
    begin();
    struct store s;
    open_store(&s, "s3://b/1");
    assert_keys(&s, "A");
    assert_ok(catalog_ask(w.catalog, &q, &op, &a, &same, &err));
    vended_update(vended, &a);
    n_asked();
    refuse(&s, "A");
    assert_keys(&s, "B");
    assert_int_equal(n_asked(), 0);
    close_store(&s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
    const struct CMUnitTest tests[] = {
        TEST(the_longest_prefix_counts),
        TEST(a_grant_says_where_the_store_is),
        TEST(a_prefix_inherits_where_the_store_is_from_the_table),
        TEST(refused_credentials_are_renewed_by_loading_the_table),
        TEST(the_path_for_credentials_is_used_where_there_is_one),
        TEST(the_table_may_say_where_its_credentials_are),
        TEST(credentials_that_have_ended_are_renewed_first),
        TEST(one_renewal_serves_all_stores),
        TEST(answers_of_polls_renew_too),
    };
    return cmocka_run_group_tests(tests, catalog_world_open, catalog_world_close);
}
