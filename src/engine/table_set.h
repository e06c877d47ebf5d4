/*
 * The set of tables of a process, found by the hash of their name in constant time.
 *
 * Threads   a table that was found exists until the lock is released. Finding takes the lock
 *           shared; adding and removing take it alone.
 */
#ifndef MURR_ENGINE_TABLE_SET_H
#define MURR_ENGINE_TABLE_SET_H

#include "base/view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct table;

struct table_set {
    pthread_rwlock_t lock; /* guards the rest */
    struct table **tables; /* in the order in which they were added */
    size_t n;
    struct table_slot *slots; /* open addressing; NULL until the first table */
    size_t n_slots;           /* a power of two, at least 2 n */
};

void table_set_init(struct table_set *s);
void table_set_done(struct table_set *s); /* the tables are the caller's */

/* Takes the lock alone. There must be no table of that name. */
void table_set_add(struct table_set *s, struct table *t);
/* Takes the lock alone. */
void table_set_remove(struct table_set *s, const struct table *t);

/* Take the lock shared: no table is added or removed meanwhile. */
void table_set_lock(struct table_set *s);
void table_set_unlock(struct table_set *s);

/* NULL if there is none. The lock is held. */
struct table *table_set_find(const struct table_set *s, struct view name);

/*
 * Call `wants` for each table until it returns true, and return that table; NULL if it never does.
 * The next search with the same `turn` begins with the table after it. Takes the lock shared, so
 * `wants` must be quick.
 */
typedef bool (*table_wants_fn)(void *arg, struct table *t);
struct table *table_set_next(struct table_set *s, _Atomic size_t *turn, table_wants_fn wants,
                             void *arg);

#endif
