#include "service/service.h"

#include "base/mem.h"
#include "engine/store/snapshot.h"
#include "engine/registry.h"
#include "service/service_priv.h"

struct service *service_new(const struct service_config *config)
{
    static const uint64_t keys_bounds[] = {1, 10, 50, 100, 250, 500, 1000, 2500, 10000, 100000};
    struct service *s = mem_zalloc(sizeof(*s));
    s->config = *config;
    s->metrics = metrics_new();
    s->read_keys = metrics_histogram(s->metrics, "murr_fetch_keys", "Keys of a fetch.", "",
                                     keys_bounds, sizeof(keys_bounds) / sizeof(keys_bounds[0]), 1);
    s->answer_bytes = metrics_counter(s->metrics, "murr_fetch_response_bytes_total",
                                      "Bytes of the answers to fetches.", "");
    return s;
}

void service_free(struct service *s)
{
    if (!s)
        return;
    metrics_free(s->metrics);
    free(s);
}

bool service_is_read_only(const struct service *s)
{
    return s->config.read_only;
}

void service_set_draining(struct service *s)
{
    atomic_store(&s->is_draining, true);
}

bool service_is_draining(const struct service *s)
{
    return atomic_load(&s->is_draining);
}

void service_enter(struct service *s)
{
    atomic_fetch_add_explicit(&s->n_in_flight, 1, memory_order_relaxed);
}

void service_leave(struct service *s)
{
    atomic_fetch_sub_explicit(&s->n_in_flight, 1, memory_order_relaxed);
}

unsigned service_in_flight(const struct service *s)
{
    return atomic_load_explicit(&s->n_in_flight, memory_order_relaxed);
}

enum code service_admit(struct service *s, enum service_action action, struct view table,
                        struct admitted *out, struct err *err)
{
    if (action_changes(action) && s->config.read_only)
        return err_set(err, E_READONLY, "the server is read-only (server.read_only)");
    if (action_changes(action))
        TRY(registry_check_writable(s->config.registry, table, err));
    *out = (struct admitted){s, action, table};
    return OK;
}

enum code service_schema(const struct admitted *a, struct snapshot **out_snapshot, struct err *err)
{
    return registry_snapshot(a->service->config.registry, a->table, out_snapshot, err);
}

const struct table_status *service_status(const struct admitted *a, struct arena *arena,
                                          size_t *out_n)
{
    return registry_status(a->service->config.registry, arena, out_n);
}

enum code service_accept(const struct admitted *a, uint64_t fingerprint, struct err *err)
{
    return registry_accept(a->service->config.registry, a->table, fingerprint, err);
}

void service_list(const struct admitted *a, struct arena *arena, struct table_list *out)
{
    size_t n;
    const struct table_status *all = service_status(a, arena, &n);
    *out = (struct table_list){.tables = arena_alloc(arena, n * sizeof(*out->tables)),
                               .held = arena_alloc(arena, n * sizeof(struct snapshot *))};
    for (size_t i = 0; i < n; i++) {
        struct snapshot *s;
        if (registry_snapshot(a->service->config.registry, view_cstr(all[i].name), &s, NULL))
            continue;
        out->held[out->n] = s;
        out->tables[out->n++] = (struct listed_table){all[i].name, snapshot_schema(s)};
    }
}

void table_list_done(struct table_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        snapshot_unref(list->held[i]);
    *list = (struct table_list){0};
}

void service_put_metrics(const struct admitted *a, struct buf *out, enum metrics_format format)
{
    size_t n;
    metrics_put(out, a->service->metrics, format);
    AUTO(ptr) struct table_counters **tables = registry_counters(a->service->config.registry, &n);
    AUTO(ptr) const struct metrics **sets = mem_alloc((n + 1) * sizeof(*sets));
    for (size_t i = 0; i < n; i++)
        sets[i] = tables[i]->metrics;
    metrics_put_sets(out, sets, n, format);
    for (size_t i = 0; i < n; i++)
        table_counters_unref(tables[i]);
}
