/* The settings, as the program uses them. config/sections.c and config/table.c define how they are
 * written. */
#ifndef MURR_CONFIG_SETTINGS_H
#define MURR_CONFIG_SETTINGS_H

#include "base/log.h"
#include "engine/spec/budget.h"
#include "engine/spec/spec.h"

struct server_config {
    char *host;
    char *data_dir;
    unsigned port;       /* 0: any free one */
    unsigned admin_port; /* 0: off */
    unsigned threads;    /* 0: one a core */
    uint64_t max_body_bytes;
    uint64_t max_write_bytes;
    uint64_t max_upload_bytes;    /* of all bodies that lie in files */
    uint64_t upload_memory_bytes; /* a longer body goes to a file */
    uint64_t max_answer_bytes;    /* of answers that clients have not read */
    uint64_t max_keys;            /* of one fetch */
    uint64_t max_columns;         /* of one fetch */
    unsigned max_connections;
    int64_t request_timeout_ms; /* to send a request whole */
    int64_t idle_timeout_ms;    /* between two requests on one connection */
    char *allowed_hosts;        /* names of Host headers, "a,b" */
    char *cors_origins;         /* origins of web pages, "a,b" */
    bool read_only;
    int64_t drain_delay_ms; /* between failing readiness and refusing connections */
};

struct log_config {
    enum log_level level;
    enum log_format format;
};

struct config {
    struct server_config server;
    struct log_config log;
    struct load_config load;
    struct write_config write;
    struct catalog_spec *catalogs; /* in the order written; tables borrow them */
    size_t n_catalogs;
    struct table_spec *tables; /* in the order written */
    size_t n_tables;
};

#endif
