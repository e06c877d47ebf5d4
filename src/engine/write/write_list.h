/* Writes that wait, in the order they came. */
#ifndef MURR_ENGINE_WRITE_WRITE_LIST_H
#define MURR_ENGINE_WRITE_WRITE_LIST_H

#include "engine/write/write.h"

#include <stdbool.h>
#include <stddef.h>

struct queued_write {
    struct queued_write *next;
    struct write_request request;
    struct write_result result;
    enum code rc;
    struct err err; /* where rc is not OK */
    bool is_alone;  /* not to be done together with others */
};

/* Zeroed memory is empty. */
struct write_list {
    struct queued_write *first, *last;
    size_t n;
    uint64_t n_bytes; /* of bodies */
};

/* Copies the request; its body is the list's from now on. */
void write_list_put(struct write_list *l, const struct write_request *request);

/* The first, out of the list; NULL when it is empty. The caller puts it into another, or ends it. */
struct queued_write *write_list_take(struct write_list *l);
void write_list_append(struct write_list *l, struct queued_write *take_write);

/* All of `from` behind what is there. */
void write_list_move(struct write_list *l, struct write_list *from);

/* Release the body, tell the outcome in `rc` and `err`, and free. */
void queued_write_end(struct queued_write *take_write);

/* End all with one outcome. */
void write_list_end(struct write_list *l, enum code rc, const struct err *err);

#endif
