/*
 * A bump allocator: everything that must live until one point in time (a request answered, a footer
 * dropped) is taken from it and freed by one call. Zeroed memory is a valid, empty arena.
 *
 * Threads   one at a time.
 */
#ifndef MURR_BASE_ARENA_H
#define MURR_BASE_ARENA_H

#include "base/mem.h"
#include "base/view.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest; it links to the older ones */
    size_t used;               /* bytes handed out of the newest chunk */
    size_t total;              /* bytes handed out in total; limits are checked against it */
};

void arena_done(struct arena *a);

/* Forget everything, but keep the largest chunk for the next round. */
void arena_reset(struct arena *a);

/* 16-byte aligned, uninitialised. Never NULL. */
MUST_ALLOC void *arena_alloc(struct arena *a, size_t size);
MUST_ALLOC void *arena_zalloc(struct arena *a, size_t size);
/* A NUL-terminated copy. */
MUST_ALLOC char *arena_strndup(struct arena *a, const void *s, size_t len);

#endif
