/* A REST catalog of Iceberg, configured by text as a user does, at a scripted server. */
#ifndef MURR_TESTS_CATALOG_WORLD_H
#define MURR_TESTS_CATALOG_WORLD_H

#include "config/config.h"
#include "source/iceberg/catalog.h"

#include "scripted_server.h"

struct catalog_world {
    struct scripted_server *server;
    struct transfer_loop *loop;
    struct config config;
    struct catalog *catalog; /* NULL: none is open */
};

extern struct catalog_world w;

/* Group fixtures: the server, in an empty directory. */
int catalog_world_open(void **state);
int catalog_world_close(void **state);

/* Open the catalog "lake" with these fields besides its uri, each line indented by four. */
void catalog_world_catalog(const char *fields);
/* A teardown: close it. */
int catalog_world_close_catalog(void **state);

#define play(...)                                                                 \
    scripted_server_play(w.server, (const struct scripted_answer[]){__VA_ARGS__}, \
                         sizeof((const struct scripted_answer[]){__VA_ARGS__}) /  \
                             sizeof(struct scripted_answer))
#define assert_asked(text) assert_string_equal(scripted_server_asked(w.server), text)

#endif
