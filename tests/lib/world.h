/*
 * A Murr that lives for one test: a directory, a registry in it, the service over that, and an HTTP
 * server over all. A test takes as many of these storeys as it needs; world_done ends them from the
 * top.
 */
#ifndef MURR_TESTS_WORLD_H
#define MURR_TESTS_WORLD_H

#include "api/http/api.h"
#include "base/mem.h"
#include "engine/registry.h"
#include "http_client.h"
#include "net/http1/server.h"

struct world {
    char *dir;
    struct registry *registry;
    void (*close_registry)(struct registry *r); /* NULL: the registry is the test's own */
    struct service *service;
    struct api *api;
    struct http_server *server;
    struct arena arena; /* of answers */
};

/* The directory alone. */
void world_init(struct world *w);
void world_done(struct world *w);

/* A registry in it, not started; `config` says all but the directory. */
void world_open(struct world *w, const struct registry_config *config);

/* Make a table of `schema`, by a registry that is gone then: so the next one has no threads yet. */
void world_create_table(struct world *w, const struct registry_config *config, const char *table,
                        const struct schema *schema);

/* A service over `registry`, which may be the test's own. */
void world_open_service(struct world *w, struct registry *registry,
                        const struct service_config *config);

/* An HTTP server over the service; `config` says what its limits are. Bodies that go to files lie
 * in the directory. */
void world_serve(struct world *w, const struct api_config *config, size_t upload_memory_bytes);

struct http_answer world_ask(struct world *w, const char *method, const char *path,
                             const char *headers, struct view body);

/* The body of an answer as text. */
#define TEXT(answer) ((const char *)(answer).body.ptr)

#endif
