/*
 * How tables without a source come and go. Creations wait in a queue, as writes do, and a writer thread makes the tables;
 * a drop goes through the queue of its table, behind the writes that came before it.
 *
 * Threads   any.
 */
#ifndef MURR_ENGINE_LIFECYCLE_H
#define MURR_ENGINE_LIFECYCLE_H

#include "engine/spec/budget.h"
#include "engine/table_set.h"
#include "engine/write/write_list.h"

struct lifecycle {
    struct table_set *tables; /* these four are borrowed, and stay */
    const char *data_dir;
    const struct write_config *write;
    pthread_mutex_t making; /* one at a time: a directory of that name may be on its way out */
    pthread_mutex_t lock;   /* guards the list */
    struct write_list waiting;
};

void lifecycle_init(struct lifecycle *l, struct table_set *tables, const char *data_dir,
                    const struct write_config *write);
/* Creations that still wait fail with E_CANCELLED. */
void lifecycle_done(struct lifecycle *l);

/* Queue the creation of a table. Fails E_BUSY where too many wait. */
must_use enum code lifecycle_enqueue(struct lifecycle *l, const struct write_request *request,
                                     struct err *err);

/* Create the table that has waited longest; false: none waits. */
bool lifecycle_create_next(struct lifecycle *l);

/* Carry out a drop that a writer took from the queue of the table, which it holds; ends the request. */
void lifecycle_drop(struct lifecycle *l, struct table *t, struct queued_write *take_drop);

/* Bytes that writes may still add to the disk. */
uint64_t lifecycle_quota_left(struct lifecycle *l);

#endif
