#include "service/write.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/registry.h"
#include "service/service_priv.h"

#include <assert.h>

/* A write, from its request to its outcome. */
struct counted_write {
    struct table_counters *counters; /* NULL: it is not counted */
    uint64_t body_bytes, start_ns;
    write_done_fn done;
    void *arg;
};

static bool has_rows(enum write_verb verb)
{
    return verb == WRITE_UPSERT || verb == WRITE_DELETE;
}

static void count(const struct counted_write *w, enum code rc, const struct write_result *result)
{
    const struct write_count write = {
        .outcome = rc == OK       ? WRITE_OK
                   : rc == E_BUSY ? WRITE_REFUSED
                                  : WRITE_FAILED,
        .rows = rc == OK ? result->n_rows : 0,
        .bytes = w->body_bytes,
        .ns = clock_mono_ns() - w->start_ns,
    };
    if (w->counters && rc != E_NOTFOUND) /* the table was dropped meanwhile */
        table_counters_write(w->counters, &write);
}

/* A write_done_fn. `arg` is the struct counted_write; it is freed here. */
static void finish(void *arg, enum code rc, const struct write_result *result,
                   const struct err *err)
{
    struct counted_write *w = arg;
    count(w, rc, result);
    w->done(w->arg, rc, result, err);
    table_counters_unref(w->counters);
    free(w);
}

void service_write(const struct admitted *a, const struct write_request *request)
{
    struct registry *registry = a->service->config.registry;
    struct counted_write *w = mem_zalloc(sizeof(*w));
    struct write_request counted = *request;
    struct err err;
    assert(action_changes(a->action));
    w->counters = has_rows(request->verb) ? registry_table_counters(registry, a->table) : NULL;
    w->body_bytes = request->body.bytes.len;
    w->start_ns = clock_mono_ns();
    w->done = request->done;
    w->arg = request->arg;
    counted.done = finish;
    counted.arg = w;
    enum code rc = registry_write(registry, a->table, &counted, &err);
    if (rc == OK)
        return;
    if (request->body.release)
        request->body.release(request->body.owner);
    finish(w, rc, NULL, &err);
}
