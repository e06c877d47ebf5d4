/*
 * Memory. Small allocations abort when memory is exhausted, which removes a whole class of untested
 * paths. A size that comes from input is checked against a configured limit first; allocations the
 * size of a table use mem_try.
 */
#ifndef MURR_BASE_MEM_H
#define MURR_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#define MUST_ALLOC __attribute__((returns_nonnull, warn_unused_result))

MUST_ALLOC void *mem_alloc(size_t size);
MUST_ALLOC void *mem_zalloc(size_t size);
MUST_ALLOC void *mem_realloc(void *ptr, size_t size);
MUST_ALLOC char *mem_strdup(const char *s);
/* A NUL-terminated copy of `len` bytes. */
MUST_ALLOC char *mem_strndup(const void *s, size_t len);

/* For sizes of tables: NULL when there is no memory. Zeroed memory. */
void *mem_try_zalloc(size_t size);

/* Scope-bound scratch: AUTO(buf) struct buf b = {0};  calls buf_done(&b) when the scope ends. */
#define AUTO(noun) __attribute__((cleanup(noun##_done)))

/* AUTO(ptr) char *p = ...;  frees p. */
static inline void ptr_done(void *p)
{
    free(*(void **)p);
}

#endif
