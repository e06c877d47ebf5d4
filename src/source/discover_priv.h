/* What discovery and its explanations share. */
#ifndef MURR_SOURCE_DISCOVER_PRIV_H
#define MURR_SOURCE_DISCOVER_PRIV_H

#include "source/discover.h"

/* "00/" to "23/". */
bool discover_is_hour(const char *folder);

/* The day of "dt=2026-11-22/", whatever the name in front; PARTITION_NO_DAY. */
int32_t discover_hive_day(const char *folder);

/* Whether a path has a part that is ".." or ".", or an empty one. */
bool discover_climbs(struct view path);

/* Why nothing can be taken: what is there, and what kind of partitions that would be. `lacks` is what the newest
 * folder lacks, or "". Returns E_NOTFOUND, E_UNSUPPORTED, or what listing fails with. */
enum code discover_explain(const struct discovery *d, const struct object_list *root,
                           const char *lacks, const struct remote_op *op, struct err *err);

#endif
