/*
 * Mapped files that turn out to be unreadable, because someone truncated them or the disk fails.
 * The kernel answers a read of such a page with SIGBUS, which ends the process. After fault_catch,
 * the page is replaced by zeros instead, the mapping is marked, and the read continues; its result
 * must not be used.
 *
 * How a reader finds out, without a lock:
 *     1. The handler sets the mapping's `hit`, then counts, then replaces the page.
 *     2. A reader takes fault_count() before it looks at any `hit`, and again when it is done. If
 *        the two differ, it may have read zeros, and reads again. If they are the same, what it
 *        read was in the file.
 */
#ifndef MURR_BASE_FAULT_H
#define MURR_BASE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Catch SIGBUS for the whole process. Only for programs: a library leaves signals alone. */
void fault_catch(void);

/* Watch a mapping: `hit` is set when some page of it could not be read. Threads: any; readers take
 * no lock. */
void fault_watch_add(const uint8_t *start, size_t len, _Atomic bool *hit);
void fault_watch_remove(const uint8_t *start); /* before the mapping is removed */

/* Pages that could not be read, in all watched mappings. */
uint64_t fault_count(void);

#endif
