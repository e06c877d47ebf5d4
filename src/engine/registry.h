/*
 * The service: all tables of this process, free of any protocol. HTTP, the command line and the C
 * library are thin layers over it.
 */
#ifndef MURR_ENGINE_REGISTRY_H
#define MURR_ENGINE_REGISTRY_H

#include "base/arena.h"
#include "engine/store/snapshot.h"
#include "engine/spec/budget.h"
#include "engine/spec/counters.h"
#include "engine/spec/spec.h"
#include "engine/spec/status.h"
#include "engine/write/write.h"

struct registry;

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

/* Fails E_READONLY where the configuration of the table says so; not where there is no such table. Threads: any. */
must_use enum code registry_check_writable(struct registry *r, struct view table, struct err *err);

/* What is counted of a table: a reference of the caller's, or NULL where there is no such table. Threads: any. */
struct table_counters *registry_table_counters(struct registry *r, struct view table);
/* The same of all tables, in the order of registry_status. The caller frees the array. */
struct table_counters **registry_counters(struct registry *r, size_t *out_n);

/*
 * Queue a write of a table, or the creation of one. With OK the body is taken and `done` will be called; otherwise neither.
 *
 * Threads   any; does not wait.
 * Fails     E_NOTFOUND no such table; E_BUSY the queue is full; E_INVALID to drop a table that has a source; E_IO where
 *           there are no threads to write.
 */
must_use enum code registry_write(struct registry *r, struct view table,
                                  const struct write_request *request, struct err *err);

/* The state of every table, those of the config first, in its order; strings and array live in `arena`. Threads: any. */
const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n);

#endif
