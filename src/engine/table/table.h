/*
 * A table: its configuration, its generations on disk, the snapshot it serves, and what became of its
 * polls and loads.
 *
 * Threads   table_snapshot and table_status from any; the rest from one thread at a time.
 */
#ifndef MURR_ENGINE_TABLE_TABLE_H
#define MURR_ENGINE_TABLE_TABLE_H

#include "base/file.h"
#include "base/pool.h"
#include "engine/registry.h"
#include "remote/transfer.h"

struct table;

/*
 * Remove debris and serve the newest complete generation, if there is one. A damaged generation is
 * logged and the one before it is taken.
 *
 * Borrows   spec, loop.
 * Fails     E_IO when the table's directory cannot be made or read.
 */
must_use enum code table_open(const struct table_spec *spec, const char *data_dir,
                              struct transfer_loop *loop, struct table **out_table,
                              struct err *err);
void table_close(struct table *t);

/*
 * Make a table without a source: its directory, an empty first generation, a manifest. On disk when this returns.
 * `storage` is how it will be kept.
 *
 * Fails E_EXISTS where the data directory has such a table; E_INVALID for a schema that it cannot have.
 */
must_use enum code table_create(struct view name, const struct schema *schema,
                                enum storage_kind storage, const char *data_dir,
                                struct table **out_table, struct err *err);

/* Whether a directory of the data directory is a table that was created so, and such a table opened. */
bool table_is_created(const char *data_dir, const char *name);
must_use enum code table_open_created(const char *name, enum storage_kind storage,
                                      const char *data_dir, struct table **out_table,
                                      struct err *err);

/* Give the files of a table another name, which no table has: a crash leaves all or nothing of it, and what is there
 * under that name is removed at the next start. */
must_use enum code table_put_aside(const struct table *t, const char *data_dir,
                                   char aside[static PATH_CAP], struct err *err);
/* What removals left behind. */
must_use enum code table_remove_debris(const char *data_dir, struct err *err);

const char *table_name(const struct table *t);
bool table_has_source(const struct table *t);

struct load_shares;

struct poll_means {
    struct load_shares *shares;
    bool
        force; /* no guard keeps anything out, and an older partition is taken at once where what serves is gone */
};

/*
 * Look at the source; when it has a new or changed partition, load and serve it. One whose data is bad or that a
 * guard refuses is passed over, and the next one that is newer than what serves is tried. The outcome is kept
 * for table_status and logged. A failure leaves what is served alone.
 *
 * Fails E_REFUSED by a guard, also when another partition was loaded; what discovery and loading fail with.
 */
must_use enum code table_poll(struct table *t, const struct poll_means *means, struct err *err);

/* Let no guard keep out the partition of this fingerprint, and poll soon. Threads: any.
 * Fails E_NOTFOUND where no guard refused such a one. */
must_use enum code table_accept(struct table *t, uint64_t fingerprint, struct err *err);

/* From the next poll on, keep what is served as the configuration says (`storage`); until then, and for
 * good where this is not called, it is mapped. */
void table_start_serving(struct table *t);

/* When to poll next: clock_mono_ns. Threads: any. */
uint64_t table_next_poll_ns(struct table *t);

/* Now, and again if a poll is under way. Threads: any. */
void table_poll_soon(struct table *t);

/* Make a running load end soon with E_CANCELLED. Threads: any. */
void table_cancel(struct table *t);

/* Fails E_NOTFOUND while there is no generation. The caller unrefs. */
must_use enum code table_snapshot(struct table *t, struct snapshot **out_snapshot, struct err *err);

/* Bytes on the disk that came by writes. Threads: any. */
uint64_t table_written_bytes(struct table *t);

void table_status(struct table *t, struct arena *arena, struct table_status *out);

#endif
