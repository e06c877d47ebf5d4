/*
 * The service: all tables of this process, free of any protocol. HTTP, the command line and the C
 * library are thin layers over it.
 */
#ifndef MURR_ENGINE_REGISTRY_H
#define MURR_ENGINE_REGISTRY_H

#include "base/arena.h"
#include "engine/store/snapshot.h"
#include "engine/spec/spec.h"
#include "engine/write/write.h"

struct registry;

struct load_config {
    uint64_t
        memory_bytes; /* what loads may hold in memory together; more goes through spill files */
    unsigned threads; /* that work on loads at a time; 0: one a core */
};

struct write_config {
    uint64_t
        memory_bytes; /* of one group of writes, while it is built; as much again for a merge */
    uint64_t
        queue_bytes; /* of bodies that wait for one table; one that is larger alone is taken, too */
    uint64_t quota_bytes;      /* what writes may take on the disk, in all; 0: what there is */
    enum storage_kind storage; /* of tables that were created */
    unsigned max_tables;       /* with those of the config: no more are created then; 0: no limit */
};

struct registry_config {
    const char *data_dir;
    struct load_config load;
    struct write_config write;
    const struct table_spec *tables; /* borrowed for the life of the registry */
    size_t n_tables;
};

/*
 * Lock the data directory, remove debris, and serve the newest complete generation of every table of the config, and
 * of those that were created.
 * Fails when the directory cannot be made; E_BUSY when it is used by another process. A damaged generation is
 * logged and the one before it serves.
 */
must_use enum code registry_open(const struct registry_config *config,
                                 struct registry **out_registry, struct err *err);
/* Stops what runs in the background, cancels a running load, frees everything. Writes that still wait fail with
 * E_CANCELLED. */
void registry_close(struct registry *r);

/* Start in the background: polling the sources, each table at once and then by its interval; writing; merging. */
void registry_start(struct registry *r);

/* Poll every source as soon as may be, those too whose latest load failed a moment ago. Threads: any. */
void registry_poll_now(struct registry *r);

/* Poll one table in the calling thread and load what is new. For `murr load`; not beside _start. */
must_use enum code registry_load_now(struct registry *r, struct view table, bool force,
                                     struct err *err);

/*
 * Take a partition that a guard refused all the same: it is loaded soon. `fingerprint` is what the status says of it,
 * so that nobody takes another one that came meanwhile.
 *
 * Threads   any.
 * Fails     E_NOTFOUND no such table, or no such partition was refused.
 */
must_use enum code registry_accept(struct registry *r, struct view table, uint64_t fingerprint,
                                   struct err *err);

/* The snapshot of a table; the caller unrefs it. Fails E_NOTFOUND "Table 'x' not found or not yet
 * loaded". Threads: any. */
must_use enum code registry_snapshot(struct registry *r, struct view table,
                                     struct snapshot **out_snapshot, struct err *err);

/*
 * Queue a write of a table, or the creation of one. With OK the body is taken and `done` will be called; otherwise neither.
 *
 * Threads   any; does not wait.
 * Fails     E_NOTFOUND no such table; E_BUSY the queue is full; E_INVALID to drop a table that has a source; E_IO where
 *           there are no threads to write.
 */
must_use enum code registry_write(struct registry *r, struct view table,
                                  const struct write_request *request, struct err *err);

enum load_state { LOAD_IDLE, LOAD_READING, LOAD_BUILDING };

/* What is wrong with the files of a table, the worst last (engine/table/damage.h). */
enum damage_kind { DAMAGE_NONE, DAMAGE_OLDER, DAMAGE_ROWS, DAMAGE_REFUSED };

struct scrub_status {
    uint64_t n_bytes;    /* compared with their checksums, since the start */
    uint64_t n_runs;     /* that went over everything */
    int64_t ended_at_ms; /* the latest of those; 0: never */
};

struct write_status {
    uint64_t n_ok, n_failed, n_rows; /* writes, and rows of those that went well, since the start */
    uint64_t n_waiting, n_waiting_bytes;
    uint64_t n_merges_ok, n_merges_failed;
};

struct table_status {
    const char *name;
    const char *source;    /* "local", "s3"; "none" for a table that is filled by writes alone */
    const char *partition; /* of the live generation, "2026-11-22"; "" when nothing is loaded */
    bool loaded;
    uint64_t generation;
    uint64_t n_rows;
    uint64_t n_layers;       /* segments of writes on top of the generation */
    uint64_t disk_bytes;     /* of the live generation's segments, and of those on top */
    uint64_t index_bytes;    /* pilots and block tables among them */
    uint64_t memory_bytes;   /* of their copy in memory; 0 while they are mapped */
    int64_t loaded_at_ms;    /* wall clock; 0: never */
    int64_t published_at_ms; /* modification time of _SUCCESS; 0: unknown */
    int64_t polled_at_ms;    /* 0: never */
    int64_t source_ok_at_ms; /* when the latest poll that found a partition ended; 0: never */
    int64_t next_poll_at_ms;
    const char *last_error; /* of the latest poll or load, else the damage; "" when there is none */
    int64_t last_error_at_ms; /* 0: no error */
    enum damage_kind damage;
    const char *damaged; /* what is, in a sentence; "" */
    uint64_t n_damages;  /* that were found, since the start */
    struct scrub_status scrub;
    uint64_t n_loads_ok, n_loads_failed, n_loads_refused;
    struct {
        const char *partition, *why; /* "": none is refused */
        uint64_t fingerprint;        /* to name it by (registry_accept) */
    } refused;                       /* the newest partition that a guard keeps out */
    uint64_t n_polls_ok, n_polls_failed;
    uint64_t source_read_bytes; /* of objects, since the start */
    double load_seconds;        /* of the latest load that went well */
    struct write_status writes;
    struct {
        enum load_state state;
        uint64_t rows_done, rows_total;
        uint64_t bytes_done, bytes_total; /* of the wanted column chunks */
        double elapsed_s, eta_s;          /* eta_s < 0: not known yet */
    } load;
};

/* Whether it serves, and nothing that it should serve is known to be damaged. */
static inline bool table_status_is_ready(const struct table_status *t)
{
    return t->loaded && t->damage < DAMAGE_ROWS;
}

/* The state of every table, those of the config first, in its order; strings and array live in `arena`. Threads: any. */
const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n);

#endif
