/*
 * The registry: all tables of a process. The service, the command line and the C library are layers
 * on top of it.
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
 * Lock the data directory, remove debris, and serve every table of the config and every created
 * table from its files. A damaged table is no failure (engine/table/damage.h).
 *
 * Fails     E_BUSY if another process uses the directory; E_IO if it cannot be made; E_EXISTS if a
 *           created table has the name of a configured one; as opening a source does.
 */
must_use enum code registry_open(const struct registry_config *config,
                                 struct registry **out_registry, struct err *err);
/* Cancel what runs in the background, wait until it has ended, and free everything. Writes that
 * still wait fail with E_CANCELLED. NULL is fine. */
void registry_close(struct registry *r);

/* Start polling, writing, merging and scrubbing in the background. Each source is polled at
 * once. */
void registry_start(struct registry *r);

/* Poll every source as soon as possible, even if its latest load has just failed. Threads: any. */
void registry_poll_now(struct registry *r);

/* Poll one table on the calling thread and load what is new. For `murr load`; not after
 * registry_start. */
must_use enum code registry_load_now(struct registry *r, struct view table, bool force,
                                     struct err *err);

/*
 * Accept a partition that a guard refused: it is loaded soon. It is named by the fingerprint in the
 * table's status, so that a partition that arrived in the meantime is not accepted by mistake.
 *
 * Threads   any.
 * Fails     E_NOTFOUND if there is no such table, or no such partition was refused.
 */
must_use enum code registry_accept(struct registry *r, struct view table, uint64_t fingerprint,
                                   struct err *err);

/* The snapshot of a table; the caller unrefs it. Fails E_NOTFOUND "Table 'x' not found or not yet
 * loaded". Threads: any. */
must_use enum code registry_snapshot(struct registry *r, struct view table,
                                     struct snapshot **out_snapshot, struct err *err);

/* Fails E_READONLY if the configuration of the table says `writes: false`. OK if there is no such
 * table. Threads: any. */
must_use enum code registry_check_writable(struct registry *r, struct view table, struct err *err);

/* The counters of a table, which the caller unrefs; NULL if there is no such table. Threads:
 * any. */
struct table_counters *registry_table_counters(struct registry *r, struct view table);
/* The counters of all tables, in the order of registry_status. The caller unrefs each and frees the
 * array. Threads: any. */
struct table_counters **registry_counters(struct registry *r, size_t *out_n);

/*
 * Queue a write to a table, or the creation of one. If this returns OK the body is taken over and
 * `done` will be called; otherwise neither happens.
 *
 * Threads   any; does not wait.
 * Fails     E_NOTFOUND if there is no such table; E_BUSY if the queue is full; E_INVALID for
 *           dropping a table with a source; E_IO if the threads for writes could not be started.
 */
must_use enum code registry_write(struct registry *r, struct view table,
                                  const struct write_request *request, struct err *err);

/* The status of every table: those of the config first, in its order, then created ones. All memory
 * is in `arena`. Threads: any. */
const struct table_status *registry_status(struct registry *r, struct arena *arena, size_t *out_n);

#endif
