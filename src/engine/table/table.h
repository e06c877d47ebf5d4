/*
 * A table as others see it: what it serves, and how it is. restore.h opens one, create.h makes one, poll.h loads it,
 * write_queue.h writes to it; state.h is what they share.
 *
 * Threads   table_snapshot and table_status from any; the rest from one thread at a time.
 */
#ifndef MURR_ENGINE_TABLE_TABLE_H
#define MURR_ENGINE_TABLE_TABLE_H

#include "base/arena.h"
#include "engine/spec/counters.h"
#include "engine/spec/status.h"
#include "engine/store/snapshot.h"

struct table;

void table_close(struct table *t); /* NULL is fine */

const char *table_name(const struct table *t);
bool table_has_source(const struct table *t);
/* As the configuration says; one that was created does. */
bool table_takes_writes(const struct table *t);
/* A reference of the caller's. Threads: any. */
struct table_counters *table_counters_of(struct table *t);

/* From the next poll on, keep what is served as the configuration says (`storage`); until then, and for
 * good where this is not called, it is mapped. */
void table_start_serving(struct table *t);

/* Make a running load end soon with E_CANCELLED. Threads: any. */
void table_cancel(struct table *t);

/* Fails E_NOTFOUND while there is no generation. The caller unrefs. */
must_use enum code table_snapshot(struct table *t, struct snapshot **out_snapshot, struct err *err);

/* Bytes on the disk that came by writes. Threads: any. */
uint64_t table_written_bytes(struct table *t);

void table_status(struct table *t, struct arena *arena, struct table_status *out);

#endif
