/* What the background asks of the registry. */
#ifndef MURR_ENGINE_REGISTRY_PRIV_H
#define MURR_ENGINE_REGISTRY_PRIV_H

#include "engine/registry.h"
#include "engine/table/table.h"
#include "engine/write/write_list.h"

/* Call `wants` for each table until it returns true, and return that table; NULL: none. They come in turn: the next
 * search that is given the same `turn` begins behind it. */
typedef bool (*table_wants_fn)(void *arg, struct table *t);
struct table *registry_find(struct registry *r, _Atomic size_t *turn, table_wants_fn wants,
                            void *arg);

/* Create the table that has waited longest; false: none waits. */
bool registry_create_next(struct registry *r);

/* Bytes that writes may still add to the disk. */
uint64_t registry_quota_left(struct registry *r);

/* Carry out a drop that a writer took from the queue of the table, which it holds; ends the request. */
void registry_drop(struct registry *r, struct table *t, struct queued_write *take_drop);

#endif
