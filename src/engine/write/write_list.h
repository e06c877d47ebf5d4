/* A list of waiting writes, in the order in which they arrived. The caller locks. */
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
    struct err err; /* if rc is not OK */
    bool is_alone;  /* must not share a segment with other writes */
};

/* Zeroed memory is empty. */
struct write_list {
    struct queued_write *first, *last;
    size_t n;
    uint64_t n_bytes; /* of bodies */
};

/* Copies the request and takes over its body. */
void write_list_put(struct write_list *l, const struct write_request *request);

/* Take the first write; NULL if the list is empty. The caller must append it to another list, or
 * end it. */
struct queued_write *write_list_take(struct write_list *l);
void write_list_append(struct write_list *l, struct queued_write *take_write);

/* Append all of `from`, which is empty afterwards. */
void write_list_move(struct write_list *l, struct write_list *from);

/* Release the body, call `done` with the write's rc and err, and free it. */
void queued_write_end(struct queued_write *take_write);

/* End all writes with one outcome. */
void write_list_end(struct write_list *l, enum code rc, const struct err *err);

#endif
