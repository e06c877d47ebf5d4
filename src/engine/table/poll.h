/* Polling the source of a table: what is there, whether it is to be loaded, when to look again. */
#ifndef MURR_ENGINE_TABLE_POLL_H
#define MURR_ENGINE_TABLE_POLL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct table;
struct load_shares;

struct poll_means {
    struct load_shares *shares;
    bool
        force; /* no guard keeps anything out, and an older partition is taken at once where what serves is gone */
};

/*
 * Look at the source; when it has a new or changed partition, load and serve it. One whose data is bad or that a
 * guard refuses is passed over, and the next one that is newer than what serves is tried. The outcome is kept
 * for table_status and logged. A failure leaves what is served alone.
 *
 * Fails E_REFUSED by a guard, also when another partition was loaded; what discovery and loading fail with.
 */
must_use enum code table_poll(struct table *t, const struct poll_means *means, struct err *err);

/* Let no guard keep out the partition of this fingerprint, and poll soon. Threads: any.
 * Fails E_NOTFOUND where no guard refused such a one. */
must_use enum code table_accept(struct table *t, uint64_t fingerprint, struct err *err);

/* When to poll next: clock_mono_ns. Threads: any. */
uint64_t table_next_poll_ns(struct table *t);

/* Now, and again if a poll is under way. Threads: any. */
void table_poll_soon(struct table *t);

#endif
