#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static void *or_abort(void *ptr, size_t size)
{
    if (!ptr) {
        fprintf(stderr, "murr: out of memory allocating %zu bytes\n", size);
        abort();
    }
    return ptr;
}

void *mem_alloc(size_t size)
{
    return or_abort(malloc(size ? size : 1), size);
}

void *mem_zalloc(size_t size)
{
    return or_abort(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *ptr, size_t size)
{
    return or_abort(realloc(ptr, size ? size : 1), size);
}

char *mem_strndup(const void *s, size_t len)
{
    char *copy = mem_alloc(len + 1);
    if (len)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

void *mem_try_zalloc(size_t size)
{
    return calloc(1, size ? size : 1);
}
