#include "base/arena.h"

/*
 * Memory comes in chunks, each twice as large as the one before, so that n bytes cost log n calls
 * of malloc. Space that is left in a chunk when the next one begins is wasted. A reset keeps the
 * newest chunk: it is at least as large as all older ones together, so after a few requests an
 * arena serves the next one without calling malloc at all.
 */
static const size_t first_chunk_bytes = 4096;
static const size_t align_bytes = 16;

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of bytes[] */
    _Alignas(16) uint8_t bytes[];
};

void arena_done(struct arena *a)
{
    for (struct arena_chunk *c = a->chunk; c;) {
        struct arena_chunk *older = c->older;
        free(c);
        c = older;
    }
    *a = (struct arena){0};
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = a->chunk; /* chunks double, so the newest is the largest */
    if (keep) {
        struct arena old = {.chunk = keep->older};
        arena_done(&old);
        keep->older = NULL;
    }
    *a = (struct arena){.chunk = keep};
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + align_bytes - 1) & ~(align_bytes - 1);
    if (!a->chunk || a->chunk->size - a->used < size) {
        size_t chunk_size = a->chunk ? a->chunk->size * 2 : first_chunk_bytes;
        if (chunk_size < size)
            chunk_size = size;
        struct arena_chunk *c = mem_alloc(sizeof(*c) + chunk_size);
        *c = (struct arena_chunk){.older = a->chunk, .size = chunk_size};
        a->chunk = c;
        a->used = 0;
    }
    void *ptr = a->chunk->bytes + a->used;
    a->used += size;
    a->total += size;
    return ptr;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

char *arena_strndup(struct arena *a, const void *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (len)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}
