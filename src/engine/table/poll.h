/* Polling the source of a table: which partition it has, whether to load it, and when to look
 * again. */
#ifndef MURR_ENGINE_TABLE_POLL_H
#define MURR_ENGINE_TABLE_POLL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct table;
struct load_shares;

struct poll_means {
    struct load_shares *shares;
    /* Skip the guards; and if the served partition is gone, load an older one at once. */
    bool force;
};

/*
 * Look at the source; if it has a new or changed partition, load it and serve it. A partition whose
 * data is bad, or that a guard refuses, is passed over, and the next one newer than the served one
 * is tried. The outcome is logged and kept for table_status. If the poll fails, the table keeps
 * serving what it served.
 *
 * Threads   one poller at a time for a table.
 * Fails     E_REFUSED if a guard refused the newest partition, even if another was loaded; as
 *           discovery and loading do.
 */
must_use enum code table_poll(struct table *t, const struct poll_means *means, struct err *err);

/* Skip the guards for the partition with this fingerprint, and poll soon. Threads: any. Fails
 * E_NOTFOUND if no guard has refused that partition. */
must_use enum code table_accept(struct table *t, uint64_t fingerprint, struct err *err);

/* When to poll next, by clock_mono_ns. Threads: any. */
uint64_t table_next_poll_ns(struct table *t);

/* Poll now; if a poll is under way, once more after it. Threads: any. */
void table_poll_soon(struct table *t);

#endif
