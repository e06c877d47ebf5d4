/*
 * What a registry does besides answering: some threads poll the sources and load, some write, some merge.
 *
 * A table is in the hands of at most one of each kind at a time. Loads, writes and merges of one table may run side
 * by side; they meet in table/commit.c.
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
    struct table **sources; /* the tables that have one; they stay as long as the registry */
    size_t n_sources;
    struct load_shares *shares;
};

/* Borrows what the config names. */
struct background *background_start(const struct background_config *config);

/* Whether it has the threads for writing and merging: the system may have none left. */
bool background_writes(const struct background *b);

/* There is something new to write or to merge, or to be polled sooner. Threads: any. */
void background_wake(struct background *b);

/* A table is to be polled sooner than it was. */
void background_poll_soon(struct background *b);

/* Loads and merges that run have been called off; the rest ends first. */
void background_stop(struct background *b); /* NULL is fine */

#endif
