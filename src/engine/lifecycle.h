/*
 * The lifecycle of tables without a source. Creations wait in a queue, as writes do, and a writer
 * thread makes the tables. A drop waits in the queue of its table, after the writes that came
 * before it.
 *
 * Threads   any.
 */
#ifndef MURR_ENGINE_LIFECYCLE_H
#define MURR_ENGINE_LIFECYCLE_H

#include "engine/spec/budget.h"
#include "engine/table_set.h"
#include "engine/write/write_list.h"

struct lifecycle {
    struct table_set *tables; /* borrowed, as the next two */
    const char *data_dir;
    const struct write_config *write;
    pthread_mutex_t making; /* held while a table's directory is made, or renamed for a drop */
    pthread_mutex_t lock;   /* guards the list */
    struct write_list waiting;
};

void lifecycle_init(struct lifecycle *l, struct table_set *tables, const char *data_dir,
                    const struct write_config *write);
/* Creations that still wait fail with E_CANCELLED. */
void lifecycle_done(struct lifecycle *l);

/* Queue the creation of a table. Fails E_BUSY if too many wait. */
must_use enum code lifecycle_enqueue(struct lifecycle *l, const struct write_request *request,
                                     struct err *err);

/* Create the table that has waited longest. False if none waits. */
bool lifecycle_create_next(struct lifecycle *l);

/* Drop a table, free it, and end the request. The calling writer holds the table. Waits until its
 * merge and scrub end. */
void lifecycle_drop(struct lifecycle *l, struct table *t, struct queued_write *take_drop);

/* How many bytes writes may still add to the disk (write.quota). Cost: a lock for each table. */
uint64_t lifecycle_quota_left(struct lifecycle *l);

#endif
