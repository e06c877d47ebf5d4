/* The storey of a world that a test with a registry of its own does without. */
#include "world.h"

#include "test.h"

#include <semaphore.h>

void world_open(struct world *w, const struct registry_config *config)
{
    struct registry_config own = *config;
    struct err err;
    own.data_dir = w->dir;
    assert_ok(registry_open(&own, &w->registry, &err));
    w->close_registry = registry_close;
}

/* A write_done_fn; `arg` is a semaphore. */
static void must_be_done(void *arg, enum code rc, const struct write_result *result,
                         const struct err *err)
{
    (void)result;
    if (rc)
        fail_msg("%s", err->msg);
    sem_post(arg);
}

void world_create_table(struct world *w, const struct registry_config *config, const char *table,
                        const struct schema *schema)
{
    struct err err;
    sem_t is_done;
    const struct write_request create = {
        .verb = WRITE_CREATE, .create = {table, schema}, .done = must_be_done, .arg = &is_done};
    sem_init(&is_done, 0, 0);
    world_open(w, config);
    registry_start(w->registry);
    assert_ok(registry_write(w->registry, view_cstr(table), &create, &err));
    while (sem_wait(&is_done) < 0)
        continue;
    registry_close(w->registry);
    w->registry = NULL;
    sem_destroy(&is_done);
}
