/*
 * The tables of a process. They are found by name in constant time, whatever their number: names are hashed.
 *
 * Threads   a table that was found stays until the lock is let go. It is shared to find a table, and held alone while one
 *           comes or goes.
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
    struct table **tables; /* in the order in which they came */
    size_t n;
    struct table_slot
        *slots; /* open addressing; as many as a power of two, at least twice n; or NULL */
    size_t n_slots;
};

void table_set_init(struct table_set *s);
void table_set_done(struct table_set *s); /* the tables are the caller's */

/* Takes the lock alone. No table of that name is there. */
void table_set_add(struct table_set *s, struct table *t);
/* Takes the lock alone. */
void table_set_remove(struct table_set *s, const struct table *t);

/* Hold the tables as they are. */
void table_set_lock(struct table_set *s);
void table_set_unlock(struct table_set *s);

/* With the lock held; NULL: there is none. */
struct table *table_set_find(const struct table_set *s, struct view name);

/*
 * Takes the lock: call `wants` for each table until it returns true, and return that table; NULL: none. They come in
 * turn: the next search that is given the same `turn` begins behind it.
 */
typedef bool (*table_wants_fn)(void *arg, struct table *t);
struct table *table_set_next(struct table_set *s, _Atomic size_t *turn, table_wants_fn wants,
                             void *arg);

#endif
