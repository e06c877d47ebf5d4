/* All tables: what must hold while they come and go. */
#include "engine/registry.h"

#include "base/mem.h"
#include "test.h"
#include "world.h"

#include <semaphore.h>
#include <stdio.h>

enum { TABLES = 20 };

/* A write_done_fn; `arg` is a semaphore. It may fail: the registry is on its way out. */
static void note_end(void *arg, enum code rc, const struct write_result *result,
                     const struct err *err)
{
    (void)rc;
    (void)result;
    (void)err;
    sem_post(arg);
}

/* `name` and the schema must stay to the end of it. */
static void enqueue(struct world *w, enum write_verb verb, const char *name,
                    const struct schema *schema, sem_t *ended)
{
    struct err err;
    const struct write_request request = {
        .verb = verb, .create = {name, schema}, .done = note_end, .arg = ended};
    assert_ok(registry_write(w->registry, view_cstr(name), &request, &err));
}

static void wait_for(sem_t *ended, size_t n)
{
    while (n)
        n -= sem_wait(ended) == 0;
}

/* A writer takes tables out of the list, and puts others in, while the end goes through it:
 * ThreadSanitizer looks on. */
static void registry_closes_while_tables_come_and_go(void **state)
{
    const struct registry_config config = {
        .load = {.threads = 1}, .write = {.memory_bytes = 16 << 20, .queue_bytes = 1 << 20}};
    AUTO(schema) struct schema schema = {0};
    struct world w;
    sem_t ended;
    char old[TABLES][16], fresh[TABLES][16];
    (void)state;
    schema_add_plain(&schema, view_cstr("id"), DT_INT64, false);
    schema_add_key(&schema, 0);
    sem_init(&ended, 0, 0);
    world_init(&w);
    world_open(&w, &config);
    registry_start(w.registry);
    for (size_t i = 0; i < TABLES; i++) {
        snprintf(old[i], sizeof(old[i]), "a%zu", i);
        snprintf(fresh[i], sizeof(fresh[i]), "b%zu", i);
        enqueue(&w, WRITE_CREATE, old[i], &schema, &ended);
    }
    wait_for(&ended, TABLES);
    for (size_t i = 0; i < TABLES; i++) {
        enqueue(&w, WRITE_DROP, old[i], &schema, &ended);
        enqueue(&w, WRITE_CREATE, fresh[i], &schema, &ended);
    }
    wait_for(&ended, TABLES / 2);
    world_done(&w);
    wait_for(&ended, 2 * TABLES - TABLES / 2);
    sem_destroy(&ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_closes_while_tables_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
