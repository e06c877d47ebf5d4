/*
 * The configuration: a YAML file, overridden by MURR_ variables, overridden by --set flags. Strict:
 * whatever is not understood is an error that names where it was written and what was meant.
 * docs/configuration.md describes every field for users.
 */
#ifndef MURR_CONFIG_CONFIG_H
#define MURR_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/log.h"
#include "engine/registry.h"
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
    struct table_spec *tables; /* in the order written */
    size_t n_tables;
};

/*
 * Read file, variables and flags, and fill every field. `path` NULL: no file. `env` is like
 * environ; of it only MURR_ names count, and those that match no field are an error, but for
 * MURR_CONFIG and MURR_TEST_*. `sets` are the arguments of --set: "server.port=9090".
 *
 * Fails E_INVALID "murr.yml:7: tables.user_features.poll_intervall: unknown field; did you mean
 * 'poll_interval'?"; E_NOTFOUND or E_IO where the file cannot be read. `out_config` is then zeroed.
 */
must_use enum code config_load(const char *path, const char *const *env, const char *const *sets,
                               size_t n_sets, struct config *out_config, struct err *err);
void config_done(struct config *config);

/* Append the effective configuration as YAML that config_load reads back to the same, but for secrets, which
 * are masked. */
void config_print(const struct config *config, struct buf *out);

#endif
