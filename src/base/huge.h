/*
 * Memory for whole tables: anonymous, in 2 MiB pages where the kernel gives them (MADV_HUGEPAGE).
 * Random reads of a large table in 4 KiB pages cost a page walk each, which is a third of the read.
 */
#ifndef MURR_BASE_HUGE_H
#define MURR_BASE_HUGE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Zeroed means: nothing. */
struct huge_memory {
    uint8_t *ptr; /* aligned to 2 MiB; zeros */
    size_t len;
};

/*
 * Fails E_NOMEM, also when this process cannot take so much without being killed for it: the least
 * of what the machine has available and what its cgroups leave, both counting page cache as free.
 */
must_use enum code huge_memory_init(struct huge_memory *m, size_t len, struct err *err);
void huge_memory_done(struct huge_memory *m);

#endif
