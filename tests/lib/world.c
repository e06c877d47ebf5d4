#include "world.h"

#include "sample_rows.h"
#include "test.h"

#include <stdlib.h>

void world_init(struct world *w)
{
    *w = (struct world){.dir = temp_dir_new()};
}

void world_done(struct world *w)
{
    http_server_close(w->server);
    if (w->close_registry)
        w->close_registry(w->registry);
    api_free(w->api);
    service_free(w->service);
    arena_done(&w->arena);
    temp_dir_done(&w->dir);
    *w = (struct world){0};
}

void world_open_service(struct world *w, struct registry *registry,
                        const struct service_config *config)
{
    struct service_config own = *config;
    own.registry = registry;
    w->service = service_new(&own);
}

void world_serve(struct world *w, const struct api_config *config, size_t upload_memory_bytes)
{
    struct api_config own = *config;
    struct err err;
    own.service = w->service;
    own.version = own.version ? own.version : "1";
    own.host = own.allowed_hosts = own.cors_origins = "";
    w->api = api_new(&own);
    const struct http_config http = {.host = "127.0.0.1",
                                     .threads = 2,
                                     .rule = api_rule,
                                     .refuse = api_refuse,
                                     .upload_dir = w->dir,
                                     .max_upload_bytes = 2 << 20,
                                     .upload_memory_bytes = upload_memory_bytes,
                                     .max_answer_bytes = 1 << 30,
                                     .max_connections = 20,
                                     .max_upload_files = 100,
                                     .timeout_ms = 5000,
                                     .idle_timeout_ms = 5000};
    assert_ok(http_server_open(&http, api_handle, w->api, &w->server, &err));
}

struct http_answer world_ask(struct world *w, const char *method, const char *path,
                             const char *headers, struct view body)
{
    return http_ask(http_server_port(w->server), method, path, headers, body, &w->arena);
}
