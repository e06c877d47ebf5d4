/* The status of a table at one moment: what it serves, and how its polls, loads and writes went. */
#ifndef MURR_ENGINE_SPEC_STATUS_H
#define MURR_ENGINE_SPEC_STATUS_H

#include "engine/spec/progress.h"

#include <stdbool.h>
#include <stdint.h>

/* What is wrong with the files of a table, from harmless to worst (engine/table/damage.h). */
enum damage_kind { DAMAGE_NONE, DAMAGE_OLDER, DAMAGE_ROWS, DAMAGE_REFUSED };

struct scrub_status {
    uint64_t n_bytes;    /* compared with their checksums since the start */
    uint64_t n_runs;     /* complete runs over everything served */
    int64_t ended_at_ms; /* when the latest complete run ended; 0: never */
};

struct write_status {
    uint64_t n_ok, n_failed, n_rows; /* writes since the start, and rows of the good ones */
    uint64_t n_waiting, n_waiting_bytes;
    uint64_t n_merges_ok, n_merges_failed;
};

/* How the served publication was loaded; zeros if that was before the start. */
struct latest_load {
    bool is_loaded;
    bool is_refresh;    /* only what changed was read */
    char why_full[256]; /* why all was read although something was served; "" otherwise */
    uint64_t n_rows_read, n_rows_deleted;
    uint64_t n_files_read, n_files_removed; /* of a refresh; else all files */
    uint64_t read_bytes;
};

struct table_status {
    const char *name;
    const char *source;    /* "local", "s3"; "none" for a table that only has writes */
    const char *partition; /* label of the live generation, "2026-11-22"; "" if there is none */
    bool loaded;
    uint64_t generation;
    uint64_t n_rows;
    uint64_t n_layers;       /* segments on top of the generation, of writes and of refreshes */
    uint64_t n_published;    /* those of refreshes */
    uint64_t disk_bytes;     /* of the live generation's segments and the layers on top */
    uint64_t index_bytes;    /* the pilots and block tables among them */
    uint64_t memory_bytes;   /* of the copy in memory; 0 while the files are mapped */
    int64_t loaded_at_ms;    /* wall clock, as all times below; 0: never */
    int64_t published_at_ms; /* modification time of _SUCCESS, or of the commit; 0: unknown */
    int64_t sequence_number; /* of the publication, if its source counts; else 0 */
    int64_t polled_at_ms;    /* 0: never */
    int64_t source_ok_at_ms; /* when the latest poll that found a partition ended; 0: never */
    int64_t next_poll_at_ms;
    const char *last_error;   /* of the latest poll or load, else the damage; "" without either */
    int64_t last_error_at_ms; /* 0: no error */
    enum damage_kind damage;
    const char *damaged; /* what is damaged, in a sentence; "" if nothing is */
    uint64_t n_damages;  /* found since the start */
    struct scrub_status scrub;
    uint64_t n_loads_ok, n_loads_failed, n_loads_refused;
    uint64_t n_refreshes_ok; /* of n_loads_ok, those that read only what changed */
    struct latest_load latest;
    struct {
        const char *partition, *why; /* "" if no partition is refused */
        uint64_t fingerprint;        /* for registry_accept */
    } refused;                       /* the newest partition that a guard refused */
    uint64_t n_polls_ok, n_polls_failed;
    uint64_t source_read_bytes; /* bytes of objects since the start */
    double load_seconds;        /* duration of the latest good load */
    struct write_status writes;
    struct {
        enum load_state state;
        uint64_t rows_done, rows_total;
        uint64_t bytes_done, bytes_total; /* of the wanted column chunks */
        double elapsed_s, eta_s;          /* eta_s < 0: not known yet */
    } load;
};

/* Whether it serves, and none of the rows that it should serve is known to be damaged. */
static inline bool table_status_is_ready(const struct table_status *t)
{
    return t->loaded && t->damage < DAMAGE_ROWS;
}

#endif
