/* Groups of writes: what each of them is told, in which order, and what they may take. */
#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sample_rows.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

enum { WRITES_MAX = 256 };

struct queue;

/* One write, and what was said of it. */
struct told {
    struct queue *queue;
    struct buf body;
    enum code rc;
    struct err err;
    size_t turn; /* it was told as the how manieth */
};

/* A registry with one table "t": a key "id", a text "v"; and what is written to it. */
struct queue {
    struct world world;
    pthread_mutex_t lock;
    pthread_cond_t all_told;
    size_t n_writes, n_told;
    struct told writes[WRITES_MAX];
};

static void queue_init(struct queue *q, uint64_t quota_bytes)
{
    *q = (struct queue){.lock = PTHREAD_MUTEX_INITIALIZER, .all_told = PTHREAD_COND_INITIALIZER};
    const struct registry_config config = {
        .load = {.threads = 2},
        .write = {.memory_bytes = 16 << 20, .queue_bytes = 1 << 30, .quota_bytes = quota_bytes},
    };
    struct schema schema = {0};
    schema_add_plain(&schema, view_cstr("id"), DT_INT64, false);
    schema_add_plain(&schema, view_cstr("v"), DT_UTF8, true);
    schema_add_key(&schema, 0);
    world_init(&q->world);
    world_create_table(&q->world, &config, "t", &schema);
    world_open(&q->world, &config);
    schema_done(&schema);
}

static void queue_done(struct queue *q)
{
    world_done(&q->world);
    for (size_t i = 0; i < q->n_writes; i++)
        buf_done(&q->writes[i].body);
}

/* A write_done_fn. */
static void tell(void *arg, enum code rc, const struct write_result *result, const struct err *err)
{
    struct told *t = arg;
    (void)result;
    pthread_mutex_lock(&t->queue->lock);
    t->rc = rc;
    if (rc)
        t->err = *err;
    t->turn = t->queue->n_told++;
    pthread_cond_signal(&t->queue->all_told);
    pthread_mutex_unlock(&t->queue->lock);
}

/* Queue the body that was put last. */
static void put(struct queue *q, enum write_verb verb)
{
    struct err err;
    struct told *t = &q->writes[q->n_writes++];
    t->queue = q;
    const struct write_request request = {
        .verb = verb, .body = {.bytes = buf_view(&t->body)}, .done = tell, .arg = t};
    assert_ok(registry_write(q->world.registry, view_cstr("t"), &request, &err));
}

static void put_deletes(struct queue *q, size_t n)
{
    struct buf *b = &q->writes[q->n_writes].body;
    buf_puts(b, "{\"keys\": [0");
    for (size_t i = 1; i < n; i++)
        buf_printf(b, ",%zu", i);
    buf_puts(b, "]}");
    put(q, WRITE_DELETE);
}

/* Rows from `first` on, with texts of so many bytes. */
static void put_rows(struct queue *q, size_t first, size_t n, size_t text_bytes)
{
    struct buf *b = &q->writes[q->n_writes].body;
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
    put(q, WRITE_UPSERT);
}

/* All were queued before the writers begin, so that they make one group. */
static void run(struct queue *q)
{
    registry_start(q->world.registry);
    pthread_mutex_lock(&q->lock);
    while (q->n_told < q->n_writes)
        pthread_cond_wait(&q->all_told, &q->lock);
    pthread_mutex_unlock(&q->lock);
}

static uint64_t n_rows(const struct queue *q)
{
    struct err err;
    struct snapshot *s;
    assert_ok(registry_snapshot(q->world.registry, view_cstr("t"), &s, &err));
    uint64_t n = snapshot_n_rows(s);
    snapshot_unref(s);
    return n;
}

enum { TOO_LONG = 5 << 20 };

/* They are more than fit on top of a table before it is merged. */
static void writes_beside_one_that_is_too_long_are_all_done_in_order(void **state)
{
    enum { N = 40 };
    struct queue q;
    (void)state;
    queue_init(&q, 0);
    put_rows(&q, 0, 1, TOO_LONG);
    for (size_t i = 0; i < N; i++)
        put_rows(&q, i, 1, 1);
    run(&q);
    for (size_t i = 0; i <= N; i++) {
        if (q.writes[i].rc != (i ? OK : E_LIMIT))
            fail_msg("write %zu: %s %s", i, code_name(q.writes[i].rc), q.writes[i].err.msg);
        assert_int_equal(q.writes[i].turn, i);
    }
    assert_int_equal(n_rows(&q), N);
    queue_done(&q);
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
    struct queue q;
    (void)state;
    if (is_sanitized)
        skip();
    queue_init(&q, 0);
    put_rows(&q, 0, 1, TOO_LONG);
    for (size_t i = 0; i < N; i++)
        put_rows(&q, i * ROWS, ROWS, 1);
    long before = peak_mib();
    run(&q);
    assert_in_range(peak_mib() - before, 0, 128);
    assert_int_equal(n_rows(&q), N * ROWS);
    queue_done(&q);
}

static void a_quota_that_deletes_have_used_up_is_told_as_it_is(void **state)
{
    struct err err;
    struct queue q;
    (void)state;
    queue_init(&q, 1);
    put_deletes(&q, 10);
    put_rows(&q, 0, 1, 1);
    put_rows(&q, 0, 0, 0);
    run(&q);
    assert_int_equal(q.writes[0].rc, OK);
    err = q.writes[1].err;
    assert_fails(q.writes[1].rc, E_NOSPACE, "(write.quota): 0 bytes are left");
    assert_int_equal(q.writes[2].rc, OK); /* no rows take no room */
    queue_done(&q);
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
