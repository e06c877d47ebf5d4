/*
 * The background of a registry: threads that poll sources and load, threads that write, threads
 * that merge, and one that scrubs.
 *
 * At most one thread of each kind works on a table at a time. A load, a write and a merge of one
 * table may run side by side; their commits take turns (engine/table/commit.c).
 */
#ifndef MURR_ENGINE_BACKGROUND_H
#define MURR_ENGINE_BACKGROUND_H

#include "engine/spec/budget.h"

struct background;
struct lifecycle;
struct load_shares;
struct table;
struct table_set;

struct background_config {
    const struct load_config *load;
    const struct write_config *write;
    struct table_set *tables;
    struct lifecycle *lifecycle;
    struct table **sources; /* the tables with a source; they live as long as the registry */
    size_t n_sources;
    struct load_shares *shares;
};

/* Borrows what the config names, until the stop. Threads that the system cannot start are missing,
 * and logged. */
struct background *background_start(const struct background_config *config);

/* Whether there are threads for writing and merging. */
bool background_writes(const struct background *b);

/* There is something new to write or to merge. Threads: any. */
void background_wake(struct background *b);

/* A table's next poll is sooner than it was. Threads: any. */
void background_poll_soon(struct background *b);

/* Stop and join all threads. The caller has cancelled loads, writes and merges (table_cancel), so
 * this does not take long. */
void background_stop(struct background *b); /* NULL is fine */

#endif
