/* Groups of writes: what each of them is told, in which order, and what they may take. */
#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "engine/registry.h"
#include "sample_rows.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

enum { WRITES_MAX = 256 };

struct world;

/* One write, and what was said of it. */
struct told {
    struct world *world;
    struct buf body;
    enum code rc;
    struct err err;
    size_t turn; /* it was told as the how manieth */
};

/* A registry with one table "t": a key "id", a text "v". */
struct world {
    char *dir;
    struct registry *registry;
    pthread_mutex_t lock;
    pthread_cond_t all_told;
    size_t n_writes, n_told;
    struct told writes[WRITES_MAX];
};

/* A write_done_fn. */
static void must_be_created(void *arg, enum code rc, const struct write_result *result,
                            const struct err *err)
{
    (void)result;
    if (rc)
        fail_msg("%s", err->msg);
    sem_post(arg);
}

/* By a registry of its own, so that the one of the test has no threads yet. */
static void create_table(const struct registry_config *config)
{
    struct err err;
    struct registry *r;
    struct schema schema = {0};
    sem_t is_created;
    sem_init(&is_created, 0, 0);
    schema_add_plain(&schema, view_cstr("id"), DT_INT64, false);
    schema_add_plain(&schema, view_cstr("v"), DT_UTF8, true);
    schema_add_key(&schema, 0);
    assert_ok(registry_open(config, &r, &err));
    registry_start(r);
    const struct write_request create = {.verb = WRITE_CREATE,
                                         .create = {"t", &schema},
                                         .done = must_be_created,
                                         .arg = &is_created};
    assert_ok(registry_write(r, view_cstr("t"), &create, &err));
    while (sem_wait(&is_created) < 0)
        continue;
    registry_close(r);
    sem_destroy(&is_created);
    schema_done(&schema);
}

static void world_init(struct world *w, uint64_t quota_bytes)
{
    struct err err;
    *w = (struct world){.dir = temp_dir_new(),
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .all_told = PTHREAD_COND_INITIALIZER};
    const struct registry_config config = {
        .data_dir = w->dir,
        .load = {.threads = 2},
        .write = {.memory_bytes = 16 << 20, .queue_bytes = 1 << 30, .quota_bytes = quota_bytes},
    };
    create_table(&config);
    assert_ok(registry_open(&config, &w->registry, &err));
}

static void world_done(struct world *w)
{
    registry_close(w->registry);
    for (size_t i = 0; i < w->n_writes; i++)
        buf_done(&w->writes[i].body);
    temp_dir_done(&w->dir);
}

/* A write_done_fn. */
static void tell(void *arg, enum code rc, const struct write_result *result, const struct err *err)
{
    struct told *t = arg;
    (void)result;
    pthread_mutex_lock(&t->world->lock);
    t->rc = rc;
    if (rc)
        t->err = *err;
    t->turn = t->world->n_told++;
    pthread_cond_signal(&t->world->all_told);
    pthread_mutex_unlock(&t->world->lock);
}

/* Queue the body that was put last. */
static void put(struct world *w, enum write_verb verb)
{
    struct err err;
    struct told *t = &w->writes[w->n_writes++];
    t->world = w;
    const struct write_request request = {
        .verb = verb, .body = {.bytes = buf_view(&t->body)}, .done = tell, .arg = t};
    assert_ok(registry_write(w->registry, view_cstr("t"), &request, &err));
}

static void put_deletes(struct world *w, size_t n)
{
    struct buf *b = &w->writes[w->n_writes].body;
    buf_puts(b, "{\"keys\": [0");
    for (size_t i = 1; i < n; i++)
        buf_printf(b, ",%zu", i);
    buf_puts(b, "]}");
    put(w, WRITE_DELETE);
}

/* Rows from `first` on, with texts of so many bytes. */
static void put_rows(struct world *w, size_t first, size_t n, size_t text_bytes)
{
    struct buf *b = &w->writes[w->n_writes].body;
    AUTO(ptr) char *text = mem_alloc(text_bytes);
    memset(text, 'x', text_bytes);
    buf_puts(b, "{\"columns\": {\"id\": [");
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%zu", i ? "," : "", first + i);
    buf_puts(b, "], \"v\": [");
    for (size_t i = 0; i < n; i++) {
        buf_puts(b, i ? ",\"" : "\"");
        buf_put(b, text, text_bytes);
        buf_puts(b, "\"");
    }
    buf_puts(b, "]}}");
    put(w, WRITE_UPSERT);
}

/* All were queued before the writers begin, so that they make one group. */
static void run(struct world *w)
{
    registry_start(w->registry);
    pthread_mutex_lock(&w->lock);
    while (w->n_told < w->n_writes)
        pthread_cond_wait(&w->all_told, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static uint64_t n_rows(const struct world *w)
{
    struct err err;
    struct snapshot *s;
    assert_ok(registry_snapshot(w->registry, view_cstr("t"), &s, &err));
    uint64_t n = snapshot_n_rows(s);
    snapshot_unref(s);
    return n;
}

enum { TOO_LONG = 5 << 20 };

/* They are more than fit on top of a table before it is merged. */
static void writes_beside_one_that_is_too_long_are_all_done_in_order(void **state)
{
    enum { N = 40 };
    struct world w;
    (void)state;
    world_init(&w, 0);
    put_rows(&w, 0, 1, TOO_LONG);
    for (size_t i = 0; i < N; i++)
        put_rows(&w, i, 1, 1);
    run(&w);
    for (size_t i = 0; i <= N; i++) {
        if (w.writes[i].rc != (i ? OK : E_LIMIT))
            fail_msg("write %zu: %s %s", i, code_name(w.writes[i].rc), w.writes[i].err.msg);
        assert_int_equal(w.writes[i].turn, i);
    }
    assert_int_equal(n_rows(&w), N);
    world_done(&w);
}

static long peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void writes_beside_one_that_is_too_long_keep_to_their_memory(void **state)
{
    enum { N = 100, ROWS = 1000 };
    struct world w;
    (void)state;
    if (is_sanitized)
        skip();
    world_init(&w, 0);
    put_rows(&w, 0, 1, TOO_LONG);
    for (size_t i = 0; i < N; i++)
        put_rows(&w, i * ROWS, ROWS, 1);
    long before = peak_mib();
    run(&w);
    assert_in_range(peak_mib() - before, 0, 128);
    assert_int_equal(n_rows(&w), N * ROWS);
    world_done(&w);
}

static void a_quota_that_deletes_have_used_up_is_told_as_it_is(void **state)
{
    struct err err;
    struct world w;
    (void)state;
    world_init(&w, 1);
    put_deletes(&w, 10);
    put_rows(&w, 0, 1, 1);
    put_rows(&w, 0, 0, 0);
    run(&w);
    assert_int_equal(w.writes[0].rc, OK);
    err = w.writes[1].err;
    assert_fails(w.writes[1].rc, E_NOSPACE, "is used up; 0 bytes left");
    assert_int_equal(w.writes[2].rc, OK); /* no rows take no room */
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_beside_one_that_is_too_long_keep_to_their_memory),
        cmocka_unit_test(writes_beside_one_that_is_too_long_are_all_done_in_order),
        cmocka_unit_test(a_quota_that_deletes_have_used_up_is_told_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
